"""``[resources.*]``: each kind's own declaration, converted to its own type."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from disjoint.model.finding import Grade
from disjoint.model.kind import Kind
from disjoint.model.manifest import Resource, setting_fields, variables_in

from .document import Table, nearest
from .environments import NAME, Sides

Kinds = Sequence[Kind[Any, Any]]

VARIABLES = "variables"
"""The resource and the kind that every manifest has: the variables themselves."""

GRADES = {grade.word: grade for grade in Grade}


def read_resources(top: Table, kinds: Kinds, sides: Sides, public: tuple[str, ...]) -> tuple[Resource, ...]:
    """Every declared resource, and last the variables themselves.

    Raises:
        ManifestError: an unknown kind, key or variable, a wrong type, a bad grade.
    """
    sections = top.table("resources")
    by_name = {kind.name: kind for kind in kinds}
    declared = [
        _resource(name, section, _kind(name, section, by_name), sides)
        for name, section in sections.tables()
        if name != VARIABLES
    ]
    if VARIABLES in by_name:
        section = sections.table(VARIABLES)
        declared.append(_variables(section, by_name[VARIABLES], public, stated=VARIABLES in sections.values))
    return tuple(declared)


def default_minimum(kind: Kind[Any, Any]) -> Grade:
    """The grade that a resource must reach if nothing else is stated: variables have no server to ask."""
    return Grade.IDENTITY if kind.networked else Grade.DECLARED


def _kind(name: str, section: Table, kinds: Mapping[str, Kind[Any, Any]]) -> Kind[Any, Any]:
    if not NAME.fullmatch(name):
        raise section.refuse(None, "a name is letters, digits, '-' and '_', at most 64 of them")
    kind = section.text("kind")
    if kind not in kinds:
        raise section.refuse("kind", f"there is no kind {kind!a}{nearest(kind, kinds)}")
    if kind == VARIABLES:
        raise section.refuse(
            "kind", "variables are one resource, which is always there: [resources.variables]"
        )
    return kinds[kind]


def _resource(name: str, section: Table, kind: Kind[Any, Any], sides: Sides) -> Resource:
    declared = _declaration(section, kind, {})
    _check_variables(section, declared, sides)
    return Resource(name, kind.name, declared, _minimum(section, kind), section.where)


def _variables(section: Table, kind: Kind[Any, Any], public: tuple[str, ...], *, stated: bool) -> Resource:
    if section.values.get("kind", VARIABLES) != VARIABLES:
        raise section.refuse("kind", "this name is kept for the variables themselves; rename the resource")
    if "public" in section.values:
        raise section.refuse("public", "stands at the top of the manifest, above every table")
    declared = _declaration(section, kind, {"public": public})
    where = section.where if stated else section.document.shown
    return Resource(VARIABLES, kind.name, declared, _minimum(section, kind), where)


def _declaration(section: Table, kind: Kind[Any, Any], fixed: Mapping[str, object]) -> object:
    """The kind's own dataclass, each field converted to its declared type."""
    hints = typing.get_type_hints(kind.declared)
    names = [field.name for field in dataclasses.fields(kind.declared)]
    free = [name for name in names if name not in fixed]
    section.only(("kind", "minimum", *free))
    given = {name: _convert(section, name, hints[name]) for name in free if name in section.values}
    missing = [name for name in _required(kind) if name not in given and name not in fixed]
    if missing:
        raise section.refuse(None, f'{" and ".join(missing)} missing: kind = "{kind.name}" needs it')
    mine = {name: value for name, value in fixed.items() if name in names}
    try:
        return kind.declared(**given, **mine)
    except ValueError as error:
        raise section.refuse(None, str(error)) from None


def _required(kind: Kind[Any, Any]) -> Iterator[str]:
    for field in dataclasses.fields(kind.declared):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            yield field.name


def _convert(section: Table, name: str, hint: object) -> object:
    value = section.convert(name, hint)
    if isinstance(value, str) and not value.strip():
        raise section.refuse(name, "is empty")
    if isinstance(value, int) and value < 0:
        raise section.refuse(name, "is negative")
    if isinstance(value, int) and value > (most := _WEEK if name.endswith("_seconds") else _MOST):
        raise section.refuse(name, f"is more than {most:,}")
    return value


_WEEK = 7 * 86_400
"""Seconds that nobody waits for; a system's own clocks hold no number without end."""
_MOST = (1 << 53) - 1
"""As far as whole numbers go in JSON (RFC 8259, 6)."""


def _minimum(section: Table, kind: Kind[Any, Any]) -> Grade:
    if "minimum" not in section.values:
        return default_minimum(kind)
    word = section.text("minimum")
    if word not in GRADES:
        raise section.refuse("minimum", f"there is no grade {word!a}{nearest(word, GRADES)}")
    return GRADES[word]


def _check_variables(section: Table, declared: object, sides: Sides) -> None:
    """A variable that neither side sets is a misspelling; one that one side lacks is a finding."""
    if not (sides.production.held and sides.staging.held):
        return  # the side that is not read here may set it
    known = [*sides.production.variables, *sides.staging.variables]
    for field, text in setting_fields(declared).items():
        if field not in section.values:
            continue  # a default that the user did not write
        for name in variables_in(text):
            if name not in known:
                raise section.refuse(
                    field,
                    f"${name} is set in neither {sides.production.source} nor {sides.staging.source}"
                    f"{_like(name, known)}",
                )


def _like(name: str, known: Sequence[str]) -> str:
    """Only a near name: a list of all variables would help nobody."""
    found = nearest(name, known)
    return found if found.startswith("; did") else ""
