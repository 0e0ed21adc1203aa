"""What the user declared, checked and whole. Loading it lives in the manifest stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any

from .environment import Environment, Setting, Target
from .fact import Absent, Fact, Known, Unknown
from .finding import Grade, Waiver
from .secret import Secret


@dataclass(frozen=True, slots=True)
class Resource:
    """A declared resource: one row of the matrix."""

    name: str
    kind: str
    declared: object = field(repr=False)
    """The kind's own declaration (its `Kind.declared` dataclass); a literal in it may hold a password."""
    minimum: Grade = Grade.IDENTITY
    """A row whose strongest ISOLATED finding is weaker is UNPROVEN."""
    where: str = ""
    """``disjoint.toml:12``, or what it was inferred from."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Two environments, the resources both must have, and what people accepted."""

    production: Environment
    staging: Environment
    resources: tuple[Resource, ...]
    waivers: tuple[Waiver, ...] = ()
    public: tuple[str, ...] = ()
    """Names of variables whose values are no secrets."""
    directory: str = ""
    """The folder that files named in it are relative to."""
    source: str = ""
    """``disjoint.toml``, or how it was inferred."""
    inferred: tuple[str, ...] = ()
    """Lines for people: what was inferred from which variable; empty for a written manifest."""
    unplaced: tuple[str, ...] = ()
    """Resource-like variables that no resource claims."""


_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def variables_in(text: str) -> tuple[str, ...]:
    """The names of the variables that a declared text takes: ``$NAME`` and ``${NAME}``."""
    return tuple(braced or bare for braced, bare in _VARIABLE.findall(text))


def setting_fields(declared: object) -> Mapping[str, str]:
    """The declared text fields that take variables, by name; only those that are stated."""
    if not is_dataclass(declared):
        raise TypeError(f"{type(declared).__name__} is no declaration")
    marked = (f.name for f in fields(declared) if f.metadata.get("setting"))
    return {name: text for name in marked if (text := getattr(declared, name)) is not None}


def required_settings(declared: object) -> tuple[str, ...]:
    """The text fields without which there is no such resource: those that have no default."""
    if not is_dataclass(declared):
        raise TypeError(f"{type(declared).__name__} is no declaration")
    return tuple(f.name for f in fields(declared) if f.metadata.get("setting") and f.default is MISSING)


def fill(text: str, environment: Environment, where: str) -> Fact[Setting]:
    """Fill a declared text with an environment's variables; unknown if any of them is."""
    names = variables_in(text)
    values: dict[str, str] = {}
    for name in names:
        match environment.variable(name):
            case Known(secret) if not secret.reveal() and text.strip("${}") == name:
                return Absent(f"{name} is empty in {environment.source}")
            case Known(secret):
                values[name] = secret.reveal()
            case Unknown() as unknown:
                return unknown
    filled = _VARIABLE.sub(lambda found: values[found[1] or found[2]], text)
    places = [environment.variables[name].where for name in names]
    return Known(Setting(Secret(filled), names, places[0] if places else where))


def target(resource: Resource, environment: Environment) -> Target[Any]:
    """The resource as this environment has it, every stated setting filled in."""
    settings = {
        name: fill(text, environment, resource.where)
        for name, text in setting_fields(resource.declared).items()
    }
    return Target(resource.name, resource.kind, environment, resource.declared, settings)
