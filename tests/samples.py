"""Facts of any kind, drawn from their own types: whatever a rule may meet.

Seeded, so that a failure names the number that brings it back; few values per type, so that
two sides often agree and every branch of a rule is met.
"""

from __future__ import annotations

import dataclasses
import enum
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from types import UnionType
from typing import Any

from disjoint.model.census import Overlap
from disjoint.model.fact import Absent, Known, Unknown
from disjoint.model.kind import Kind, Question, Side

TAKEN_AT = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
NOTHING = Unknown("not read", "GRANT it")
WORDS = ("", "a", "b", "staging", "production", "X=staging", "X=production", "0" * 40)

ADDRESSES: dict[str, tuple[str, ...]] = {
    "postgres": (
        "postgresql://u@db.production.example:5432/app",
        "postgresql://u@db.staging.example:5432/app",
        "postgresql://u@db.production.example:5432/other",
        "postgresql://u@localhost/app",
        "postgresql://u@db.example:x/app",
    ),
    "redis": ("redis://a.example/0", "redis://a.example/1", "redis://b.example/0", "redis://localhost/0"),
    "celery": ("redis://a.example/0", "redis://a.example/1", "amqp://mq.example/v", "redis://x.example/no"),
    "bucket": ("s3://prod-reps", "s3://staging-reps", "https://minio.example/prod-reps", "s3://N_O"),
    "web": ("https://api.example.com", "https://staging.example.com", "http://localhost:8000", "nonsense:"),
    "variables": ("a", "b"),
}


class Samples:
    """An endless, repeatable supply of facts, declarations and questions of one kind."""

    def __init__(self, kind: Kind[Any, Any], seed: int) -> None:
        self.kind = kind
        self._random = Random(f"{kind.name}/{seed}")
        self._words: tuple[str, ...] = WORDS

    def facts(self, environment: str = "production") -> Any:
        """Facts, each known or unknown; now and then all known, and all text the environment's own name."""
        self._words = self._random.choice((WORDS, WORDS, (environment,), (f"X={environment}",)))
        hints = _hints(self.kind.facts)
        share = self._random.choice((0.5, 0.9, 1.0, 1.0))
        return self.kind.facts(**{name: self._fact(hint, share) for name, hint in hints.items()})

    def near(self, facts: Any) -> Any:
        """The same facts with up to three of them drawn anew: two sides that are almost one."""
        hints = _hints(self.kind.facts)
        changed = self._random.sample(sorted(hints), k=min(len(hints), self._random.randint(0, 3)))
        if "address" in hints and self._random.random() < 0.5:
            changed.append("address")  # another name for the same server is where rules go wrong
        return dataclasses.replace(facts, **{name: self._fact(hints[name], 0.8) for name in changed})

    def experiments(self) -> dict[str, Any]:
        """What came of each live test of the kind: something, nothing, or a failure."""
        drawn = {test.name: self._result(test.result) for test in self.kind.experiments}
        return {name: result for name, result in drawn.items() if result is not None}

    def _result(self, result: type[Any]) -> Any:
        chance = self._random.random()
        if chance < 0.2:
            return None
        return NOTHING if chance < 0.35 else Known(self._came(result))

    def _came(self, result: type[Any]) -> Any:
        """What came of it; of a census often nothing: it takes four empty lists at once to prove anything."""
        drawn = self.value(result)
        if result is Overlap and self._random.random() < 0.5:
            drawn = dataclasses.replace(drawn, shared=(), gaps=(), blind=())
        return drawn

    def declared(self) -> Any:
        """A declaration: every expectation stated or not."""
        hints = _hints(self.kind.declared)
        return self.kind.declared(
            **{f.name: self._stated(f, hints[f.name]) for f in dataclasses.fields(self.kind.declared)}
        )

    def _stated(self, field: dataclasses.Field[Any], hint: Any) -> Any:
        if field.name == "detect":  # a text of its own grammar
            return self._random.choice(("1000@99.9%", "10@95%"))
        return self._random.choice(WORDS[1:]) if field.metadata.get("setting") else self.value(hint)

    def _fact(self, hint: Any, share: float) -> Any:
        if self._random.random() > share:
            return self._random.choice((NOTHING, NOTHING, Absent("not set", "set it")))
        known = next(a for a in typing.get_args(hint) if typing.get_origin(a) is Known)
        return Known(self.value(typing.get_args(known)[0]))

    def value(self, hint: Any) -> Any:
        """A value of a fact's type."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is tuple and arguments[-1] is Ellipsis:
            return tuple(self.value(arguments[0]) for _ in range(self._random.randint(0, 2)))
        if origin is tuple:
            return tuple(self.value(a) for a in arguments)
        if origin is frozenset:
            return frozenset(self.value(arguments[0]) for _ in range(self._random.randint(0, 2)))
        if origin in {typing.Union, UnionType} and Unknown in arguments:
            return self._fact(hint, 0.8)
        if origin in {typing.Union, UnionType}:
            return self.value(self._random.choice(arguments))
        if origin is typing.Literal:
            return self._random.choice(arguments)
        return self._plain(hint)

    def _plain(self, hint: Any) -> Any:
        few: dict[Any, tuple[Any, ...]] = {
            type(None): (None,),
            bool: (True, False),
            int: (0, 1, 5),
            float: (0.0, 0.999),
            bytes: (b"", b"mark"),
            str: self._words,
            datetime: (TAKEN_AT,),
        }
        if hint in few:
            return self._random.choice(few[hint])
        if hint.__name__.endswith("Address"):
            return self.kind.read(self._random.choice(ADDRESSES[self.kind.name]))
        if issubclass(hint, enum.Enum):
            return self._random.choice(list(hint))
        return hint(**{name: self.value(inner) for name, inner in _hints(hint).items()})


_HINTS: dict[str, dict[str, Any]] = {}


def _hints(made: type[Any]) -> dict[str, Any]:
    name = f"{made.__module__}.{made.__qualname__}"
    if name not in _HINTS:
        _HINTS[name] = _resolved(made)
    return _HINTS[name]


def _resolved(made: type[Any]) -> dict[str, Any]:
    names = made._fields if hasattr(made, "_fields") else [f.name for f in dataclasses.fields(made)]
    hints = typing.get_type_hints(made)
    return {name: hints[name] for name in names}


def question(
    production: Any, staging: Any, asked: Any, experiments: Mapping[str, Any] | None = None
) -> Question[Any, Any]:
    """Two sides, production's facts first."""
    sides = Side("production", True, TAKEN_AT, production), Side("staging", False, TAKEN_AT, staging)
    return Question(*sides, asked, experiments or {})
