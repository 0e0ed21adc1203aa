"""What RedBeat would run: the members of its sorted set, whose definitions are not read."""

from __future__ import annotations

from functools import partial

from disjoint.kinds.redis.session import Login, Session, connect, known
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from .facts import CLEAN_UP, CeleryDeclared, Entry
from .login import BACKEND, BROKER, login_of, must

PREFIX = "redbeat:"
ENTRIES = 5_000
"""A set is sent whole while the server does nothing else."""


def scheduled(target: Target[CeleryDeclared], probe: Probe) -> Fact[tuple[Entry, ...]]:
    """Every entry on the broker and on the result backend; RedBeat uses either.

    Unknown if neither is a Redis, or if one that is was not read.
    """
    prefix, places = known(lambda: _prefix(target)), _places(target)
    if isinstance(prefix, Unknown):
        return prefix
    if isinstance(places, Unknown):
        return places
    return known(lambda: _all(places.value, target, probe, prefix.value))


def _prefix(target: Target[CeleryDeclared]) -> str:
    if "redbeat_key_prefix" not in target.settings:
        return PREFIX
    return must(target.setting("redbeat_key_prefix")).reveal()


def _places(target: Target[CeleryDeclared]) -> Fact[list[Login]]:
    """The Redis servers among broker and result backend, each once."""
    settings = (BROKER, BACKEND) if target.declared.result_backend is not None else (BROKER,)
    found = [known(partial(login_of, target, setting)) for setting in settings]
    places: list[Login] = []
    for fact in found:
        if isinstance(fact, Known) and fact.value not in places:
            places.append(fact.value)
    return Known(places) if places else next(fact for fact in found if isinstance(fact, Unknown))


def _all(places: list[Login], target: Target[CeleryDeclared], probe: Probe, prefix: str) -> tuple[Entry, ...]:
    names = sorted({name for where in places for name in _names(where, probe, prefix)})
    shown = {*(target.declared.schedules or ()), CLEAN_UP}
    digests = {name: probe.digest("celery.schedule", name) for name in names}
    return tuple(Entry(digests[name], name if name in shown else digests[name]) for name in names)


def _names(where: Login, probe: Probe, prefix: str) -> list[str]:
    """The names in RedBeat's sorted set.

    Raises:
        ProbeError: it was not read.
    """
    with connect(where, probe) as session:
        session.select(where.db)
        return [name.removeprefix(prefix) for name in _members(session, f"{prefix}:schedule")]


def _members(session: Session, key: str) -> list[str]:
    size = session.ask("ZCARD", key)
    if not isinstance(size, int) or size > ENTRIES:
        raise ProbeError(f"RedBeat's schedule holds more than {ENTRIES} entries, or is none", _OTHER_PREFIX)
    match session.ask("ZRANGE", key, "0", "-1"):
        case list(members):
            return [m.decode("utf-8", "backslashreplace") for m in members if isinstance(m, bytes)]
        case _:
            raise ProbeError("ZRANGE was not answered with members", _OTHER_PREFIX)


_OTHER_PREFIX = "state redbeat_key_prefix exactly as RedBeat is configured"
