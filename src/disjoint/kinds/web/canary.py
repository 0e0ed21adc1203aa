"""A nonce that staging's application keeps for a minute, looked for in production's.

The application offers one path. `?hold=NONCE` keeps the nonce where all its processes see it, for a
minute; `?look=NONCE` answers with every nonce that is kept, and with the one that was asked with.
Only staging is ever asked to keep one; production is asked to look, which keeps nothing.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator

from disjoint.model.environment import Target
from disjoint.model.experiment import Look, Mark, Party
from disjoint.model.fact import Known
from disjoint.model.probe import HttpRequest, Probe, ProbeError

from .address import parse
from .facts import WebDeclared, unreadable
from .locate import Spot, declared_at
from .pages import url_of

CHANNEL = "nonce"
KEPT_SECONDS = 60
"""How long the application is asked to remember."""
LOOKS = 3
"""How often each side is asked: several processes may stand behind one address."""
_OFFER = "let {path}?look=WORD answer JSON as docs/rules/web/same-deployment.md has it"


@contextlib.contextmanager
def hold(party: Party[WebDeclared], window: float) -> Iterator[Mark]:
    """Ask staging's application to keep a nonce; it forgets it by itself.

    Raises:
        ProbeError: it did not answer as it should.
    """
    party.probe.sent("HOLD nonce")  # no read: refused wherever production is, whoever asks
    if window > KEPT_SECONDS:
        raise ProbeError(f"a nonce is kept for {KEPT_SECONDS} s, which is shorter than this test")
    spot, token = _offer(party.target), secrets.token_hex(16)
    kept = _asked(party.probe, spot, "hold", token)
    if token not in kept:
        raise ProbeError(f"{spot.path} did not keep the mark", _remedy(spot))
    yield Mark(token, lambda: {CHANNEL: Known(all(token in look for look in _looks(party.probe, spot)))})


def look(party: Party[WebDeclared], token: str) -> Look:
    """Ask what is kept, with a nonce of this side's own that only this answer holds.

    Raises:
        ProbeError: it did not answer as it should.
    """
    spot = _offer(party.target)
    own, seen = True, False
    for _ in range(LOOKS):
        mine = secrets.token_hex(16)
        found = _asked(party.probe, spot, "look", mine)
        own, seen = own and mine in found, seen or token in found
    return Look({CHANNEL: Known(own)}, {CHANNEL: Known(seen)})


def _looks(probe: Probe, spot: Spot) -> Iterator[frozenset[str]]:
    for _ in range(LOOKS):
        yield _asked(probe, spot, "look", secrets.token_hex(16))


def _offer(target: Target[WebDeclared]) -> Spot:
    address = parse(target.text("url") or "")
    if fault := unreadable(address):
        raise ProbeError(fault, f"mend {target.where('url')}")
    spot = declared_at(address, target.declared.canary or "")
    if spot is None or "?" in spot.path:
        raise ProbeError("canary names no path of this service", 'declare canary = "/.well-known/disjoint"')
    return spot


def _asked(probe: Probe, spot: Spot, what: str, token: str) -> frozenset[str]:
    """The marks of one answer."""
    headers = {"Accept": "application/json", "Cache-Control": "no-cache"}
    url = f"{url_of(spot)}?{what}={token}"
    answer = probe.exchange(HttpRequest("GET", url, headers))
    if answer.status != 200:
        raise ProbeError(f"{spot.path} answers {answer.status}", _remedy(spot))
    try:
        read = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ProbeError(f"{spot.path} answers no JSON", _remedy(spot)) from None
    match read:
        case {"marks": [*marks]}:
            return frozenset(mark for mark in marks if isinstance(mark, str))
        case _:
            raise ProbeError(f"{spot.path} answers no marks", _remedy(spot))


def _remedy(spot: Spot) -> str:
    return _OFFER.format(path=spot.path)
