"""Read a service's pages: each hop on its own host, and none away from it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from disjoint.model.host import Host, printable
from disjoint.model.probe import HttpAnswer, HttpRequest, Probe, ProbeError

from .address import WebAddress
from .cookies import Cookie, read_cookie
from .facts import Hop
from .locate import Spot, declared_at, own, resolve
from .markup import read_markup, refresh_of
from .suffixes import is_suffix

PAGE_OCTETS = 1 << 20
_HOPS = 5
_ASKED_OVER = {"http": "http", "ws": "http"}


class Page(NamedTuple):
    """One page, asked for and answered."""

    spot: Spot
    answer: HttpAnswer


class Walk(NamedTuple):
    """The pages that were read, and where each declared path ended: at a page, or on the way elsewhere."""

    pages: tuple[Page, ...]
    ends: Mapping[str, Page | Hop]

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The ways that lead away from its own host."""
        return tuple(end for end in self.ends.values() if isinstance(end, Hop))


def walk(address: WebAddress, paths: tuple[str, ...], probe: Probe) -> Walk:
    """Ask for `/` and every declared page.

    Raises:
        ProbeError: a page did not answer, or led on without end.
    """
    pages = dict[Spot, Page]()
    ends = {path: _end(path, address, probe, pages) for path in ("/", *paths)}
    return Walk(tuple(pages.values()), ends)


def _end(path: str, home: WebAddress, probe: Probe, pages: dict[Spot, Page]) -> Page | Hop:
    if (spot := declared_at(home, path)) is None:
        raise ProbeError(f"{printable(path)} is no path of this service", 'declare pages = ["/login"]')
    for _ in range(_HOPS):
        page = pages[spot] = pages.get(spot) or Page(spot, ask(spot, probe, accept=_AS_A_BROWSER))
        match way_out(page):
            case None:
                return _arrived(path, page)
            case how, to if own(home, to.address):
                spot = to
            case how, to:
                return Hop(path, how, to.address, digest_of(to.address, probe))
    raise ProbeError(f"{path} is redirected more than {_HOPS} times on its own host", _ENDLESS)


def _arrived(path: str, page: Page) -> Page:
    """A service need not have a front page, nor show it to strangers; a declared page must answer."""
    status = page.answer.status
    if status >= 500 or status == 429 or (status >= 400 and path != "/"):
        raise ProbeError(f"{path} answers {status}", _SHOWN)
    return page


_SHOWN = "declare pages that answer 200 to a stranger"
_AS_A_BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
_ENDLESS = "let the page answer by itself, or declare the pages that do"


def led_away(path: str, page: Page, probe: Probe) -> tuple[Hop, ...]:
    """Where one answer alone sends its reader on another host."""
    match way_out(page):
        case how, to if not own(page.spot.address, to.address):
            return (Hop(path, how, to.address, digest_of(to.address, probe)),)
        case _:
            return ()


def ask(spot: Spot, probe: Probe, octets: int = PAGE_OCTETS, accept: str = "*/*") -> HttpAnswer:
    """One GET of a page, or of what a page loads.

    Raises:
        ProbeError: nobody answered, or not wholly and plainly.
    """
    return probe.exchange(HttpRequest("GET", url_of(spot), {"Accept": accept}, octets))


def url_of(spot: Spot) -> str:
    """How a page is asked for: clear text only where the address says so, https for all else."""
    scheme = _ASKED_OVER.get(spot.address.scheme, "https")
    path = "".join(c if "!" <= c <= "~" else "" for c in spot.path)  # a request line takes printable ASCII
    return f"{scheme}://{spot.address.where.shown}:{spot.address.port}/{path.removeprefix('/')}"


def way_out(page: Page) -> tuple[str, Spot] | None:
    """Where the answer sends its reader, and by what."""
    headers, status = page.answer.headers, page.answer.status
    if 300 <= status < 400 and (location := headers.get("location")):
        return _to(page, "Location", _as_sent(location))
    if reference := refresh_of(_as_sent(headers.get("refresh", ""))):
        return _to(page, "Refresh", reference)
    if is_html(page.answer):
        markup = read_markup(text_of(page.answer))
        if markup.refresh:
            return _to(page, "meta refresh", markup.refresh[0])
    return None


def _as_sent(header: str) -> str:
    """A header's text: the client read its octets as Latin-1, a browser reads them as UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _to(page: Page, how: str, reference: str) -> tuple[str, Spot] | None:
    to = resolve(page.spot, reference)
    return None if to is None or to == page.spot else (how, to)


def is_html(answer: HttpAnswer) -> bool:
    """True where a browser shows the answer as a page; without a type it guesses."""
    kind = answer.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/xhtml+xml", ""}


def text_of(answer: HttpAnswer) -> str:
    """The body as text, UTF-16 where it says so; what is no UTF-8 keeps its ASCII."""
    wide = answer.body[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    named = re.search(
        r"charset\s*=\s*[\"']?(utf-16(?:[lb]e)?)\b", answer.headers.get("content-type", "").lower()
    )
    return answer.body.decode("utf-16" if wide else named[1] if named else "utf-8", "replace")


def digest_of(address: WebAddress, probe: Probe) -> str:
    """The mark of a place on the network; empty where the name means none to strangers."""
    if address.fault or address.doubt or address.where.relative or not address.host:
        return ""
    return mark_digest(address.host, probe)


def mark_digest(mark: str, probe: Probe) -> str:
    """The digest of a host; empty for none."""
    return probe.digest("host", mark) if mark else ""


def cookies_of(answers: tuple[HttpAnswer, ...], host: Host) -> tuple[Cookie, ...]:
    """What a browser keeps of every answer, each cookie once."""
    now = datetime.now(UTC)
    read = (read_cookie(line, host, is_suffix, now) for answer in answers for line in answer.cookies)
    return tuple(dict.fromkeys(cookie for cookie in read if cookie is not None))
