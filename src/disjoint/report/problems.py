"""What is not isolated, gathered: findings about one resource with one cause are told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from disjoint.model.finding import Outcome

from .parts import EvidencePart, FindingPart, Report

UNREAD = "unknown: "
"""How evidence begins where a fact is unknown."""

UNTOLD = "?"
"""Stands for an unknown answer whose reason is told elsewhere."""


class Asked(NamedTuple):
    """One question and its answers; several questions where none was answered, and for one reason."""

    what: str
    how: str
    answers: tuple[EvidencePart, ...]


class Problem(NamedTuple):
    """Findings with one cause: the first is told, the others are named."""

    findings: tuple[FindingPart, ...]
    evidence: tuple[EvidencePart, ...]
    """Each answer once, in the order they were given; without those that an earlier problem showed."""

    @property
    def first(self) -> FindingPart:
        """The finding whose words are told."""
        return self.findings[0]

    @property
    def also(self) -> tuple[str, ...]:
        """The rules of the others."""
        return tuple(finding.rule for finding in self.findings[1:])

    @property
    def remedies(self) -> tuple[str, ...]:
        """Each remedy once."""
        return _once(finding.remedy for finding in self.findings)

    @property
    def limits(self) -> tuple[str, ...]:
        """Each limit once."""
        return _once(finding.limits for finding in self.findings)


def problems(report: Report) -> Iterator[Problem]:
    """What is not isolated: shared first, then unproven, then what people accepted."""
    open_ = [f for f in report.findings if f.waiver is None]
    groups = _gathered(
        f for outcome in (Outcome.SHARED, Outcome.UNPROVEN) for f in open_ if f.outcome is outcome
    )
    groups += [(f,) for f in report.findings if f.waiver and f.outcome is not Outcome.ISOLATED]
    shown: set[tuple[str, EvidencePart]] = set()
    for group in groups:
        answers = dict.fromkeys((f.resource, said) for f in group for said in f.evidence)
        yield Problem(group, tuple(said for place, said in answers if (place, said) not in shown))
        shown.update(answers)


def _gathered(findings: Iterable[FindingPart]) -> list[tuple[FindingPart, ...]]:
    found: list[tuple[FindingPart, ...]] = []
    for finding in findings:
        place = next((n for n, group in enumerate(found) if _one_cause(group[0], finding)), None)
        if place is None:
            found.append((finding,))
        else:
            found[place] = (*found[place], finding)
    return found


def _one_cause(one: FindingPart, other: FindingPart) -> bool:
    """True if the later finding adds its name alone: one summary, one remedy, or one reason for silence."""
    if one.resource != other.resource:
        return False
    if other.outcome is Outcome.SHARED:
        return one.summary == other.summary
    reasons = _reasons(other)
    silent = one.outcome is Outcome.UNPROVEN and bool(reasons) and reasons == _reasons(one)
    return silent or one.summary == other.summary or one.remedy == other.remedy != ""


def _reasons(finding: FindingPart) -> frozenset[str]:
    return frozenset(said.value for said in finding.evidence if said.value.startswith(UNREAD))


def answered(evidence: Iterable[EvidencePart]) -> list[Asked]:
    """The questions that got an answer from any side, with every side's, in order.

    Where one side is silent for one reason again and again, UNTOLD stands for it.
    """
    kept = tuple(evidence)
    again = _repeated(kept)
    return [
        Asked(what, how, tuple(_untold(said) if _reason(said) in again else said for said in answers))
        for (what, how), answers in _by_question(kept).items()
        if not all(map(_is_unread, answers))
    ]


def unread(evidence: Iterable[EvidencePart]) -> list[Asked]:
    """The silences that `answered` does not tell, gathered by side and reason."""
    kept = tuple(evidence)
    again = _repeated(kept)
    told: dict[tuple[tuple[str, str], ...], tuple[list[str], tuple[EvidencePart, ...]]] = {}
    for (what, _), answers in _by_question(kept).items():
        silent = tuple(said for said in answers if _is_unread(said))
        if len(silent) < len(answers):
            silent = tuple(said for said in silent if _reason(said) in again)
        if silent:
            told.setdefault(tuple(map(_reason, silent)), ([], silent))[0].append(what)
    return [Asked(", ".join(dict.fromkeys(whats)), "", silent) for whats, silent in told.values()]


def _by_question(evidence: Iterable[EvidencePart]) -> dict[tuple[str, str], list[EvidencePart]]:
    asked: dict[tuple[str, str], list[EvidencePart]] = {}
    for said in evidence:
        asked.setdefault((said.what, said.how), []).append(said)
    return asked


def _repeated(evidence: Iterable[EvidencePart]) -> frozenset[tuple[str, str]]:
    counts = Counter(_reason(said) for said in evidence if _is_unread(said))
    return frozenset(reason for reason, count in counts.items() if count > 1)


def _reason(said: EvidencePart) -> tuple[str, str]:
    return said.environment, said.value


def _is_unread(said: EvidencePart) -> bool:
    return said.value.startswith(UNREAD)


def _untold(said: EvidencePart) -> EvidencePart:
    return msgspec.structs.replace(said, value=UNTOLD)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
