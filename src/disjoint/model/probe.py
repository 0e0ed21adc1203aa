"""What an observer may use of the outside world: one bounded, counted visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from contextlib import AbstractContextManager


class ProbeError(Exception):
    """A visit that failed in a way worth naming. Its text is safe to print.

    Observers let it pass: the runner turns it into Unknown with this reason and remedy.
    """

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Place:
    """Where this machine finds an endpoint."""

    address: str
    """A numeric IP address."""
    port: int
    how: str
    """``reach_at`` where the manifest maps it, else ``DNS`` or ``literal``."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One GET or HEAD, or the placing of a mark. Redirects are never followed, bodies are capped and
    never decoded."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body_limit: int = 65536
    """Octets; a longer body is an error, never a truncated answer."""
    name: str = ""
    """What it is counted as beside its method: a constant text (``ListObjectsV2``)."""
    marks: bool = False
    """Places a mark or takes it away: POST and DELETE may be sent, without a body and never to production."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case; repeated ones joined by ``, ``."""
    body: bytes = field(repr=False)
    place: Place
    certificate: bytes
    """The server's leaf certificate in DER; empty over clear text."""
    cookies: tuple[str, ...] = field(default=(), repr=False)
    """Every Set-Cookie by itself: a date in one has a comma, so that joined ones cannot be told apart."""


class Probe(Protocol):
    """One observer's way out. Everything through it has one deadline and is counted."""

    @property
    def environment(self) -> str:
        """The environment that is visited."""
        ...

    @property
    def protected(self) -> bool:
        """True on production: only allow-listed reads may be sent."""
        ...

    def remaining(self) -> float:
        """Seconds left; never negative.

        Raises:
            ProbeError: nothing is left.
        """
        ...

    def place(self, host: str, port: int) -> Place:
        """Find an endpoint by the environment's reach_at, else by DNS (first address).

        Raises:
            ProbeError: the name does not resolve, or the address is link-local.
        """
        ...

    def seat(self, host: str, port: int) -> AbstractContextManager[None]:
        """Take one of the at most two connections that a server may carry at a time."""
        ...

    def turn(self, host: str, port: int) -> AbstractContextManager[None]:
        """Take the server for one who keeps a seat while waiting for the other.

        Two who did so at once would wait for each other; so it comes before the first seat.
        """
        ...

    def dial(self, host: str, port: int) -> socket.socket:
        """Connect; the socket is shut down at the deadline, whatever the peer drips.

        Raises:
            ProbeError: refused, unreachable or too late.
        """
        ...

    def watch(self, fd: int) -> AbstractContextManager[None]:
        """Shut a foreign library's socket down at the deadline. Leave before it is closed."""
        ...

    def sent(self, command: str) -> None:
        """Count one command about to be sent, by its constant text (``INFO server``)."""
        ...

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        """One HTTP exchange, counted; takes its own seat.

        Raises:
            ProbeError: not GET or HEAD, no answer, an encoded or too long body, failed TLS.
        """
        ...

    def progressed(self, what: str, done: int, of: int) -> None:
        """Tell whoever waits how far a long reading has come: so many rows of about so many."""
        ...

    def clock(self, epoch: float) -> None:
        """Note a server's own time, in seconds since 1970, to hold this machine's against."""
        ...

    def digest(self, what: str, value: str) -> str:
        """The run's keyed digest of a value (see RunKey.digest)."""
        ...
