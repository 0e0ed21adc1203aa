"""A probe on real sockets: one observer's bounded, counted visit to one environment."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from disjoint.model.environment import Environment
from disjoint.model.probe import HttpAnswer, HttpRequest, Place, ProbeError
from disjoint.model.secret import RunKey

from .deadline import Deadline
from .http import HTTP_SECONDS, exchange
from .tally import Tally

CONNECT_SECONDS = 3.0
SEATS = 2
"""Connections that one server may carry at a time."""


class Seats:
    """At most two connections a server, whichever resources lead to it."""

    def __init__(self) -> None:
        self._seats: dict[tuple[str, int], threading.BoundedSemaphore] = {}
        self._turns: dict[tuple[str, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def at(self, place: Place) -> threading.BoundedSemaphore:
        """The seats of the server at a place."""
        with self._lock:
            key = (place.address, place.port)
            return self._seats.setdefault(key, threading.BoundedSemaphore(SEATS))

    def turn_at(self, place: Place) -> threading.Lock:
        """The turn of whoever keeps a seat of the server at a place while it waits for another."""
        with self._lock:
            return self._turns.setdefault((place.address, place.port), threading.Lock())


Told = Callable[[str, int, int], None]
"""What is read, how many rows are behind, and about how many there are."""


def nobody(_what: str, _done: int, _of: int) -> None:
    """Tell nobody how far a reading has come."""


class Visit:
    """An implementation of `Probe`. Many visits of a run share deadline, seats, tally and key."""

    def __init__(
        self,
        environment: Environment,
        deadline: Deadline,
        seats: Seats,
        tally: Tally,
        key: RunKey,
        told: Told = nobody,
    ) -> None:
        self.environment = environment.name
        self.protected = tally.protected
        self._reach_at = {_key(name): where for name, where in environment.reach_at.items()}
        self._deadline = deadline
        self._seats = seats
        self._tally = tally
        self._key = key
        self._told = told

    @classmethod
    @contextlib.contextmanager
    def alone(cls, environment: Environment, budget: float = 10.0) -> Iterator[Visit]:
        """A visit with a deadline, seats, tally and key of its own; for one-off observations."""
        with Deadline(budget) as deadline:
            yield cls(environment, deadline, Seats(), Tally(protected=environment.protected), RunKey())

    @property
    def tally(self) -> Tally:
        """What was sent so far."""
        return self._tally

    def remaining(self) -> float:
        return self._deadline.remaining()

    def place(self, host: str, port: int) -> Place:
        mapped = self._reach_at.get(_key(f"{_bracketed(host)}:{port}"))
        if mapped is not None:
            address, _, mapped_port = mapped.rpartition(":")
            return Place(_numeric(address.strip("[]")), int(mapped_port), "reach_at")
        return _found(host, port)

    @contextlib.contextmanager
    def seat(self, host: str, port: int) -> Iterator[None]:
        seats = self._seats.at(self.place(host, port))
        if not seats.acquire(timeout=self.remaining()):
            raise ProbeError(f"no free connection at {host}:{port} within the time allowed")
        try:
            yield
        finally:
            seats.release()

    @contextlib.contextmanager
    def turn(self, host: str, port: int) -> Iterator[None]:
        turn = self._seats.turn_at(self.place(host, port))
        if not turn.acquire(timeout=self.remaining()):
            raise ProbeError(f"another test kept {host}:{port} for all the time allowed", "raise --budget")
        try:
            yield
        finally:
            turn.release()

    def dial(self, host: str, port: int) -> socket.socket:
        return self._dial(host, port, self._deadline)

    def _dial(self, host: str, port: int, deadline: Deadline) -> socket.socket:
        place = self.place(host, port)
        try:
            sock = socket.create_connection(
                (place.address, place.port), min(CONNECT_SECONDS, deadline.remaining())
            )
        except OSError as error:
            raise ProbeError(_why(error, f"{host}:{port}"), _UNANSWERED) from None
        sock.settimeout(deadline.remaining())
        deadline.watch(sock.fileno())
        return sock

    def watch(self, fd: int) -> contextlib.AbstractContextManager[None]:
        return self._deadline.watching(fd)

    def sent(self, command: str) -> None:
        self._tally.sent(command)

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        with self._deadline.within(HTTP_SECONDS) as deadline:
            try:
                answer = exchange(request, self, lambda host, port: self._dial(host, port, deadline))
            except ProbeError:
                self._expect_in_time(deadline)
                raise
            self._expect_in_time(deadline)
            self._note_date(answer)
            return answer

    def _expect_in_time(self, deadline: Deadline) -> None:
        """A socket that the deadline shut looks like a server that closed: that it was late says more."""
        self.remaining()
        if deadline.left() <= 0:
            raise ProbeError(f"no whole answer within {HTTP_SECONDS:g} s", _UNANSWERED)

    def _note_date(self, answer: HttpAnswer) -> None:
        """The server's time as it stands in every answer, to the second (RFC 9110, 6.6.1)."""
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            self._tally.date(parsedate_to_datetime(answer.headers.get("date", "")).timestamp() + 0.5)

    def progressed(self, what: str, done: int, of: int) -> None:
        self._told(what, done, of)

    def clock(self, epoch: float) -> None:
        self._tally.clock(epoch)

    def digest(self, what: str, value: str) -> str:
        return self._key.digest(what, value)


def _key(endpoint: str) -> str:
    host, _, port = endpoint.strip().lower().rpartition(":")
    return f"{host.rstrip('.')}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _numeric(address: str) -> str:
    """A reach_at may name its place; everything after it wants a number."""
    return _found(address, 0).address


def _found(host: str, port: int) -> Place:
    """A literal as it is, a name by DNS; IPv4 first, as a listener on both families has it."""
    host = host.strip("[]")
    flags = socket.AI_ADDRCONFIG if not _is_literal(host) else 0
    try:
        answers = socket.getaddrinfo(host, port or None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        raise ProbeError(f"the name {host} does not resolve here", _UNRESOLVED) from None
    family = {socket.AF_INET: 0, socket.AF_INET6: 1}
    address = str(min(answers, key=lambda answer: family.get(answer[0], 2))[4][0])
    if ipaddress.ip_address(address.partition("%")[0]).is_link_local:
        raise ProbeError(f"{host} is link-local (cloud metadata lives there): never asked")
    return Place(address, port, "literal" if _is_literal(host) else "DNS")


_UNRESOLVED = "run where the name resolves, or map it under [environments.*.reach_at]"


_UNANSWERED = "see that it runs and may be reached from here; map a tunnel under [environments.*.reach_at]"


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _why(error: OSError, where: str) -> str:
    """Our own sentence for a failed connection; never the library's text."""
    match error:
        case ConnectionRefusedError():
            return f"connection refused at {where}"
        case TimeoutError():
            return f"no answer from {where} within {CONNECT_SECONDS:g} s"
        case ConnectionResetError():
            return f"connection reset by {where}"
        case _:
            return f"{where} is unreachable from here"
