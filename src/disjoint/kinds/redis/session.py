"""A harmless session on a Redis or Valkey server: one attempt, allow-listed reads, all counted.

Server error texts never leave this module: they are told apart by type, and retold in our
own words.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import redis.exceptions as refused

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from .address import Login
from .commands import ACL, LOOK_ACL, allowed, grant, marks, name_of
from .wire import LoginError, Wire, lost, opened

__all__ = ("ACL", "LOOK_ACL", "Login", "Session", "allowed", "connect", "grant", "known", "name_of", "then")

A = TypeVar("A")
T = TypeVar("T")


class RefusedError(ProbeError):
    """The server itself wants another login, or any."""


class Session:
    """One open, logged-in connection."""

    def __init__(self, wire: Wire, probe: Probe, where: str, transport: str) -> None:
        self._wire, self._probe, self._where = wire, probe, where
        self.transport = transport
        """``no TLS``, ``TLS, verified`` ...: how far the answers can be trusted."""

    def ask(self, *words: str) -> object:
        """Send one allow-listed command and return its reply: int, bytes, list or None.

        Raises:
            ProbeError: the command is not allow-listed, or was not answered; never
                with the server's own text.
        """
        if not allowed(*words):
            raise ProbeError("refused to send a command that is no allow-listed read")
        return self._exchange(name_of(*words), *words)

    def place(self, *words: str) -> object:
        """Send one command that marks staging.

        Raises:
            ProbeError: the server is production's, the command is no mark, or it was not answered.
        """
        if self._probe.protected or not marks(*words):
            raise ProbeError("refused to send a command that is no mark, or a mark to production")
        return self._exchange(name_of(*words), *words)

    def hear(self, seconds: float) -> object:
        """The first that the server tells by itself within some seconds; None if it is silent.

        Raises:
            ProbeError: it went away.
        """
        return self._retelling("SUBSCRIBE", lambda: self._heard(min(seconds, self._probe.remaining())))

    def _heard(self, seconds: float) -> object:
        return self._wire.read_response() if self._wire.can_read(seconds) else None

    def log_in(self, username: str, password: str) -> None:
        """Try the credentials once."""
        self._exchange("AUTH", *(("AUTH", username, password) if username else ("AUTH", password)))

    def admits(self, username: str, password: str) -> bool:
        """Whether the credentials are good, by one attempt.

        Raises:
            ProbeError: the server said something else of them, or nothing.
        """
        try:
            self.log_in(username, password)
        except RefusedError:
            return False
        return True

    def is_open(self) -> bool:
        """Whether somebody who has not logged in is answered.

        Raises:
            ProbeError: the server did not say.
        """
        try:
            self.ask("PING")
        except RefusedError:
            return False
        return True

    def select(self, database: int) -> int:
        """Go to a logical database; every connection begins in 0.

        Raises:
            ProbeError: the server has no such database, or the user may not go there.
        """
        if database:
            self.ask("SELECT", str(database))
        return database

    def _exchange(self, name: str, *words: str) -> object:
        self._probe.remaining()
        self._probe.sent(name)
        return self._retelling(name, lambda: self._answer(words))

    def _answer(self, words: tuple[str, ...]) -> object:
        self._wire.send_command(*words)
        return self._wire.read_response()

    def _retelling(self, name: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except refused.RedisError as error:
            raise self._retold(error, name) from None
        except (ValueError, IndexError, MemoryError, UnicodeError, RecursionError):
            raise ProbeError(f"{self._where} answered something that is no Redis protocol") from None

    def _retold(self, error: refused.RedisError, name: str) -> ProbeError:
        """A server's or redis-py's error in our words: their texts may quote what was sent."""
        match error:
            case refused.NoPermissionError():
                return ProbeError(f"this user may not run {name}", f"ACL SETUSER <that user> {grant(name)}")
            case LoginError() if name == "AUTH":
                return RefusedError(f"{self._where} refused the login", _MEND)
            case LoginError():
                return RefusedError(
                    f"{self._where} asks for a login", "put user and password into the address"
                )
            case refused.BusyLoadingError():
                return ProbeError(f"{self._where} is still loading its data", "ask again in a moment")
            case refused.InvalidResponse():
                return ProbeError(f"{self._where} answered something that is no Redis protocol")
            case refused.ConnectionError() | refused.TimeoutError():
                return self._gone()
            case refused.ResponseError() if str(error).lower().startswith("unknown command"):
                return ProbeError(f"{self._where} does not know {name}: renamed, disabled or a proxy", DIRECT)
            case _:
                return ProbeError(f"{self._where} refused {name}", DIRECT)

    def _gone(self) -> ProbeError:
        try:
            lost(self._probe, self._where)
        except ProbeError as error:
            return error


_MEND = "mend user and password in the address"
DIRECT = f"ask the server itself, without a proxy, as a user made by: {ACL}"


@contextlib.contextmanager
def connect(login: Login, probe: Probe) -> Iterator[Session]:
    """Open one session as the address says, log in at most once.

    Raises:
        ProbeError: not reachable, refused, or a certificate that was not accepted.
    """
    if login.fault:
        raise ProbeError(login.fault)
    seat = contextlib.nullcontext() if login.path else probe.seat(login.host, login.port)
    with seat, opened(login, probe) as (wire, where, transport):
        session = Session(wire, probe, where, transport)
        if login.username or login.password:
            session.log_in(login.username, login.password.reveal() if login.password else "")
        yield session


def knock(theirs: Login, ours: Login, probe: Probe) -> tuple[bool, str]:
    """Whether production's door opens to staging's login, and how: one attempt, and PING where it was no use.

    Raises:
        ProbeError: not reachable, or what was answered is no word on the login.
    """
    with connect(_stranger(theirs, ours), probe) as session:
        if ours.username or ours.password:
            if session.admits(ours.username, ours.password.reveal() if ours.password else ""):
                return True, "the login was accepted"
            return (True, _OPEN) if session.is_open() else (False, "user and password were refused")
        return (True, _OPEN) if session.is_open() else (False, "a login is asked for, and staging has none")


def _stranger(theirs: Login, ours: Login) -> Login:
    """Production's door, with no credential of production's; what is staging's own of TLS comes along."""
    kept = {name: value for name, value in theirs.parameters.items() if name not in _OF_A_CLIENT}
    own = {name: value for name, value in ours.parameters.items() if name in _OF_A_CLIENT}
    return theirs._replace(username="", password=None, parameters={**kept, **own})


_OF_A_CLIENT = ("ssl_certfile", "ssl_keyfile", "ssl_password")
_OPEN = "no login is asked for: whoever reaches the server is let in"


def known(read: Callable[[], T]) -> Fact[T]:
    """One reading as a fact: a visit that failed here says nothing about the next reading."""
    try:
        return Known(read())
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)


def then(fact: Fact[A], read: Callable[[A], T]) -> Fact[T]:
    """What follows from a fact, if it is known and holds what is looked for."""
    match fact:
        case Known(value):
            return known(lambda: read(value))
        case Unknown():
            return fact
