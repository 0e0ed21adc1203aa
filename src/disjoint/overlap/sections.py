"""What a file of digests says of one resource. What another process wrote is not trusted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from disjoint.errors import UsageError
from disjoint.model.census import WHOLE, Detection, Method, Planted, Sieve, Strength, Survey, Task
from disjoint.model.plain import built, plain

PLACES = 100_000
_NAME = re.compile(r"[0-9A-Za-z-]{8,128}")
"""A planted text: it is asked of production's servers, and comes from the other side."""


@dataclass(frozen=True, slots=True)
class Section:
    """How one resource was read."""

    resource: str
    kind: str
    strength: Strength
    detect: Detection
    sieve: Sieve
    survey: Survey


def written(section: Section) -> bytes:
    """A section as a record's payload; a key is written nowhere."""
    sieve = section.sieve
    return _json(
        {
            "resource": section.resource,
            "kind": section.kind,
            "strength": plain(section.strength),
            "detect": plain(section.detect),
            "sieve": {
                "method": plain(sieve.method),
                "seed": sieve.seed,
                "second": sieve.second,
                "salt": (bytes(WHOLE) if sieve.method is Method.HMAC else sieve.salt).hex(),
                "one_in": sieve.one_in,
                "fold": sieve.fold,
                "text": sieve.planted.text,
                "digest": sieve.planted.digest.hex(),
            },
            "survey": plain(section.survey),
        }
    )


def read(payload: bytes, where: str) -> Section:
    """The section that `written` wrote.

    Raises:
        UsageError: it is none.
    """
    try:
        stated = json.loads(payload)
        return Section(
            built(str, stated["resource"]),
            built(str, stated["kind"]),
            built(Strength, stated["strength"]),
            built(Detection, stated["detect"]),
            _sieve(stated["sieve"]),
            _survey(stated["survey"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _refuse(where)


def _sieve(stated: Any) -> Sieve:
    salt, digest = bytes.fromhex(stated["salt"]), bytes.fromhex(stated["digest"])
    text, one_in = built(str, stated["text"]), built(int, stated["one_in"])
    numbers = [built(int, stated[name]) for name in ("seed", "second")]
    narrow = all(-(1 << 63) <= number < 1 << 63 for number in numbers)
    power = 0 < one_in <= 1 << 62 and not one_in & (one_in - 1)
    if not (narrow and power and len(salt) == WHOLE == len(digest) and _NAME.fullmatch(text)):
        raise ValueError("no sieve")
    method, fold = built(Method, stated["method"]), built(bool, stated["fold"])
    return Sieve(method, numbers[0], numbers[1], salt, one_in, fold, WHOLE, Planted(text, digest))


def _survey(stated: Any) -> Survey:
    survey: Survey = built(Survey, stated)
    if len(survey.places) > PLACES:
        raise ValueError("too many places")
    return survey


def task_written(task: Task) -> bytes:
    """A task as a record's payload."""
    return _json(plain(task))


def task_read(payload: bytes, section: Section, where: str) -> Task:
    """The task that `task_written` wrote, of places that its section has.

    Raises:
        UsageError: it is none.
    """
    try:
        task: Task = built(Task, json.loads(payload))
    except (ValueError, TypeError, RecursionError):
        _refuse(where)
    if not all(0 <= place < len(section.survey.places) for place in task.places):
        _refuse(where)
    return task


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _refuse(where: str) -> NoReturn:
    raise UsageError(f"{where} says of its digests what this version does not know: make it anew")
