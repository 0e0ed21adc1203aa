"""Why the verdict is what it is, in one clause, and the exit code it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from disjoint.model.finding import Outcome
from disjoint.model.words import counted

from .parts import Report, RowPart

EXIT = {Outcome.ISOLATED: 0, Outcome.SHARED: 1, Outcome.UNPROVEN: 3}


def why(report: Report) -> str:
    """The verdict's reason: which resources decided it."""
    rows = report.matrix
    waived = [row for row in rows if row.status.waived]
    match report.verdict:
        case Outcome.SHARED:
            return "; ".join(_shared(report))
        case Outcome.UNPROVEN if not rows:
            return "nothing is declared, so nothing is proven"
        case Outcome.UNPROVEN if not unwaived(rows, Outcome.UNPROVEN):
            return "waivers stand in for every resource: nothing was compared, so nothing is proven"
        case Outcome.UNPROVEN:
            open_ = unwaived(rows, Outcome.UNPROVEN)
            return f"nothing shared was seen, but {_share(open_, rows)} not proven: {_names(open_)}"
        case Outcome.ISOLATED if waived:
            proven = [row for row in rows if not row.status.waived]
            return f"{_share(proven, rows)} proven disjoint; waived: {_names(waived)}"
        case Outcome.ISOLATED:
            return f"every resource is proven disjoint ({len(rows)} of {len(rows)})"


def _share(part: Sequence[RowPart], rows: Sequence[RowPart]) -> str:
    """``1 of 7 resources is``, ``3 of 7 resources are``."""
    return f"{len(part)} of {counted(len(rows), 'resource')} {'is' if len(part) == 1 else 'are'}"


def _shared(report: Report) -> Iterator[str]:
    """The shared resources by name; what is shared among the variables in its finding's words."""
    rows = unwaived(report.matrix, Outcome.SHARED)
    if things := [row for row in rows if row.kind != "variables"]:
        yield f"{report.staging} and {report.production} share {_names(things)}"
    held = {row.resource for row in rows if row.kind == "variables"}
    for finding in report.findings:
        if finding.resource in held and finding.outcome is Outcome.SHARED and finding.waiver is None:
            yield finding.summary


def touched(report: Report) -> str:
    """What production was asked: reads, writes, and how long it took."""
    asked = report.footprint.production
    took = f"{asked.seconds * 1000:.0f} ms" if asked.seconds < 1 else f"{asked.seconds:.1f} s"
    return f"{counted(asked.reads, 'read')}, {counted(asked.writes, 'write')}, {took}"


def unwaived(rows: Iterable[RowPart], outcome: Outcome) -> list[RowPart]:
    """The rows of an outcome that nobody accepted."""
    return [row for row in rows if row.outcome is outcome and not row.status.waived]


def _names(rows: Iterable[RowPart]) -> str:
    return ", ".join(row.resource for row in rows)
