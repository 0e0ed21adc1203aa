"""Read a health answer: which environment it names, and which deployment it is. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.names import readable
from disjoint.model.probe import HttpAnswer

from .facts import WebDeclared


class Health(NamedTuple):
    """What a health answer says of itself."""

    named: Fact[str]
    """The environment it names."""
    deployment: Fact[str]
    """The deployment's identity as it stands; empty where none is offered."""


_USUAL_FIELDS = ("deployment", "deployment_id", "deploymentId")
_USUAL_HEADERS = ("x-deployment-id", "x-railway-deployment-id")
_PLACEHOLDERS = frozenset(
    {"", "0", "dev", "development", "latest", "local", "main", "n/a", "none", "null", "undefined", "unknown"}
)
# Minted for one deployment: long enough, with a digit. A version or a commit is equal wherever it runs.
_MINTED = re.compile(r"(?=[^\s]*[0-9])[!-~]{8,200}\Z")
_BUILD = re.compile(r"(?:v?[0-9]+(?:\.[0-9]+)+\S*|[0-9a-f]{7,12}|[0-9a-f]{40}|[0-9a-f]{64})\Z", re.IGNORECASE)


def read_health(answer: HttpAnswer, declared: WebDeclared) -> Health:
    """Both facts of one answer; Unknown with a remedy where it says nothing."""
    match _members(answer, declared.health):
        case Unknown() as unknown:
            stated = _stated(answer, declared) if 200 <= answer.status < 300 else ""
            return Health(Known(stated) if stated else unknown, unknown)
        case Known(members):
            silent = _member(members, declared.environment_field) is None
            stated = _stated(answer, declared, *_USUAL_NAMES) if silent else ""
            named = Known(stated) if stated else _named(members, declared)
            return Health(named, _deployment(members, answer, declared))


_USUAL_NAMES = ("x-environment", "x-app-environment", "x-app-env", "x-env")


def _stated(answer: HttpAnswer, declared: WebDeclared, *usual: str) -> str:
    """What the declared header names, or else the first of the usual ones; empty for none."""
    names = (declared.environment_header.lower(),) if declared.environment_header else usual
    offered = (answer.headers.get(name, "") for name in names)
    return next((text for text in offered if readable(text)), "")


def _members(answer: HttpAnswer, path: str) -> Fact[Mapping[str, object]]:
    if 300 <= answer.status < 400:
        why = f"{path} redirects to another address ({answer.status}), which is never followed"
        return Unknown(why, "declare the address that answers by itself")
    if not 200 <= answer.status < 300:
        return Unknown(f"{path} answers {answer.status}", _PATH)
    try:
        read = json.loads(answer.body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return Unknown(f"{path} answers no plain JSON (each name once)", _PATH)
    if not isinstance(read, dict):
        return Unknown(f"{path} answers no JSON object", _PATH)
    return Known(read)


_PATH = "let the declared health path answer 200 with JSON, without a login"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A repeated name is read differently by every reader: refuse it."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


def _named(members: Mapping[str, object], declared: WebDeclared) -> Fact[str]:
    name = declared.environment_field
    remedy = f'let {declared.health} answer {{"{name}": "<the environment\'s name>"}}'
    match _member(members, name):
        case None:
            return Unknown(f"{declared.health} has no member {name}", remedy)
        case str(text) if readable(text):
            return Known(text)
        case _:
            return Unknown(f"{declared.health}'s member {name} is no plain name", remedy)


def _deployment(members: Mapping[str, object], answer: HttpAnswer, declared: WebDeclared) -> Fact[str]:
    if declared.deployment_field is None:
        offered = [*(_text(members, name) for name in _USUAL_FIELDS)]
        offered += [answer.headers.get(name, "") for name in _USUAL_HEADERS]
        return Known(next((text for text in offered if _minted(text)), ""))
    text = _text(members, declared.deployment_field)
    if text.strip().lower() in _PLACEHOLDERS:
        why = f"{declared.health} has no deployment identity in {declared.deployment_field}"
        return Unknown(why, "let it answer an identity that is minted for each deployment")
    return Known(text)


def _minted(text: str) -> bool:
    return bool(_MINTED.match(text)) and not _BUILD.match(text) and text.lower() not in _PLACEHOLDERS


def _text(members: Mapping[str, object], name: str) -> str:
    found = _member(members, name)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _member(members: Mapping[str, object], name: str) -> object:
    """A member by its name, or by a path of names joined with dots."""
    if name in members or "." not in name:
        return members.get(name)
    head, _, rest = name.partition(".")
    match members.get(head):
        case dict(inner):
            return _member(inner, rest)
        case _:
            return None
