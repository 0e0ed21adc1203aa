"""Evidence side by side: what production answered, what staging answered, and whether they are equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .inert import cells
from .ink import Ink, pad, wrap
from .parts import EvidencePart, Report
from .problems import UNREAD, UNTOLD, Asked

_DIGEST = re.compile(r"hmac:([0-9a-f]{8})[0-9a-f]{24}")
INDENT = 14
"""Where the words of a clause begin: ``   = evidence ``."""


class Pair(NamedTuple):
    """One question with both answers; empty where a side was not asked."""

    what: str
    production: str
    staging: str


def evidence(report: Report, asked: list[Asked], ink: Ink, width: int) -> Iterator[str]:
    """A table of the answers that fit side by side; the longer ones below it, one under the other."""
    pairs = [(question, _pair(question, report, ink)) for question in asked]
    label = min(max((cells(pair.what) for _, pair in pairs), default=0), 26)
    times = _times(asked)
    heads = (_head(report.production, times), _head(report.staging, times))
    room = (width - INDENT - label - 7) // 2
    room = room if room >= max(map(cells, heads)) else -1
    yield from _table([pair for _, pair in pairs if _fits(pair, label, room)], heads, label, ink)
    for question, pair in pairs:
        if not _fits(pair, label, room):
            yield from stacked("evidence", question.what, question.answers, ink, width)


def _pair(question: Asked, report: Report, ink: Ink) -> Pair:
    said = {answer.environment: _short(answer.value, ink) for answer in question.answers}
    return Pair(question.what, said.get(report.production, ""), said.get(report.staging, ""))


def _fits(pair: Pair, label: int, room: int) -> bool:
    return cells(pair.what) <= label and max(cells(pair.production), cells(pair.staging)) <= room


def _short(value: str, ink: Ink) -> str:
    """Digests cut to what an eye can compare; the other formats hold them whole."""
    return _DIGEST.sub(rf"hmac:\1{'...' if ink.ascii_only else '…'}", value)


def _times(asked: Iterable[Asked]) -> dict[str, str]:
    answers = [answer for question in asked for answer in question.answers]
    return {answer.environment: f"{answer.at:%H:%M:%SZ}" for answer in reversed(answers)}


def _head(environment: str, times: dict[str, str]) -> str:
    return f"{environment} {times.get(environment, '')}".strip()


def _table(pairs: list[Pair], heads: tuple[str, str], label: int, ink: Ink) -> Iterator[str]:
    if not pairs:
        return
    left = max(cells(heads[0]), *(cells(pair.production) for pair in pairs))
    columns = f"{'':{label}}  {pad(heads[0], left)}    {heads[1]}"
    yield clause_head("evidence", ink) + ink.paint(columns, "dim")
    for pair in pairs:
        between = ink.paint(f"{_sign(pair, ink):2}", "dim")
        shown = f"{pad(pair.what, label)}  {pad(pair.production, left)} {between} {pair.staging}"
        yield (" " * INDENT + shown).rstrip()


def _sign(pair: Pair, ink: Ink) -> str:
    """Equal, different, or neither where a side has no answer."""
    sides = (pair.production, pair.staging)
    if not all(sides) or any(side == UNTOLD or side.startswith(UNREAD) for side in sides):
        return ""
    if pair.production == pair.staging:
        return "==" if ink.ascii_only else "="
    return "!=" if ink.ascii_only else "≠"


def stacked(name: str, what: str, answers: tuple[EvidencePart, ...], ink: Ink, width: int) -> Iterator[str]:
    """A question and its answers, one under the other."""
    first, *more = wrap(what, width - INDENT)
    yield clause_head(name, ink) + first
    yield from (" " * INDENT + line for line in more)
    side = max(cells(answer.environment) for answer in answers)
    for answer in answers:
        head = f"{pad(answer.environment, side)} {answer.at:%H:%M:%SZ}"
        said = answer.value.removeprefix(UNREAD) if name == "unread" else _short(answer.value, ink)
        first, *more = wrap(said, max(24, width - INDENT - cells(head) - 2))
        yield f"{'':{INDENT}}{ink.paint(head, 'dim')}  {first}"
        yield from (" " * (INDENT + cells(head) + 2) + line for line in more)


def clause_head(name: str, ink: Ink) -> str:
    """The beginning of a clause: ``   = fix``."""
    return ink.paint(f"{f'   = {name}':{INDENT}}", "cyan")
