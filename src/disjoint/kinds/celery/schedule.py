"""Periodic tasks that both environments would run. Pure."""

from __future__ import annotations

from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.finding import Grade, Judgement, isolated, shared, unproven

from .facts import CLEAN_UP, CeleryFacts, Entry
from .servers import Ask


def schedule(q: Ask) -> Judgement:
    """A schedule that was copied with everything else runs twice: two invoices, two mails a night.

    Entries of RedBeat on staging's servers and on production's. None of production's may be
    on staging's, unless the manifest allows it. That production's were found is the control.
    """
    seen = q.saw("RedBeat's schedule", _told, "ZRANGE redbeat::schedule")
    match q.production.facts.schedule, q.staging.facts.schedule:
        case (Unknown(reason, remedy), _) | (_, Unknown(reason, remedy)):
            return unproven(reason, seen, remedy or _READ)
        case Known(()), Known():
            return unproven("no schedule of RedBeat's was found in production", seen, _ELSEWHERE)
        case Known(theirs), Known(ours):
            twice = _twice(theirs, ours, (*(q.declared.schedules or ()), CLEAN_UP))
            if twice:
                return shared(Grade.IDENTITY, f"runs in both environments: {', '.join(twice)}", seen, _STOP)
            return isolated(Grade.IDENTITY, _summary(ours), seen, _BLIND)


def _twice(theirs: tuple[Entry, ...], ours: tuple[Entry, ...], may: tuple[str, ...]) -> list[str]:
    keys = {entry.key for entry in theirs}
    return sorted(entry.name for entry in ours if entry.key in keys and entry.name not in may)


def _summary(ours: tuple[Entry, ...]) -> str:
    found = f"{len(ours)} entries in staging" if ours else "no entry in staging"
    return f"{found}, and none that runs in production too, except as allowed"


def _told(facts: CeleryFacts) -> Fact[str]:
    return mapped(facts.schedule, lambda entries: ", ".join(entry.name for entry in entries) or "none")


_READ = "ACL SETUSER <user> (+zcard +zrange %R~*:schedule)"
_ELSEWHERE = (
    "state redbeat_key_prefix exactly as configured; for a scheduler that keeps its schedule in a database, "
    "declare a sentinel on its table (django_celery_beat_periodictask) instead"
)
_STOP = (
    "delete the entry in staging (RedBeatSchedulerEntry.from_key(...).delete()), or stop staging's beat; if "
    "both may run it, list it in `schedules`"
)
_BLIND = (
    "a beat that keeps its schedule in a file, in a database or on another server (redbeat_redis_url), and "
    "one task under two names"
)
