"""Whether a line of the specification is proven by this run, and by what."""

from __future__ import annotations

import re
from typing import NamedTuple

from disjoint.model.finding import Outcome

from .parts import FindingPart, GradeWord, Report, RowPart
from .specification import HUMAN, Line, Subject, Tick, subject


class Answer(NamedTuple):
    """What this run says to one line of the specification."""

    word: str
    """VERIFIED, FAILED, PENDING, WAIVED (...), or INFORMATION."""
    why: str
    """Inert text: the rule, its grade and words; or what would prove the line."""

    @property
    def clause(self) -> str:
        """Word and reason as one clause."""
        if self.word == "INFORMATION":
            return f"information: {self.why}"
        return f"{self.word}. {self.why}"

    @property
    def ticked(self) -> bool:
        """True only where findings prove the line."""
        return self.word == "VERIFIED"


def answer(line: Line, report: Report) -> Answer:
    """Verified only if every resource that the line is about proves it; nothing declared proves nothing."""
    if line.by == HUMAN:
        return Answer("PENDING", line.how.removeprefix("PENDING: "))
    if line.tick is Tick.NEVER:
        return Answer("INFORMATION", line.how.removeprefix("information: "))
    rows = about(subject(line), line.by.partition("/")[0], report)
    if not rows:
        return Answer("PENDING", "no such resource is declared, so nothing was asked")
    answers = [(row, _of_row(line, row, report)) for row in rows]
    answers += _unwalked(rows, report) if line.tick is Tick.QUEUES else []
    words = [said.word for _, said in answers]
    return Answer(
        min(words, key=_RANK.index), "; ".join(f"{row.resource}: {said.why}" for row, said in answers)
    )


def _unwalked(walked: tuple[RowPart, ...], report: Report) -> list[tuple[RowPart, Answer]]:
    """The brokers on Redis whose keys nobody looked at: a queue is kept there, and not in the cache."""
    places = {row.staging for row in walked}
    brokers = [row for row in report.matrix if row.kind == "celery" and row.staging.startswith("redis")]
    apart = [row for row in brokers if row.staging.partition("://")[2] not in places]
    told = 'the keys of its broker were not walked over; declare it as kind = "redis" too, with `keys`'
    return [(row, Answer("PENDING", told)) for row in apart]


_RANK = ("FAILED", "WAIVED (FAILED)", "PENDING", "WAIVED (PENDING)", "VERIFIED")


def about(which: Subject, kind: str, report: Report) -> tuple[RowPart, ...]:
    """The rows of a kind, of the API or of the pages only where a line is about one of them."""
    rows = tuple(row for row in report.matrix if row.kind == kind)
    if which is Subject.ALL:
        return rows
    return tuple(row for row in rows if is_api(row) is (which is Subject.API))


def is_api(row: RowPart) -> bool:
    """True where a web resource's name says that it is the API."""
    return any(word in row.resource.casefold() for word in ("api", "backend"))


def _of_row(line: Line, row: RowPart, report: Report) -> Answer:
    found = next((f for f in report.findings if (f.rule, f.resource) == (line.by, row.resource)), None)
    if found is None:
        return _unasked(line, row, report)
    if found.outcome is Outcome.ISOLATED:
        return _isolated(line, found, row, report)
    return _open(found)


def _open(found: FindingPart) -> Answer:
    """What stands in the way, with the remedy where it is a question."""
    word = "FAILED" if found.outcome is Outcome.SHARED else "PENDING"
    said = f"{found.rule}: {found.summary}"
    if found.waiver:
        return Answer(f"WAIVED ({word})", said)
    return Answer(word, f"{said}; what would prove it: {found.remedy}" if word == "PENDING" else said)


def _unasked(line: Line, row: RowPart, report: Report) -> Answer:
    absent = [f for f in report.findings if f.resource == row.resource and f.rule.startswith("absent-")]
    if absent:
        return _open(absent[0])
    if line.tick in {Tick.STATED, Tick.QUEUES}:
        return Answer("PENDING", f"not asked: state it in the manifest (disjoint explain {line.by})")
    return Answer("PENDING", f"{line.by} was not asked")


def _isolated(line: Line, found: FindingPart, row: RowPart, report: Report) -> Answer:
    """Isolated is enough only as far as the line asks no more than the finding says."""
    weak = found.grade is GradeWord.DECLARED
    if line.tick in {Tick.ROW, Tick.IDENTITY, Tick.NAMES} and weak:
        return Answer("PENDING", f"{found.rule} is known from configuration alone; a server must say it")
    if line.tick is Tick.ROW and row.status.value != "VERIFIED":
        return Answer("PENDING", f"{found.rule} is ISOLATED, but the row is {row.status.value}: {row.method}")
    if line.tick is Tick.NAMES and not names_differ(row):
        return Answer("PENDING", f"the host names are equal; the servers are not: {found.summary}")
    if line.tick is Tick.NAMED and not _names(_variable(line), found, report):
        return Answer("PENDING", f"{_variable(line)} is not among what was compared: {found.summary}")
    return Answer("VERIFIED", f"{found.rule} ({found.grade.value}): {found.summary}")


def _variable(line: Line) -> str:
    """The variable that a line is about."""
    return "SECRET_KEY" if "SECRET_KEY" in line.text else "ENVIRONMENT"


def _names(variable: str, found: FindingPart, report: Report) -> bool:
    word = re.compile(rf"(?<!\w){variable}(?!\w)", re.IGNORECASE)
    held = {e.environment for e in found.evidence if word.search(e.value)}
    return {report.production, report.staging} <= held


def names_differ(row: RowPart) -> bool:
    """True if no host name of one side is one of the other's."""
    return _hosts(row.production).isdisjoint(_hosts(row.staging))


def _hosts(shown: str) -> frozenset[str]:
    place = re.sub(r"^[\w+.-]+://", "", shown).partition("/")[0]
    return frozenset(re.sub(r":\d+$", "", host).casefold() for host in place.split(","))
