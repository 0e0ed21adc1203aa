"""A proof as annotations: workflow commands that GitHub shows beside the manifest's lines.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from disjoint.model.finding import Outcome

from .parts import Report, RowPart
from .problems import Problem, problems
from .reason import why

MOST = 10
"""Annotations of a kind that GitHub keeps of one step."""
_COMMAND = {Outcome.SHARED: "error", Outcome.UNPROVEN: "warning"}
_PLACE = re.compile(r"(?P<file>.+\.toml):(?P<line>[1-9][0-9]*)")


class Note(NamedTuple):
    """What is shown beside a line."""

    outcome: Outcome
    resource: str
    title: str
    text: str


def render(report: Report) -> str:
    """One command for each thing that is shared or unproven and that nobody accepted; last, the verdict."""
    notes = [*_problems(report), *_silent(report)]
    places = {row.resource: row.where.manifest or "" for row in report.matrix}
    lines = [line for outcome in _COMMAND for line in _commands(outcome, notes, places)]
    return "\n".join([*lines, _plain(f"{report.verdict.value}: {why(report)}")]) + "\n"


def _problems(report: Report) -> Iterator[Note]:
    for problem in problems(report):
        if problem.first.waiver is None:
            yield Note(problem.first.outcome, problem.first.resource, problem.first.rule, _told(problem))


def _told(problem: Problem) -> str:
    remedies = [f"fix: {remedy}" for remedy in problem.remedies]
    also = [f"also: {', '.join(problem.also)}"] if problem.also else []
    return "\n".join([problem.first.summary, *remedies, *also])


def _silent(report: Report) -> Iterator[Note]:
    """Rows that no finding of theirs tells about: below their minimum, or without any finding."""
    told = {(finding.resource, finding.outcome) for finding in report.findings}
    for row in report.matrix:
        if row.outcome is Outcome.UNPROVEN and not row.status.waived and not _is_told(row, told):
            yield Note(row.outcome, row.resource, row.status.value, row.method)


def _is_told(row: RowPart, told: set[tuple[str, Outcome]]) -> bool:
    return (row.resource, row.outcome) in told


def _commands(outcome: Outcome, notes: list[Note], places: dict[str, str]) -> Iterator[str]:
    """At most as many as GitHub keeps; the last says how many more there are."""
    own = [note for note in notes if note.outcome is outcome]
    shown = own if len(own) <= MOST else own[: MOST - 1]
    for note in shown:
        title = f"{outcome.value} {note.resource}: {note.title}"
        yield _command(_COMMAND[outcome], places.get(note.resource, ""), title, note.text)
    if left := len(own) - len(shown):
        yield _command(_COMMAND[outcome], "", f"{outcome.value}: {left} more", "The report names them all.")


def _command(name: str, place: str, title: str, text: str) -> str:
    found = _PLACE.fullmatch(place)
    where = {"file": found["file"], "line": found["line"]} if found else {}
    properties = ",".join(f"{key}={_property(value)}" for key, value in {**where, "title": title}.items())
    return f"::{name} {properties}::{_data(text)}"


def _data(text: str) -> str:
    """As the runner reads it back; nothing else in a command is special."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """A line that the runner takes for no command, not even for one of its older form."""
    return text.replace("##[", "#\\x23[")
