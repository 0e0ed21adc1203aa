"""Marks that store nothing: a subscription to a channel nobody uses, and a connection's name.

Both are the process's own and are gone with the connection. A subscription is counted whatever
the logical database, for every user that may ask; replicas and other nodes do not count it.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

from disjoint.model.experiment import Look, Mark, Sights
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from .address import Login
from .session import DIRECT, Session, connect, known, then

SUBSCRIPTION, NAME = "subscription", "client name"
ONLY_NAMED = "-named"
"""Ends the token of a mark whose holder may not subscribe: it is to be looked for by its name."""


def channel(token: str) -> str:
    """The channel that is subscribed to."""
    return f"disjoint:{token}"


def new_token() -> str:
    """A name that nobody else has, and that tells nothing."""
    return secrets.token_hex(16)


def turn(login: Login, probe: Probe) -> AbstractContextManager[None]:
    """Whoever keeps a connection while waiting for a second one comes first."""
    return contextlib.nullcontext() if login.path else probe.turn(login.host, login.port)


@contextlib.contextmanager
def held(login: Login, probe: Probe) -> Iterator[Mark]:
    """Hold every mark that the user may place, on one connection.

    Raises:
        ProbeError: the server was not reached, or lets the user place none.
    """
    token = new_token()
    with turn(login, probe), connect(login, probe) as session:
        no_sentinel(mode(session))
        placed = _placed(session, token)
        only_named = isinstance(placed[SUBSCRIPTION], Unknown)
        yield Mark(token + ONLY_NAMED if only_named else token, lambda: _alive(login, probe, token, placed))


def _placed(session: Session, token: str) -> Mapping[str, Fact[object]]:
    """The name comes first: to whoever subscribes, few commands are open."""
    named = known(lambda: session.ask("CLIENT", "SETNAME", f"disjoint-{token}"))
    subscribed = known(lambda: subscribe(session, token))
    if isinstance(subscribed, Unknown) and isinstance(named, Unknown):
        raise ProbeError(subscribed.reason, subscribed.remedy)
    return {SUBSCRIPTION: subscribed, NAME: named}


def subscribe(session: Session, token: str) -> bool:
    """Subscribe, and see that the server counts it.

    Raises:
        ProbeError: it was refused, or not confirmed.
    """
    match session.ask("SUBSCRIBE", channel(token)):
        case [b"subscribe", bytes(name), int(count)] if name == channel(token).encode() and count:
            return True
        case _:
            raise ProbeError("SUBSCRIBE was not confirmed", DIRECT)


def _alive(login: Login, probe: Probe, token: str, placed: Mapping[str, Fact[object]]) -> Sights:
    """Whether a second connection sees the marks that could be placed."""
    with connect(login, probe) as session:
        seen = {
            SUBSCRIPTION: then(placed[SUBSCRIPTION], lambda _: _subscribed(session, token)),
            NAME: then(placed[NAME], lambda _: _named(session, token)),
        }
    return {name: _has(found, token) for name, found in seen.items()}


def looked(login: Login, probe: Probe, token: str) -> Look:
    """Look for a mark, and for one of our own, over one connection: in one channel, if the mark stands there.

    Only the third protocol lets a subscriber ask; to speak it no right is needed.

    Raises:
        ProbeError: the server was not reached.
    """
    own, nobody = new_token(), new_token()
    only_named, token = token.endswith(ONLY_NAMED), token.removesuffix(ONLY_NAMED)
    with connect(login, probe) as session:
        no_sentinel(told := mode(session, "3"))
        seen = {SUBSCRIPTION: then(told, lambda _: _by_subscription(session, own, token, nobody))}
        if only_named or isinstance(seen[SUBSCRIPTION], Unknown):
            seen[NAME] = known(lambda: _by_name(session, own, token, nobody))
    return Look({n: _has(s, own) for n, s in seen.items()}, {n: _has(s, token) for n, s in seen.items()})


def _by_subscription(session: Session, own: str, token: str, nobody: str) -> frozenset[str]:
    subscribe(session, own)
    return _told_apart(_subscribed(session, own, token, nobody), nobody)


def _by_name(session: Session, own: str, token: str, nobody: str) -> frozenset[str]:
    session.ask("CLIENT", "SETNAME", f"disjoint-{own}")
    return _told_apart(_named(session, own, token, nobody), nobody)


def _told_apart(seen: frozenset[str], nobody: str) -> frozenset[str]:
    """What was seen, by whoever does not see what nobody has placed: a look-alike counts one of everything.

    Raises:
        ProbeError: it sees that, too.
    """
    if nobody in seen:
        raise ProbeError("a mark that nobody placed is seen there: whatever answers is no Redis", DIRECT)
    return seen


def _subscribed(session: Session, *tokens: str) -> frozenset[str]:
    """Which of these channels have a subscriber on this server."""
    counted = _pairs(session.ask("PUBSUB", "NUMSUB", *map(channel, tokens)))
    counts = {token: counted.get(channel(token).encode()) for token in tokens}
    if not all(isinstance(count, int) for count in counts.values()):
        raise ProbeError("PUBSUB NUMSUB was not answered with counts", DIRECT)
    return frozenset(token for token, count in counts.items() if count)


def _named(session: Session, *tokens: str) -> frozenset[str]:
    """Which of these names a connection of this server has; of all the others nothing is kept."""
    reply = session.ask("CLIENT", "LIST")
    if not isinstance(reply, bytes):
        raise ProbeError("CLIENT LIST was not answered with text", DIRECT)
    fields = set(reply.split())
    return frozenset(token for token in tokens if f"name=disjoint-{token}".encode() in fields)


def _has(seen: Fact[frozenset[str]], token: str) -> Fact[bool]:
    return Known(token in seen.value) if isinstance(seen, Known) else seen


def mode(session: Session, protocol: str = "2") -> Fact[str]:
    """``standalone``, ``cluster`` or ``sentinel``, as any logged-in user is told."""
    return known(lambda: _mode(session.ask("HELLO", protocol)))


def _mode(reply: object) -> str:
    match _pairs(reply).get(b"mode"):
        case bytes(word):
            return word.decode("ascii", "replace")
        case _:
            raise ProbeError("the server does not say whether it is a cluster node", DIRECT)


def _pairs(reply: object) -> Mapping[bytes, object]:
    """A reply of names and values in turn; whatever else it may be has none."""
    turns = reply if isinstance(reply, list) else []
    return {
        name: value for name, value in zip(turns[::2], turns[1::2], strict=False) if isinstance(name, bytes)
    }


def no_sentinel(told: Fact[str]) -> None:
    """A Sentinel counts its own subscribers, and tells nothing of the server that it names.

    Raises:
        ProbeError: it is one.
    """
    if told == Known("sentinel"):
        raise ProbeError("a Sentinel answers there, which holds no keys", "declare the server that it names")


def met_again(login: Login, probe: Probe) -> bool:
    """Whether a second connection finds a mark that the first one holds: behind a balancer it does not.

    Raises:
        ProbeError: no mark could be placed or looked for, or the server does not say what it is.
    """
    with held(login, probe) as mark:
        seen = tuple(mark.alive().values())
    if Known(False) in seen:
        return False
    if Known(True) in seen:
        return True
    raise next(ProbeError(why.reason, why.remedy) for why in seen if isinstance(why, Unknown))
