"""Two sessions of one address at the same time: a pooler hands an idle connection out again, and to the next
of several servers it goes only where one is wanted beside another.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from disjoint.model.probe import Place, Probe, ProbeError

from . import queries
from .address import Login
from .connect import connect
from .session import Session

PATIENCE_SECONDS = 1.0
"""How long a pooler may take to give a second connection, if it has one."""
OCCUPIED_SECONDS = 1.0
MOST_NUMBERS = 8
"""Of one name: a balancer of a large cloud has one for each of its zones."""


def turn(login: Login, probe: Probe) -> contextlib.AbstractContextManager[None]:
    """Taken by whoever keeps one connection while it waits for another: two of them would wait for ever."""
    first = login.candidates[0]
    named = first.hostaddr or first.host
    return contextlib.nullcontext() if named.startswith(("/", "@")) else probe.turn(named, first.port)


def elsewhere(found: Login, place: Place) -> Iterator[Login]:
    """The same address at each other number that its name has: a client may go to any of them.

    Of the same family alone, for many machines have no way to the other one.

    Raises:
        ProbeError: the name has more of them than are asked.
    """
    if place.how != "DNS" or len(found.candidates) != 1:
        return
    candidate = found.candidates[0]
    numbers = _numbers(candidate.host, place.address)
    if len(numbers) > MOST_NUMBERS:
        raise ProbeError(f"{candidate.host} has more than {MOST_NUMBERS} addresses", "declare one of them")
    for number in sorted(numbers - {place.address}):
        yield found._replace(candidates=(candidate._replace(hostaddr=number),))


def _numbers(name: str, one: str) -> frozenset[str]:
    family = socket.AF_INET6 if ":" in one else socket.AF_INET
    try:
        answers = socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(str(answer[4][0]) for answer in answers)


@contextlib.contextmanager
def beside(opened: Session, login: Login, probe: Probe) -> Iterator[Session]:
    """A second session, while the first one keeps its connection.

    Raises:
        ProbeError: there is none to be had in time, or what a session raises.
    """
    with contextlib.ExitStack() as stack:
        if opened.by_statement:
            stack.enter_context(_occupied(opened))
        another = stack.enter_context(connect(login, probe))
        stack.enter_context(probe.watch(another.connection.fileno()))
        second = Session(another, probe, by_statement=opened.by_statement)
        late = threading.Timer(PATIENCE_SECONDS, second.cancel)
        late.daemon = True
        late.start()
        stack.callback(late.cancel)
        second.open()
        stack.callback(second.close)
        if not opened.by_statement:  # there the first question waits, here it was the opening
            late.cancel()
        yield second


@contextlib.contextmanager
def _occupied(opened: Session) -> Iterator[None]:
    """Nothing else may be asked of it afterwards; its statement is not left behind."""
    until = time.monotonic() + OCCUPIED_SECONDS
    opened.send(queries.OCCUPY, (OCCUPIED_SECONDS,))
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.monotonic()))
