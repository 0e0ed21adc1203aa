"""What two environments' brokers and result backends prove about each other. Pure."""

from __future__ import annotations

from disjoint.model.experiment import Blind, Seen, Sight, Unseen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Rule

from .doors import cross_login
from .facts import CeleryDeclared, CeleryFacts, Nameless, Server
from .schedule import schedule
from .servers import (
    ASK,
    BACKEND,
    BROKER,
    NAMES,
    ONE_SERVER,
    OWN,
    START,
    Ask,
    Part,
    Servers,
    differ,
    evidence,
    likeness_of,
    of,
    servers,
)
from .workers import foreign_worker

_OWN_RESULTS = "give staging a result backend of its own"
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


def _same(q: Ask, part: Part, remedy: str) -> Judgement:
    seen, sight = evidence(q, part), of(q, part.canary).sight()
    match servers(q, part, seen):
        case Servers.ONE:
            return _one(q, part, sight, (seen, remedy))
        case Servers.KIN:
            summary = (
                f"one {part.word} is a replica or a copy of the other: what is in one gets into the other"
            )
            return shared(Grade.IDENTITY, summary, seen, remedy)
        case Servers.TWO if isinstance(nameless := _nameless(q, part), Nameless):
            return unproven(f"{_KIN_UNKNOWN}: {nameless.why}", seen, nameless.remedy or ASK)
        case Servers.TWO:
            return _apart(part, sight, seen)
        case Judgement() as judgement:
            return judgement


def _nameless(q: Ask, part: Part) -> Server | Nameless | None:
    """The side's server that tells nothing of its replication, if one does not."""
    told = (part.server(side.facts) for side in (q.production, q.staging))
    return next((s.value for s in told if isinstance(s, Known) and isinstance(s.value, Nameless)), None)


_KIN_UNKNOWN = "two servers by a mark; whether one is a replica or a copy of the other is not known"


def _one(q: Ask, part: Part, sight: Sight, said: tuple[tuple[Evidence, ...], str]) -> Judgement:
    seen, remedy = said
    summary = f"one server behind both: {part.word} {_databases(q, part)}"
    if not isinstance(sight, Seen):
        return shared(Grade.IDENTITY, summary, seen, remedy)
    marked = f"staging's mark ({sight.channel}) stands in production's {part.word}"
    match both(part.server(q.left.facts), part.server(q.right.facts)):
        case Known((Server() as a, Server() as b)) if a.run_id != b.run_id:
            odd = f"{marked} though the run ids differ: a proxy, a balancer or a split brain"
            return shared(Grade.CANARY, odd, seen, f"{_STOP}{remedy}")
        case _:
            return shared(Grade.CANARY, f"{summary}; {marked}", seen, remedy)


_STOP = "stop: find out what answers at these two addresses before anything else is believed; then "


def _apart(part: Part, sight: Sight, seen: tuple[Evidence, ...]) -> Judgement:
    if isinstance(sight, Unseen):
        summary = f"two servers: staging's mark ({sight.channel}) is not in production's {part.word}"
        return isolated(Grade.CANARY, summary, seen, _RESTART)
    why = f"; the canary adds nothing: {sight.reason}" if isinstance(sight, Blind) else ""
    summary = f"two servers: the run ids of the {part.word}s differ"
    return isolated(Grade.IDENTITY, summary, seen, f"{_RESTART}{why}")


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
            return unproven(unknown.reason, seen, unknown.remedy or NAMES)
    if differ(databases):
        return isolated(
            Grade.IDENTITY, "one server, two logical databases: no queue in common", seen, ONE_SERVER
        )
    common = _common_queues(q)
    if common or not differ(boxes):
        return shared(
            Grade.IDENTITY, f"one namespace, within reach of both: {common or 'no queue yet'}", seen, OWN
        )
    if isinstance(bound, Known) and 0 in bound.value:
        return unproven("a stated key prefix shows no bound queue: nothing says that it is used", seen, START)
    return isolated(Grade.IDENTITY, "one logical database, two key prefixes in use", seen, ONE_SERVER)


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
    return differ(boxes)


def _queue_names(facts: CeleryFacts) -> Fact[str]:
    return mapped(facts.queues, lambda queues: ", ".join(queue.name for queue in queues) or "none")


RULES: tuple[Rule[CeleryFacts, CeleryDeclared], ...] = (
    Rule("celery/same-broker", same_broker),
    Rule(
        "celery/same-result-backend",
        same_result_backend,
        applies=lambda declared: declared.result_backend is not None,
    ),
    Rule("celery/queue-names", queue_names, applies=lambda declared: declared.queues is not None),
    Rule("celery/foreign-worker", foreign_worker),
    Rule("celery/cross-login", cross_login, applies=lambda declared: declared.reach, needs="reach"),
    Rule(
        "celery/schedule", schedule, Asks.EXPECTATION, applies=lambda declared: declared.schedules is not None
    ),
)
LINTS: tuple[Lint[CeleryFacts, CeleryDeclared], ...] = ()
