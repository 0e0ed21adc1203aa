"""Ask each side, as a page of the other's would, whether its answers may be read."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from disjoint.model.environment import Target
from disjoint.model.experiment import Pair, Party
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.host import printable
from disjoint.model.probe import HttpRequest, ProbeError

from .address import DEFAULT_PORTS, WebAddress, parse
from .facts import Allowed, Asker, Cors, Reply, WebDeclared, unreadable
from .locate import Spot, declared_at
from .pages import url_of

_SECURE = {"ws": "http", "wss": "https"}


def ask_both(pair: Pair[WebDeclared]) -> Cors:
    """GETs only: what a preflight (OPTIONS) would add is not asked.

    Raises:
        ProbeError: an address names no host.
    """
    ours, theirs = pair.production, pair.staging
    return Cors(_replies(ours, _origins(theirs.target)), _replies(theirs, _origins(ours.target)))


def _origins(target: Target[WebDeclared]) -> tuple[str, ...]:
    """The origins of a side's pages: its own, and that of the pages that call it."""
    texts = (target.text("url"), target.text("origin"))
    addresses = dict.fromkeys(parse(text) for text in texts if text)
    return tuple(_origin(address) for address in addresses if not unreadable(address))


def _origin(address: WebAddress) -> str:
    scheme = _SECURE.get(address.scheme, address.scheme)
    port = "" if address.port == DEFAULT_PORTS[scheme] else f":{address.port}"
    return f"{scheme}://{address.where.shown}{port}"


def _replies(party: Party[WebDeclared], others: tuple[str, ...]) -> Fact[tuple[Reply, ...]]:
    try:
        return Known(tuple(_each(party, others)))
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)


def _each(party: Party[WebDeclared], others: tuple[str, ...]) -> Iterator[Reply]:
    address = parse(party.target.text("url") or "")
    if fault := unreadable(address):
        raise ProbeError(fault)
    own: list[tuple[Asker, str]] = [("own", origin) for origin in _origins(party.target)[1:]]
    stranger = f"https://{secrets.token_hex(8)}.invalid"
    askers: list[tuple[Asker, str]] = [*own, *(("other", origin) for origin in others)]
    declared = party.target.declared
    for path in dict.fromkeys((declared.health, *declared.pages)):
        heard = False
        if (spot := declared_at(address, path)) is None:
            raise ProbeError(f"{printable(path)} is no path of this service", _PATHS)
        for asker, origin in (*askers, ("null", "null"), ("stranger", stranger)):
            reply = _reply(party, spot, asker, origin, heard=heard)
            heard = heard or (asker == "own" and reply.allowed in {"it", "everybody"})
            yield reply


def _reply(party: Party[WebDeclared], spot: Spot, asker: Asker, origin: str, *, heard: bool) -> Reply:
    """What one answer allows; a refusal counts only where this side's own pages were let read its like."""
    headers = {"Origin": origin, "Cache-Control": "no-cache", "Accept": "*/*"}
    answer = party.probe.exchange(HttpRequest("GET", url_of(spot), headers, 1 << 20))
    header = answer.headers.get("access-control-allow-origin")
    shut = answer.status >= 300 and not header and not heard and asker != "own"
    if answer.status >= 500 or answer.status in {404, 410, 429} or shut:
        raise ProbeError(f"{spot.path.partition('?')[0]} answers {answer.status}", _PATHS)
    credentials = answer.headers.get("access-control-allow-credentials", "").strip() == "true"
    return Reply(asker, _allowed(header, origin), credentials)


_PATHS = "let the health path and the declared pages answer, or declare pages that do"


def _allowed(header: str | None, origin: str) -> Allowed:
    """Compared octet for octet, as browsers do; a list of origins allows none."""
    match (header or "").strip():
        case "":
            return "nobody"
        case "*":
            return "everybody"
        case text:
            return "it" if text == origin else "others"
