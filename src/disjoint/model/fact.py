"""What is known, and what is not: a fact is never silently absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A value that was read, and may be relied upon."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be read, and why. It never becomes ISOLATED."""

    reason: str
    """One clause for people; never holds a secret or a driver's error text."""
    remedy: str = ""
    """The exact grant, setting or step that would make it known; empty if none is known."""


@dataclass(frozen=True, slots=True)
class Absent(Unknown):
    """Unknown because this environment does not name it at all: the variable is unset."""


Fact: TypeAlias = Known[T] | Unknown


def mapped(fact: Fact[A], change: Callable[[A], B]) -> Fact[B]:
    """A fact told in other words: unknown stays unknown, for its own reason."""
    return Known(change(fact.value)) if isinstance(fact, Known) else fact


def both(left: Fact[A], right: Fact[B]) -> Known[tuple[A, B]] | Unknown:
    """Join two facts into one: known only if both are, else the first reason that stands."""
    match left:
        case Unknown():
            return left
        case Known(a):
            match right:
                case Unknown():
                    return right
                case Known(b):
                    return Known((a, b))
