"""A pooler that leads to several servers by one name: its next connection goes to the next of them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from postgres_world import World, ask, build, target, visit

from disjoint.demo.servers.pgbouncer import MISSING, Pool, Pooler, Pooling, program
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.facts import PostgresFacts
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Outcome
from lacking import lacking

pytestmark = pytest.mark.live
BESIDE = "127.0.0.2"


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    return build(supervisor)


@contextlib.contextmanager
def beside(port: int, leads_to: int) -> Iterator[None]:
    """Production's server at another address, and staging's port: all servers of a pooler's list have one."""
    with socket.create_server((BESIDE, port)) as door:
        letting = threading.Thread(target=_let_in, args=(door, leads_to), daemon=True)
        letting.start()
        yield
        door.shutdown(socket.SHUT_RDWR)
        letting.join()  # whoever still waits at a door keeps its address in use


def _let_in(door: socket.socket, leads_to: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            here, _ = door.accept()
            there = socket.create_connection(("127.0.0.1", leads_to))
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while octets := one.recv(65536):
            other.sendall(octets)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("second", ["production", "staging", "nobody"])
def test_a_name_is_one_server_where_each_of_its_numbers_is(
    world: World, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """A client may go to any of them; a resolver that this machine has not answers for a name with two."""
    known = socket.getaddrinfo
    port = world.staging.port

    def resolver(host: str, *args: Any, **named: Any) -> Any:
        numbers = ("127.0.0.1", BESIDE) if host == "db.shop.test" else (host,)
        return [answer for number in numbers for answer in known(number, *args, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    url = world.staging.url(f"db.shop.test:{port}", "app", world.password, "shop")
    door = contextlib.nullcontext() if second == "nobody" else beside(port, getattr(world, second).port)
    with door:
        staging = visit(target(url, "staging"))[0]
    assert isinstance(staging.system_identifier, Known)
    assert (staging.alternatives == Known(0)) is (second == "staging")


def through(world: World, supervisor: Supervisor, name: str, pool: Pool, pooling: Pooling) -> PostgresFacts:
    """A visit to staging through a pooler of its own."""
    if program() is None:
        lacking(MISSING)
    pooler = Pooler.start(supervisor, name, {"shop": pool}, pooling)
    try:
        url = world.staging.url(f"127.0.0.1:{pooler.port}", "app", world.password, "shop")
        return visit(target(url, "staging"))[0]
    finally:
        pooler.stop()


@pytest.mark.parametrize("pooling", ["session", "transaction", "statement"])
def test_a_pooler_that_leads_to_two_servers_proves_nothing(
    world: World, supervisor: Supervisor, pooling: Pooling
) -> None:
    """It hands an idle connection out again: only one that is wanted at the same time goes elsewhere."""
    pool = Pool(world.staging.port, "shop", "app", world.password, f"127.0.0.1,{BESIDE}")
    with beside(world.staging.port, world.production.port):
        staging = through(world, supervisor, f"turns-{pooling}", pool, pooling)
    assert isinstance(staging.alternatives, Unknown)
    found = ask("same-server", visit(target(world.url(world.production)))[0], staging)
    assert found.outcome is not Outcome.ISOLATED


@pytest.mark.parametrize("pooling", ["session", "transaction", "statement"])
def test_a_pooler_with_one_connection_is_asked_one_after_the_other(
    world: World, supervisor: Supervisor, pooling: Pooling
) -> None:
    """There is no second one to wait for."""
    pool = Pool(world.staging.port, "shop", "app", world.password, size=1)
    staging = through(world, supervisor, f"single-{pooling}", pool, pooling)
    assert staging.alternatives == Known(0)
