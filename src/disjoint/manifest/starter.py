"""Write an inferred manifest down as a disjoint.toml that teaches; loading it gives the same resources."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from disjoint.model.environment import Environment
from disjoint.model.finding import Grade
from disjoint.model.manifest import Manifest, Resource

from .resources import VARIABLES

PROCESS = "this process"
"""How an environment's source reads where its variables are this process's own."""

_HEAD = """\
# What `disjoint verify` compares. Every key is explained in docs/manifest.md.
# $NAME takes a variable of each environment; no secret needs to stand in this file.
"""

_HINTS: Mapping[str, tuple[str, ...]] = {
    "postgres": (
        'whether production\'s rows stand in staging (docs/census.md): rows = "sampled"',
        "whether production lets staging's own login in, tried once: reach = true",
        "counts that must be zero in staging; never run on production:",
        "sentinels = [\"SELECT count(*) FROM users WHERE email LIKE '%@production.com'\"]",
    ),
    "redis": ('how every key of staging\'s must begin: keys = ["staging:"]',),
    "celery": ('the queues that workers take tasks from: queues = ["celery"]',),
    "bucket": ("how many objects staging may hold: objects = 0",),
    "web": ('the path that answers with JSON and names the environment: health = "/health"',),
}
_REACH_AT = """\
# Where this machine finds an endpoint of that environment (a tunnel, a proxy); for connecting only:
# [environments.{name}.reach_at]
# "postgres.railway.internal:5432" = "127.0.0.1:54321"
"""
_TAIL = """\
# What a person accepts, and until when. Sameness and production's data cannot be waived.
# [[waivers]]
# rule = "variables/secret-reused"
# resource = "variables"
# variables = ["MAIL_PASSWORD"]
# reason = "one vendor account for both until the contract ends"
# owner = "Ada"
# approver = "Grace"
# expires = 2030-01-31
"""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def starter(manifest: Manifest, directory: Path | None = None) -> str:
    """The text of a disjoint.toml that declares what `manifest` inferred.

    Args:
        manifest: as `infer` gave it.
        directory: where the file will stand; paths in it are relative to this place.
    """
    here = directory or Path()
    parts = [
        _HEAD,
        _unplaced(manifest.unplaced),
        _environment(manifest.production, here),
        _environment(manifest.staging, here),
        _REACH_AT.format(name=manifest.staging.name),
        *_resources(manifest.resources),
        _TAIL,
    ]
    return "\n".join(part for part in parts if part)


def _unplaced(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    listed = "".join(f"#   {_inert(name)}\n" for name in names)
    return f"# No resource claims these; declare what they reach, or leave them:\n{listed}"


def _environment(environment: Environment, directory: Path) -> str:
    lines = [f"[environments.{environment.name}]", f"variables = {_source(environment, directory)}"]
    if environment.protected:
        lines.append("protected = true  # exactly one is: production, which is only ever read")
    if environment.reach_at:
        lines += ["", f"[environments.{environment.name}.reach_at]"]
        lines += [f"{_text(there)} = {_text(here)}" for there, here in environment.reach_at.items()]
    return "\n".join(lines) + "\n"


def _source(environment: Environment, directory: Path) -> str:
    if environment.source == PROCESS:
        return "{ process = true }"
    absolute = Path(environment.source).is_absolute()
    path = environment.source if absolute else os.path.relpath(environment.source, directory)
    return f"{{ dotenv = {_text(path)} }}"


def _resources(resources: tuple[Resource, ...]) -> Iterator[str]:
    """Each with its hint where its kind comes first. The variables are always there, and need no words."""
    hinted: set[str] = set()
    for resource in resources:
        if resource.name != VARIABLES:
            hints = () if resource.kind in hinted else _HINTS.get(resource.kind, ())
            hinted.add(resource.kind)
            yield _resource(resource, hints)


def _resource(resource: Resource, hints: Iterable[str]) -> str:
    lines = [f"# {_inert(resource.where)}"] if resource.where else []
    lines += [f"[resources.{resource.name}]", f"kind = {_text(resource.kind)}"]
    lines += [f"{name} = {_value(value)}" for name, value in _settings(resource.declared)]
    if resource.minimum is not Grade.IDENTITY:
        lines.append(f"minimum = {_text(resource.minimum.word)}")
    lines += [f"# {hint}" for hint in hints]
    return "\n".join(lines) + "\n"


def _settings(declared: object) -> Iterator[tuple[str, object]]:
    """What differs from the kind's own defaults."""
    if not dataclasses.is_dataclass(declared):
        raise TypeError(f"{type(declared).__name__} is no declaration")
    for field in dataclasses.fields(declared):
        value = getattr(declared, field.name)
        if value != field.default:
            yield field.name, value


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple() | list():
            return f"[{', '.join(_value(item) for item in value)}]"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's, which wants DEL escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _inert(text: str) -> str:
    return _CONTROL.sub("?", text)
