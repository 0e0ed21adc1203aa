"""What two environments' brokers and result backends prove about each other. Pure."""

from __future__ import annotations

from typing import TypeVar

from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.kind import Lint, Rule

from .facts import CeleryDeclared, CeleryFacts
from .servers import ASK, BACKEND, BROKER, OWN, Ask, Part, Servers, evidence, likeness_of, servers

T = TypeVar("T")

_OWN_RESULTS = "give staging a result backend of its own"
_NAMES = "ACL SETUSER <user> (+smembers +scard %R~*_kombu.binding.*)"
_RESTART = "not seen: a restart between the two readings, and tasks that a bridge or a shovel moves"


def same_broker(q: Ask) -> Judgement:
    """Two broker addresses, one Redis behind them: a worker takes whichever task waits there.

    Equal run_id: one process. Ids of replication that meet: what is queued in one is copied
    to the other. Logical databases and key prefixes keep tasks apart by habit only.
    """
    return _same(q, BROKER, OWN)


def same_result_backend(q: Ask) -> Judgement:
    """The broker was moved and the result backend was forgotten: it is another setting.

    As `same_broker`; results hold what tasks returned, which is production's data.
    """
    return _same(q, BACKEND, _OWN_RESULTS)


def queue_names(q: Ask) -> Judgement:
    """`KEYS celery*` shows the same names in every environment; the name is not the queue.

    A queue is its server, logical database, key prefix and name. Two servers have no queue
    in common. In one namespace every queue is within reach of both environments.
    """
    seen = (*evidence(q, BROKER), *q.saw("queues", _queue_names, "SMEMBERS _kombu.binding.*"))
    match servers(q, BROKER, seen):
        case Servers.TWO:
            return isolated(Grade.IDENTITY, "no queue in common: the brokers are two servers", seen, _RESTART)
        case Servers.KIN:
            return unproven("one broker is a replica or a copy of the other, queues included", seen, OWN)
        case Servers.ONE:
            return _queues_of_one(q, seen)
        case Judgement(outcome=Outcome.SHARED) as by_text:
            return _queues_by_text(q, by_text)
        case Judgement() as open_question:
            return open_question


def foreign_worker(q: Ask) -> Judgement:
    """A worker started with the wrong variables listens quietly on the other side's broker.

    The workers that announced themselves on each broker are read, nobody is called. In one
    namespace every worker serves both. Between two servers none does, for a worker serves one
    broker; a name on both sides may be two machines of one name, or one machine that serves
    both, and is left open. A worker is told from another by its name only.
    """
    seen = (*evidence(q, BROKER), *q.saw("workers", _worker_names, "SMEMBERS _kombu.binding.celery.pidbox"))
    match servers(q, BROKER, seen), both(q.left.facts.workers, q.right.facts.workers):
        case Judgement() as by_text, _:
            return _no_workers(by_text)
        case _, Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or _NAMES)
        case Servers.TWO, Known():
            return _workers_of_two(q, seen)
        case Servers.KIN, Known():
            return _workers_of_kin(q, seen)
        case Servers.ONE, Known():
            return _workers_of_one(q, seen)


def _same(q: Ask, part: Part, remedy: str) -> Judgement:
    seen = evidence(q, part)
    match servers(q, part, seen):
        case Servers.ONE:
            return shared(
                Grade.IDENTITY, f"one server behind both: {part.word} {_databases(q, part)}", seen, remedy
            )
        case Servers.KIN:
            summary = (
                f"one {part.word} is a replica or a copy of the other: what is in one gets into the other"
            )
            return shared(Grade.IDENTITY, summary, seen, remedy)
        case Servers.TWO:
            return isolated(
                Grade.IDENTITY, f"two servers: the run ids of the {part.word}s differ", seen, _RESTART
            )
        case Judgement() as judgement:
            return judgement


def _databases(q: Ask, part: Part) -> str:
    match both(part.database(q.production.facts), part.database(q.staging.facts)):
        case Known((a, b)) if a == b:
            return f"in one logical database (db {a})"
        case Known((a, b)):
            return f"in two logical databases (db {a}, db {b})"
        case Unknown():
            return "in logical databases that are unknown"


