"""The celery observer beside a real worker: it reads what the worker announced, and leaves no trace."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.servers.worker import Worker
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.celery.facts import CeleryDeclared, CeleryFacts
from disjoint.kinds.celery.kind import KIND
from disjoint.kinds.redis.session import ACL, grant
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live
KEY = RunKey()
TAKEN_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
DECLARED = CeleryDeclared(broker="$BROKER", result_backend="$RESULTS", queues=("$QUEUE",))


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    """Production's broker with its one live worker."""
    server = ValkeyServer.start(supervisor, "production-broker")
    place = f"127.0.0.1:{server.port}"
    Worker.start(
        supervisor,
        "worker",
        host="production",
        broker=server.url(place),
        results=server.url(place, 1),
        queue="orders",
    )
    return server


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    """Staging's broker; nobody works there."""
    return ValkeyServer.start(supervisor, "staging-broker")


def visited(
    broker: str, results: str, *, protected: bool = True, declared: CeleryDeclared = DECLARED, **more: str
) -> tuple[CeleryFacts, Tally]:
    """One visit as the runner makes it, and what it sent."""
    values = {"BROKER": broker, "RESULTS": results, "QUEUE": "orders", **more}
    variables = {name: Variable(name, Known(Secret(text)), ".env:1") for name, text in values.items()}
    environment = Environment("production" if protected else "staging", protected, variables, ".env")
    tally = Tally(protected=protected)
    with Deadline(10) as deadline:
        visit = Visit(environment, deadline, Seats(), tally, KEY)
        return KIND.load_observer()(target(Resource("tasks", "celery", DECLARED), environment), visit), tally


def url(server: ValkeyServer, database: int = 0) -> str:
    return server.url(f"127.0.0.1:{server.port}", database)


def outcomes(left: CeleryFacts, right: CeleryFacts) -> dict[str, Outcome]:
    sides = Side("production", True, TAKEN_AT, left), Side("staging", False, TAKEN_AT, right)
    question = Question(*sides, DECLARED)
    asked = [rule for rule in KIND.rules if rule.applies(DECLARED)]
    return {rule.id.removeprefix("celery/"): rule.judge(question).outcome for rule in asked}


def keys(server: ValkeyServer) -> list[Any]:
    with contextlib.closing(server.admin()) as admin:
        client: Any = admin
        return sorted(client.keys("*"))


def test_a_worker_is_read_from_the_binding_without_being_called(production: ValkeyServer) -> None:
    """The worker's name and its queue are in the facts, and no key was made or lost."""
    before = keys(production)
    read, tally = visited(url(production), url(production, 1))
    assert read.workers == Known(("celery@production",))
    assert isinstance(read.queues, Known)
    assert [queue.name for queue in read.queues.value] == ["orders"]
    assert read.bound == Known(1)
    assert keys(production) == before
    sent = dict(tally.footprint().commands)
    assert sent == {
        "AUTH": 6,
        "INFO server": 6,
        "INFO replication": 2,
        "SELECT": 1,
        "SCARD": 3,
        "SMEMBERS": 3,
    }
    assert tally.footprint().writes == 0
    assert production.password not in repr(read)


def test_queues_that_the_manifest_does_not_name_are_digested(production: ValkeyServer) -> None:
    """A queue found on the server is shown by name only if the manifest states it."""
    with contextlib.closing(production.admin()) as admin:
        admin.sadd("_kombu.binding.celery", "celery\x06\x16\x06\x16anna@example.com")
        read, _ = visited(url(production), url(production, 1))
        admin.delete("_kombu.binding.celery")
    assert isinstance(read.queues, Known)
    hidden, shown = sorted(queue.name for queue in read.queues.value)
    assert re.fullmatch("hmac:[0-9a-f]{32}", hidden)
    assert shown == "orders"
    assert "anna" not in repr(read)


