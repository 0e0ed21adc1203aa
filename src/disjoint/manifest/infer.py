"""Two files of variables -> Manifest: what values' schemes and the names people use give away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from disjoint.model.environment import Environment
from disjoint.model.kind import Kind
from disjoint.model.manifest import Manifest, Resource

from . import habits
from .buckets import place_buckets
from .parts import place_parts
from .placing import Placing, Sight, grouped, ranked, slug
from .resources import VARIABLES, default_minimum

_BROKERS = ("amqp", "amqps", "pyamqp", "sqs", "sentinel", "redis", "rediss", "valkey", "valkeys")
_REDIS = ("redis", "rediss", "valkey", "valkeys", "unix")
_CONNINFO = re.compile(r"(?:^|\s)(?:host|hostaddr|dbname|service)\s*=", re.IGNORECASE)
_WEB = re.compile(
    r"(?:(https?)://)?(\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:\d+)?(?:[/?#]\S*)?", re.IGNORECASE
)
_NUMERIC = re.compile(r"[\d.]+|\[.*")
_ONE_URL = re.compile(r"(?!file:|data:)[a-z][a-z0-9+.-]*://[^\s,]+", re.IGNORECASE)


def infer(staging: Environment, production: Environment, kinds: Sequence[Kind[Any, Any]]) -> Manifest:
    """Find the resources that two environments' variables speak of.

    A resource that only one side names is inferred all the same: the missing side is a
    finding. What looks like a resource and is none of ours is listed, never dropped.

    Args:
        staging: the side that must not touch the other.
        production: the protected side.
        kinds: what may be inferred.
    """
    placing = Placing(Sight(production, staging), {kind.name: kind for kind in kinds})
    for kind, steps in _STEPS.items():
        if kind in placing.kinds:
            for step in steps:
                step(placing)
    resources, lines = placing.ordered()
    return Manifest(
        production,
        staging,
        (*resources, *_variables(placing)),
        source=f"inferred from {staging.source} and {production.source}",
        inferred=lines,
        unplaced=tuple(name for name in placing.free() if _like_a_resource(placing, name)),
    )


def _variables(placing: Placing) -> Iterator[Resource]:
    if VARIABLES in placing.kinds:
        kind = placing.kinds[VARIABLES]
        yield Resource(VARIABLES, VARIABLES, kind.declared(), default_minimum(kind), "always there")


def _place_celery(placing: Placing) -> None:
    brokers = _of_scheme(placing, "celery", _named(placing, "broker", _is_broker))
    results = _named(placing, "result", lambda *_: True) if brokers else ()
    # A second result backend is no second queue; where it is a Redis, a later step finds it.
    backends = list(grouped(placing.sight, results))[:1]
    more = {"result_backend": f"${backends[0][0]}"} if backends else {}
    placing.claimed.update(other for _, others in backends for other in others)
    _place_each(placing, "celery", "broker", brokers, more)


def _place_postgres(placing: Placing) -> None:
    names = _named(placing, "postgres", _is_postgres)
    _place_each(placing, "postgres", "url", _of_scheme(placing, "postgres", names))
    place_parts(placing, "postgres")


def _place_redis(placing: Placing) -> None:
    names = _of_scheme(placing, "redis", _named(placing, "redis", _is_redis))
    backends = _named(placing, "result", lambda sight, name: sight.scheme(name) in _REDIS)
    _place_each(placing, "redis", "url", (*names, *backends))
    place_parts(placing, "redis")


def _place_web(placing: Placing) -> None:
    """One resource for each origin: an address with another path is the same service."""
    roles = {
        name: role
        for role, pattern in habits.WEB.items()
        for name in ranked(placing.free(), habits.WEB_FIRST[role])
        if pattern.search(habits.plain(name)) and _is_web(placing.sight, name)
    }
    called: set[str] = set()
    for name, also in grouped(placing.sight, roles, _origin):
        role = roles[name]
        placing.place("web", slug(name) if role in called else role, {"url": f"${name}"}, also)
        called.add(role)


_STEPS: Mapping[str, tuple[Callable[[Placing], None], ...]] = {
    # Celery before Redis: a broker's name says more than its scheme.
    "celery": (_place_celery, lambda placing: place_parts(placing, "celery")),
    "postgres": (_place_postgres,),
    "redis": (_place_redis,),
    "bucket": (place_buckets,),
    "web": (_place_web,),
}


def _named(placing: Placing, habit: str, is_one: Callable[[Sight, str], bool]) -> tuple[str, ...]:
    """The free variables that a habit names and `is_one` confirms, well-known ones first."""
    found = (name for name in placing.free() if habits.named(habit, name) and is_one(placing.sight, name))
    return ranked(found, habits.FIRST[habit])


def _of_scheme(placing: Placing, kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """`names`, and whatever else holds a URL that only this kind reads."""
    others = (
        name
        for name in placing.free()
        if name not in names
        and habits.SCHEMES.get(placing.sight.scheme(name)) == kind
        and not habits.named("result", name)
    )
    return (*names, *others)


def _place_each(
    placing: Placing, kind: str, setting: str, names: Sequence[str], more: Mapping[str, str] | None = None
) -> None:
    for position, (name, also) in enumerate(grouped(placing.sight, names)):
        called = slug(name) if position else habits.CALLED[kind]
        settings = {setting: f"${name}", **((more or {}) if not position else {})}
        placing.place(kind, called, settings, also)


def _is_broker(sight: Sight, name: str) -> bool:
    if habits.NO_BROKER.search(habits.plain(name)) or habits.named("result", name):
        return False
    return not sight.known(name) or sight.scheme(name) in _BROKERS


def _is_postgres(sight: Sight, name: str) -> bool:
    known = sight.known(name)
    return habits.SCHEMES.get(sight.scheme(name)) == "postgres" or (
        not known or any(_CONNINFO.search(text) for text in known)
    )


def _is_redis(sight: Sight, name: str) -> bool:
    if habits.NO_REDIS.search(habits.plain(name)):
        return False
    return not sight.known(name) or sight.scheme(name) in _REDIS


def _is_web(sight: Sight, name: str) -> bool:
    """Unresolved, or an address that others could call: not ``/api``, ``*.x.y`` or ``0.0.0.0``."""
    known = sight.known(name)
    return not known or any(_origin(text) for text in known)


def _origin(text: str) -> str:
    found = _WEB.fullmatch(text)
    if found is None:
        return ""
    scheme, host, port = found.groups(default="")
    if not scheme and ("." not in host or _NUMERIC.fullmatch(host)):
        return ""
    return f"{host.lower()}{port}"


def _like_a_resource(placing: Placing, name: str) -> bool:
    known = placing.sight.known(name)
    if habits.PLATFORM.search(habits.plain(name)):
        return False
    if name in placing.failed or any(map(_ONE_URL.fullmatch, known)):
        return True
    switch = bool(known) and all(map(habits.NO_ADDRESS.fullmatch, known))
    return not switch and bool(habits.RESOURCE_LIKE.search(habits.plain(name)))
