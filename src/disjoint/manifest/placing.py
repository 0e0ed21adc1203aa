"""What inference has seen and placed so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from disjoint.model.environment import Environment
from disjoint.model.fact import Absent, Known, Unknown
from disjoint.model.kind import Kind
from disjoint.model.manifest import Resource, setting_fields, variables_in

from .habits import plain
from .resources import VARIABLES, default_minimum

_SCHEME = re.compile(r"(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9_.-]+)*://", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")
_SUFFIX = re.compile(r"_(?:URL|URI|DSN|NAME|HOST|HOSTNAME|SERVER|CONNECTION_STRING)$")


class Sight:
    """Both environments' variables side by side; empty ones count as unset."""

    def __init__(self, production: Environment, staging: Environment) -> None:
        self.production = production
        self.staging = staging
        self.sides = (production, staging)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every variable that at least one side sets, production's order first."""
        both = {**self.production.variables, **self.staging.variables}
        return tuple(name for name in both if self.set_in(name))

    @cached_property
    def _spelled(self) -> Mapping[str, str]:
        return {plain(name): name for name in reversed(self.names)}

    def called(self, name: str) -> str | None:
        """The variable of this name in whatever case, ``__`` counting as ``_``; None if none is set."""
        return name if name in self.names else self._spelled.get(name)

    def values(self, name: str) -> tuple[str | None, str | None]:
        """Production's and staging's text; None where it is unset, empty or unresolved."""
        return _text(self.production, name), _text(self.staging, name)

    def known(self, name: str) -> tuple[str, ...]:
        """The texts that are known."""
        return tuple(text for text in self.values(name) if text is not None)

    def set_in(self, name: str) -> bool:
        """Does a side set it, to something or to a reference?"""
        return not self.resolved(name) or bool(self.known(name))

    def resolved(self, name: str) -> bool:
        """Is its text known wherever it is set?"""
        return all(isinstance(side.variable(name), (Known, Absent)) for side in self.sides)

    def scheme(self, name: str) -> str:
        """The scheme of the first known value, without ``jdbc:`` and ``+driver``; empty if it has none."""
        for text in self.known(name):
            if found := _SCHEME.match(text):
                return found[1].lower()
        return ""


def _text(side: Environment, name: str) -> str | None:
    match side.variable(name):
        case Known(secret):
            return secret.reveal().strip() or None
        case Unknown():
            return None


@dataclass(slots=True)
class Placing:
    """The resources inferred so far, and which variables they account for."""

    sight: Sight
    kinds: Mapping[str, Kind[Any, Any]]
    claimed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    """Variable -> why it was recognised and yet makes no resource."""
    _placed: list[tuple[Resource, str]] = field(default_factory=list)

    def free(self) -> tuple[str, ...]:
        """The variables that no resource accounts for yet."""
        return tuple(name for name in self.sight.names if name not in self.claimed)

    def texts(self, kind: str) -> tuple[str, ...]:
        """The declared texts of what is placed already."""
        placed = [resource for resource, _ in self._placed if resource.kind == kind]
        return tuple(text for resource in placed for text in setting_fields(resource.declared).values())

    def place(self, kind: str, called: str, settings: Mapping[str, str], also: Sequence[str] = ()) -> None:
        """Declare a resource. `also` are further variables that lead to the same thing."""
        form = self.kinds[kind].declared
        known = {field.name for field in fields(form)}
        mine = {name: text for name, text in settings.items() if name in known}
        used = tuple(dict.fromkeys(name for text in mine.values() for name in variables_in(text)))
        name = self._free_name(called)
        where = f"inferred from {', '.join(used)}"
        resource = Resource(name, kind, form(**mine), default_minimum(self.kinds[kind]), where)
        more = f" (also {', '.join(also)})" if also else ""
        self._placed.append((resource, f"{name}: {kind} from {', '.join(used)}{more}"))
        self.claimed.update(used, also)

    def ordered(self) -> tuple[tuple[Resource, ...], tuple[str, ...]]:
        """The resources in the order of the kinds, and a line for people about each."""
        order = list(self.kinds)
        placed = sorted(self._placed, key=lambda entry: order.index(entry[0].kind))
        failed = (f"not placed: {name}: {why}" for name, why in self.failed.items())
        return tuple(resource for resource, _ in placed), (*(line for _, line in placed), *failed)

    def _free_name(self, called: str) -> str:
        taken = {resource.name for resource, _ in self._placed} | {VARIABLES}
        name, number = called, 2
        while name in taken:
            name, number = f"{called}-{number}", number + 1
        return name


def slug(variable: str) -> str:
    """A resource's name made of a variable's: ``ANALYTICS_DATABASE_URL`` -> ``analytics-database``."""
    return _SLUG.sub("-", _SUFFIX.sub("", plain(variable)).lower()).strip("-")[:60] or "resource"


def ranked(names: Iterable[str], first: Sequence[str]) -> tuple[str, ...]:
    """The well-known names first, in their order; the rest as they come."""
    place = {name: number for number, name in enumerate(first)}
    return tuple(sorted(names, key=lambda name: place.get(plain(name), len(first))))


def grouped(
    sight: Sight, names: Iterable[str], key: Callable[[str], str] = str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Names that lead to one thing wherever they are set, as the best of them and the others.

    `key` says what of a text counts. What is unresolved is only itself.
    """
    groups: dict[str, list[str]] = {}
    seen: dict[str, tuple[str | None, ...]] = {}
    for name in sorted(names, key=lambda name: sight.values(name).count(None)):
        texts = tuple(None if text is None else key(text) for text in sight.values(name))
        twin = next((first for first, theirs in seen.items() if _within(texts, theirs)), None)
        if twin is None or not sight.resolved(name):
            groups[name] = []
            if sight.resolved(name):
                seen[name] = texts
        else:
            groups[twin].append(name)
    for first, others in groups.items():
        yield first, tuple(others)


def _within(texts: tuple[str | None, ...], theirs: tuple[str | None, ...]) -> bool:
    return all(text is None or text == other for text, other in zip(texts, theirs, strict=True))