def test_two_brokers_are_isolated_though_nobody_works_in_staging(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Server identity proves all four; that no worker was seen is said."""
    left = visited(url(production), url(production, 1))[0]
    right = visited(url(staging), url(staging, 1), protected=False)[0]
    assert set(outcomes(left, right).values()) == {Outcome.ISOLATED}
    assert right.workers == Known(())


def test_one_namespace_is_shared_in_every_way(production: ValkeyServer) -> None:
    """Staging on production's broker and database has production's queue and worker."""
    left = visited(url(production), url(production, 1))[0]
    right = visited(url(production), url(production, 1), protected=False, QUEUE="staging-orders")[0]
    assert set(outcomes(left, right).values()) == {Outcome.SHARED}


def test_another_database_of_the_broker_keeps_only_the_queues_apart(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The server is shared, the queues are not, and an unused namespace proves nothing of workers."""
    left = visited(url(production), url(production, 1))[0]
    right = visited(url(production, 7), url(staging), protected=False)[0]
    assert outcomes(left, right) == {
        "same-broker": Outcome.SHARED,
        "same-result-backend": Outcome.ISOLATED,
        "queue-names": Outcome.ISOLATED,
        "foreign-worker": Outcome.UNPROVEN,
    }


def test_a_replica_that_has_not_synchronised_is_no_other_broker(
    supervisor: Supervisor, production: ValkeyServer
) -> None:
    """It follows production's broker, is not let in as yet, and bears an id of its own until it is."""
    orphan = ValkeyServer.start(supervisor, "follower", settings=(f"replicaof 127.0.0.1 {production.port}",))
    left = visited(url(production), url(production, 1))[0]
    right = visited(url(orphan), url(orphan, 1), protected=False)[0]
    assert set(outcomes(left, right).values()) == {Outcome.UNPROVEN}
    orphan.stop()


def test_a_dead_result_backend_costs_only_its_own_rule(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The broker's facts stay known when the result backend does not answer."""
    left = visited(url(production), url(production, 1))[0]
    right = visited(url(staging), "redis://127.0.0.1:1/0", protected=False)[0]
    assert isinstance(right.backend_server, Unknown)
    assert "refused" in right.backend_server.reason
    found = outcomes(left, right)
    assert found["same-result-backend"] is Outcome.UNPROVEN
    assert found["same-broker"] is Outcome.ISOLATED


@pytest.mark.parametrize(
    ("broker", "reason"),
    [
        ("amqp://guest:guest@127.0.0.1//", "asks only Redis"),
        ("redis://127.0.0.1:1/0;redis://127.0.0.1:2/0", "list of servers"),
        ("redis://127.0.0.1/prod", ""),
    ],
)
def test_a_broker_that_is_not_asked_says_why(broker: str, reason: str) -> None:
    """Another transport, a failover list and an invalid address are Unknown with a remedy."""
    read, tally = visited(broker, broker)
    assert isinstance(read.broker_server, Unknown)
    assert reason in read.broker_server.reason
    assert read.broker_server.remedy
    assert tally.footprint().reads == 0


def test_a_huge_set_is_not_asked_for(production: ValkeyServer) -> None:
    """SMEMBERS sends a set whole while the server does nothing else: its size is asked first."""
    with contextlib.closing(production.admin()) as admin:
        client: Any = admin
        client.execute_command("SELECT", 5)
        client.execute_command("SADD", "_kombu.binding.celery", *range(10_001))
        read, tally = visited(url(production, 5), url(production, 5))
        client.execute_command("DEL", "_kombu.binding.celery")
    assert isinstance(read.bound, Unknown)
    assert "more than 10000 names" in read.bound.reason
    assert dict(tally.footprint().commands)["SCARD"] == 2
    assert dict(tally.footprint().commands)["SMEMBERS"] == 1


def test_the_documented_user_reads_bindings_and_no_other_set(production: ValkeyServer) -> None:
    """A selector allows SMEMBERS on kombu's binding sets only; without it the reason names it."""
    with contextlib.closing(production.admin()) as admin:
        client: Any = admin
        recipe = ACL.replace("PASSWORD", "least-password").split()
        client.execute_command(*recipe)
        place = f"redis://disjoint:least-password@127.0.0.1:{production.port}"
        denied, _ = visited(f"{place}/0", f"{place}/1")
        client.execute_command("ACL", "SETUSER", "disjoint", grant("SMEMBERS"))
        allowed, _ = visited(f"{place}/0", f"{place}/1")
        other = client.execute_command("ACL", "DRYRUN", "disjoint", "SMEMBERS", "users")
    assert isinstance(denied.workers, Unknown)
    assert denied.workers.remedy == f"ACL SETUSER <that user> {grant('SMEMBERS')}"
    assert isinstance(denied.broker_server, Known)
    assert allowed.workers == Known(("celery@production",))
    assert b"no permissions" in other
