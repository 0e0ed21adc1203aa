"""Where a reference in an answer leads, as browsers resolve it (WHATWG URL, special schemes). Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from .address import DEFAULT_PORTS, WebAddress, parse

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_BLANKS = "".join(map(chr, range(0x21)))
_REMOVED = str.maketrans("", "", "\t\r\n")
_LONGEST = 8192


class Spot(NamedTuple):
    """A page: the address that serves it, and the path and query it is asked by."""

    address: WebAddress
    path: str


def resolve(base: Spot, reference: str) -> Spot | None:
    """The page that a reference on `base` means; None where it is none (``mailto:``). Never raises."""
    text = reference[:_LONGEST].strip(_BLANKS).translate(_REMOVED).partition("#")[0]
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    if found is None:
        return _relative(base, text)
    if scheme not in DEFAULT_PORTS:
        return None
    rest = text[found.end() :]
    if scheme == base.address.scheme and not rest.startswith(("/", "\\")):
        return _relative(base, rest)  # "https:page" is a relative reference to browsers
    return _absolute(scheme, rest.lstrip("/\\"))


def declared_at(address: WebAddress, path: str) -> Spot | None:
    """The page that a declared path means; None where it means another service's."""
    spot = resolve(Spot(address, "/"), path)
    return spot if path and spot is not None and spot.address == address else None


def _relative(base: Spot, text: str) -> Spot | None:
    way, mark, query = text.partition("?")
    way = way.replace("\\", "/")
    if way.startswith("//"):
        return _absolute(base.address.scheme, way.lstrip("/") + mark + query)
    return Spot(base.address, _joined(base.path, way + mark + query))


def _absolute(scheme: str, rest: str) -> Spot:
    authority = re.split(r"[/\\?]", rest, maxsplit=1)[0]
    after = rest[len(authority) :]
    path = after.replace("\\", "/") if after.startswith(("/", "\\")) else f"/{after}"
    return Spot(parse(f"{scheme}://{authority}"), _joined("/", path))


def _joined(base: str, reference: str) -> str:
    """Path and query, dots resolved; the root where the library takes the text for something else."""
    try:
        url = urlsplit(urljoin(f"http://host{base}", reference or base))
    except ValueError:
        return "/"
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def own(base: WebAddress, other: WebAddress) -> bool:
    """The same listener, or the one that clear text is sent on to over TLS: nobody else's pages."""
    if other.fault or other.host != base.host:
        return False
    return other.port == base.port or (base.port, other.port) == (80, 443)
