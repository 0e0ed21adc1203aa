"""What a verifier asks a running process: who may ask, what, and whether this process may answer."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from disjoint.tuples import NamedTuple

from .sealed import FILE, SEAL, opened
from .verdict import STAGING
from .whoami import UNSEALED, is_itself, names_of, who

PATH = "/.well-known/disjoint"
TOKEN = "DISJOINT_ATTEST_TOKEN"  # noqa: S105  (its name)
SHORTEST = 16
"""Characters of a token; with fewer there is no route."""
SECONDS = range(5, 61)
"""For which marks may stand."""
_NONCE = re.compile(r"[0-9a-f]{32}\Z")
_WHOLE = re.compile(r"[0-9]{1,2}\Z")


class Question(NamedTuple):
    """What the child is to hold."""

    nonce: str
    seconds: int


class Refusal(NamedTuple):
    """An answer that starts nothing, or of which nothing came; no value of a variable is in it."""

    status: int
    says: str
    headers: tuple[tuple[str, str], ...] = ()


class Request(NamedTuple):
    """What of a request is looked at; a header that is missing is empty."""

    method: str
    authorization: str
    nonce: str
    seconds: str


PRODUCTION = Refusal(403, "this process is production, or may be; nothing was started")
_UNKNOWN = Refusal(
    401, f"a bearer token is needed, {TOKEN} of this process", (("WWW-Authenticate", "Bearer"),)
)
_GET = Refusal(405, "this is asked by GET alone", (("Allow", "GET"),))
_NO_NONCE = Refusal(400, "Disjoint-Nonce: expected 32 hexadecimal digits, drawn at random for this question")
_NO_SECONDS = Refusal(
    400, f"Disjoint-Seconds: expected a whole number from {SECONDS.start} to {SECONDS.stop - 1}"
)


def token_of(variables: Mapping[str, str]) -> str:
    """What opens the route; empty where there is no route."""
    token = variables.get(TOKEN, "").strip()
    return token if len(token) >= SHORTEST else ""


def asked(request: Request, token: str) -> Question | Refusal:
    """The question; whoever has not the token learns nothing else.

    Args:
        request: as it came.
        token: that opens the route, and is not empty.
    """
    scheme, _, shown = request.authorization.partition(" ")
    known = hmac.compare_digest(_octets(shown.strip()), _octets(token))
    if scheme.lower() != "bearer" or not known:
        return _UNKNOWN
    if request.method != "GET":
        return _GET
    if not _NONCE.match(request.nonce):
        return _NO_NONCE
    seconds = int(request.seconds) if _WHOLE.match(request.seconds) else 0
    return Question(request.nonce, seconds) if seconds in SECONDS else _NO_SECONDS


def may_be_production(variables: Mapping[str, str]) -> bool:
    """Whether the guard's table, or the process itself, calls it anything but staging. Never raises.

    Args:
        variables: of the process, with the seal's path and the project's key among them.
    """
    try:
        read = opened(variables.get(SEAL) or FILE, variables)
        if read.policy is None:  # without a seal a build mode is a name like any other
            return who(UNSEALED._replace(modes=frozenset()), variables, same=False).role != STAGING
        same = is_itself(read.policy, read.key, variables)
        return same or who(names_of(read.policy), variables, same=same).role != STAGING
    except Exception:  # noqa: BLE001  (whatever fails here says nothing, and what is not known is left alone)
        return True


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
