"""Facts of any kind, made of their own types: whatever a rule may meet."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from disjoint.model.fact import Known, Unknown
from disjoint.model.kind import Kind, Question, Side

TAKEN_AT = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
NOTHING = Unknown("not read", "GRANT it")
WORDS = st.sampled_from(["", "a", "b", "staging", "production", "0" * 40])

ADDRESSES: dict[str, list[str]] = {
    "postgres": [
        "postgresql://u@db.production.example:5432/app",
        "postgresql://u@db.staging.example:5432/app",
        "postgresql://u@db.production.example:5432/other",
        "postgresql://u@localhost/app",
        "postgresql://u@db.example:x/app",
    ],
    "redis": ["redis://a.example/0", "redis://a.example/1", "redis://b.example/0", "redis://localhost/0"],
    "celery": ["redis://a.example/0", "redis://a.example/1", "amqp://mq.example/v", "redis://x.example/no"],
    "bucket": ["s3://prod-reps", "s3://staging-reps", "https://minio.example/prod-reps", "s3://N_O"],
    "web": ["https://api.example.com", "https://staging.example.com", "http://localhost:8000", "nonsense:"],
    "variables": ["a", "b"],
}


def facts(kind: Kind[Any, Any]) -> st.SearchStrategy[Any]:
    """Any facts of a kind, known and unknown mixed."""
    hints = typing.get_type_hints(kind.facts)
    fields = {f.name: _fact(hints[f.name], kind) for f in dataclasses.fields(kind.facts)}
    return st.builds(kind.facts, **fields)


def _fact(hint: Any, kind: Kind[Any, Any]) -> st.SearchStrategy[Any]:
    known = next(a for a in typing.get_args(hint) if typing.get_origin(a) is Known)
    (inner,) = typing.get_args(known)
    return st.one_of(st.just(NOTHING), value(inner, kind).map(Known))


def value(hint: Any, kind: Kind[Any, Any]) -> st.SearchStrategy[Any]:
    """A value of a fact's type, from few enough values that two sides often agree."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return st.lists(value(arguments[0], kind), max_size=2).map(tuple)
        return st.tuples(*(value(a, kind) for a in arguments))
    if origin is frozenset:
        return st.frozensets(value(arguments[0], kind), max_size=2)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(value(a, kind) for a in arguments))
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    return _plain(hint, kind)


_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    bool: st.booleans(),
    int: st.sampled_from([0, 1, 5]),
    str: WORDS,
    datetime: st.just(TAKEN_AT),
}


def _plain(hint: Any, kind: Kind[Any, Any]) -> st.SearchStrategy[Any]:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if hint.__name__.endswith("Address"):
        return st.sampled_from([kind.read(text) for text in ADDRESSES[kind.name]])
    if issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    hints = typing.get_type_hints(hint)
    names = hint._fields if issubclass(hint, tuple) else [f.name for f in dataclasses.fields(hint)]
    return st.builds(hint, **{name: value(hints[name], kind) for name in names})


def declared(kind: Kind[Any, Any]) -> st.SearchStrategy[Any]:
    """Any declaration of a kind: every expectation stated or not."""
    hints = typing.get_type_hints(kind.declared)
    fields = {
        f.name: WORDS.filter(bool) if f.metadata.get("setting") else value(hints[f.name], kind)
        for f in dataclasses.fields(kind.declared)
    }
    return st.builds(kind.declared, **fields)


def question(production: Any, staging: Any, asked: Any) -> Question[Any, Any]:
    """Two sides, production's facts first."""
    return Question(
        Side("production", True, TAKEN_AT, production), Side("staging", False, TAKEN_AT, staging), asked
    )