def _queues_of_one(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """One server: the logical database and the key prefix decide."""
    left, right = q.left.facts, q.right.facts
    databases, boxes = both(left.broker_database, right.broker_database), both(left.pidbox, right.pidbox)
    queues, bound = both(left.queues, right.queues), both(left.bound, right.bound)
    for unknown in (databases, boxes, queues, bound):
        if isinstance(unknown, Unknown):
            return unproven(unknown.reason, seen, unknown.remedy or _NAMES)
    if _differ(databases):
        return isolated(
            Grade.IDENTITY, "one server, two logical databases: no queue in common", seen, _ONE_SERVER
        )
    common = _common_queues(q)
    if common or not _differ(boxes):
        return shared(
            Grade.IDENTITY, f"one namespace, within reach of both: {common or 'no queue yet'}", seen, OWN
        )
    if isinstance(bound, Known) and 0 in bound.value:
        return unproven(
            "a stated key prefix shows no bound queue: nothing says that it is used", seen, _START
        )
    return isolated(Grade.IDENTITY, "one logical database, two key prefixes in use", seen, _ONE_SERVER)


_ONE_SERVER = "the server is one: its memory, FLUSHALL and pub/sub are common (celery/same-broker)"
_START = (
    "start a worker in each environment, and state `key_prefix` exactly as global_keyprefix is configured"
)


def _differ(pair: Fact[tuple[T, T]]) -> bool:
    return isinstance(pair, Known) and pair.value[0] != pair.value[1]


def _common_queues(q: Ask) -> str:
    match both(q.production.facts.queues, q.staging.facts.queues):
        case Known((a, b)):
            keys = {queue.key for queue in a}
            return ", ".join(queue.name for queue in b if queue.key in keys)
        case Unknown():
            return ""


def _queues_by_text(q: Ask, by_text: Judgement) -> Judgement:
    match likeness_of(q, BROKER):
        case Known(likeness) if likeness.verdict == "same" and not _prefixed(q):
            return by_text
        case _:
            return unproven(
                "the server is one by its address; its queues were not read", by_text.evidence, ASK
            )


def _prefixed(q: Ask) -> bool:
    boxes: Fact[tuple[str, str]] = both(q.left.facts.pidbox, q.right.facts.pidbox)
    return _differ(boxes)


def _no_workers(judgement: Judgement) -> Judgement:
    """Where the servers are not told apart, workers are not either."""
    if judgement.outcome is Outcome.UNPROVEN:
        return judgement
    return unproven("the broker is one by its address; its workers were not read", judgement.evidence, OWN)


def _workers_of_two(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """A worker serves one broker; only a name that is on both sides leaves a question."""
    if common := _common_workers(q):
        return unproven(f"both brokers list a worker called {', '.join(common)}", seen, _RENAME)
    listed = both(q.production.facts.workers, q.staging.facts.workers)
    silent = [s.environment for s in (q.production, q.staging) if s.facts.workers == Known(())]
    if silent:
        limits = f"no worker was running in {' and '.join(silent)}: its names were not compared"
    else:
        theirs = ", ".join(listed.value[1]) if isinstance(listed, Known) else ""
        limits = f"whose machine a worker runs on is told by its name only; staging's broker lists {theirs}"
    return isolated(Grade.IDENTITY, "no worker serves both: the brokers are two servers", seen, limits)


_RENAME = (
    "name workers after their environment (celery worker -n staging@%h); if one machine served both, stop it "
    "and start it with the right variables"
)


def _workers_of_kin(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """One server has copied the other's sets, so a name in both may be one worker or its trace."""
    common = ", ".join(_common_workers(q)) or "no worker in both"
    return unproven(f"one broker is a replica or a copy of the other ({common})", seen, OWN)


def _workers_of_one(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """One server: in one namespace every worker serves both."""
    common = _common_workers(q)
    apart = _namespaces(q)
    if common and apart is False:
        return shared(Grade.IDENTITY, f"a worker of one is a worker of both: {', '.join(common)}", seen, OWN)
    if common or apart is not True:
        return unproven("the broker is not known to be two, and its workers cannot be told apart", seen, OWN)
    if Known(()) in (q.left.facts.workers, q.right.facts.workers):
        return unproven(
            "no worker was running on a side: nothing shows that its namespace is used", seen, _START
        )
    return isolated(Grade.IDENTITY, "one server, two namespaces, and no worker in both", seen, _ONE_SERVER)


def _namespaces(q: Ask) -> bool | None:
    """True: two namespaces on one server; False: one; None: unknown."""
    left, right = q.left.facts, q.right.facts
    databases, boxes = both(left.broker_database, right.broker_database), both(left.pidbox, right.pidbox)
    if isinstance(databases, Unknown) or isinstance(boxes, Unknown):
        return None
    return _differ(databases) or _differ(boxes)


def _common_workers(q: Ask) -> list[str]:
    match both(q.left.facts.workers, q.right.facts.workers):
        case Known((a, b)):
            return sorted(set(a) & set(b))
        case Unknown():
            return []


def _queue_names(facts: CeleryFacts) -> Fact[str]:
    return mapped(facts.queues, lambda queues: ", ".join(queue.name for queue in queues) or "none")


def _worker_names(facts: CeleryFacts) -> Fact[str]:
    return mapped(facts.workers, lambda workers: ", ".join(workers) or "none")


RULES: tuple[Rule[CeleryFacts, CeleryDeclared], ...] = (
    Rule("celery/same-broker", same_broker),
    Rule(
        "celery/same-result-backend",
        same_result_backend,
        applies=lambda declared: declared.result_backend is not None,
    ),
    Rule("celery/queue-names", queue_names, applies=lambda declared: declared.queues is not None),
    Rule("celery/foreign-worker", foreign_worker),
)
LINTS: tuple[Lint[CeleryFacts, CeleryDeclared], ...] = ()
