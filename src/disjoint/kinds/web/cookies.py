"""What a Set-Cookie line makes a browser keep, and for whom (RFC 6265 §5.2 and §5.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from disjoint.model.host import Host
from disjoint.model.names import readable

Suffix = Callable[[str], bool]
"""True for a domain under which strangers register names: no cookie may cover it."""


class Cookie(NamedTuple):
    """A cookie that a browser keeps."""

    name: str
    """For people; a name that reads as no name is left out."""
    domain: str
    """The host that gets it, and every host below it unless it is host-only."""
    host_only: bool
    edge: bool
    """Set by a CDN or firewall in front, for its own use: it carries no session of the application."""


_EDGES = re.compile(
    r"__cf_?[a-z]+|_cfuvid|cf_(?:clearance|use_ob|ob_info|chl_[a-z_0-9]+)|AWSALB[A-Z]*|ARRAffinity[A-Za-z]*|incap_ses_.*|visid_incap_.*|nlbi_.*"
    r"|ak_bmsc|bm_(?:sz|sv|mi|so|lso|s|ss)|_abck|datadome|TS[0-9a-f]{6,8}|_px[a-z0-9]*|__ddg[0-9a-z_]*"
)
_LONGEST = 8192
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_cookie(line: str, host: Host, is_suffix: Suffix, now: datetime) -> Cookie | None:
    """The cookie that a browser keeps after `host` sent this line; None where it keeps none. Never raises."""
    pair, _, rest = line[:_LONGEST].partition(";")
    name, equals, _ = pair.partition("=")
    stated = _attributes(rest)
    domain = stated.get("domain", "").lower().removeprefix(".")
    if not (name.strip() or equals) or _ended(stated, now) or _refused(name.strip(), domain):
        return None
    shown, edge = _shown(name.strip()), _EDGES.fullmatch(name.strip()) is not None
    if not domain or (domain == host.name and (host.numeric or is_suffix(domain))):
        return Cookie(shown, host.name, True, edge)
    if not _within(host, domain) or is_suffix(domain):
        return None
    return Cookie(shown, domain, False, edge)


def covers(cookie: Cookie, host: Host) -> bool:
    """Is the cookie sent to a host? Ports and schemes part no cookies."""
    return host.name == cookie.domain or (not cookie.host_only and _within(host, cookie.domain))


def _within(host: Host, domain: str) -> bool:
    return host.name == domain or (not host.numeric and host.name.endswith(f".{domain}"))


def _attributes(rest: str) -> Mapping[str, str]:
    """The last of each name counts; an empty Domain counts for nothing."""
    pairs = (part.partition("=") for part in rest.split(";"))
    stated = ((name.strip().lower(), value.strip()) for name, _, value in pairs)
    return {name: value for name, value in stated if name != "domain" or value}


def _refused(name: str, domain: str) -> bool:
    """``__Host-`` promises that no domain is named: a browser refuses one that breaks it."""
    return name.lower().startswith("__host-") and bool(domain)


def _ended(stated: Mapping[str, str], now: datetime) -> bool:
    """A line that takes a cookie away: Max-Age goes before Expires."""
    age = stated.get("max-age", "")
    if re.fullmatch(r"-?[0-9]{1,20}", age):
        return int(age) <= 0
    ends = _date(stated.get("expires", ""))
    return ends is not None and ends <= now


def _date(text: str) -> datetime | None:
    """RFC 6265 §5.1.1, whatever the order; None where no date is meant."""
    clock = re.search(r"\b(\d{1,2}):(\d{1,2}):(\d{1,2})\b", text)
    month = next((n for n, word in enumerate(_MONTHS, 1) if word in text.lower()), 0)
    numbers = re.findall(r"(?<![\d:])\d{1,4}(?![\d:])", text)
    if clock is None or not month or len(numbers) < 2:
        return None
    day, year = (int(number) for number in numbers[:2])
    try:
        return datetime(_century(year), month, day, int(clock[1]), int(clock[2]), int(clock[3]), tzinfo=UTC)
    except ValueError:
        return None


def _century(year: int) -> int:
    return year + (2000 if year < 70 else 1900) if year < 100 else year


def _shown(name: str) -> str:
    return name if readable(name.lstrip("_")) else "a cookie"
