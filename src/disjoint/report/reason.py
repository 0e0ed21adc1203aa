"""Why the verdict is what it is, in one clause, and the exit code it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from disjoint.model.finding import Outcome

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
        case Outcome.UNPROVEN if not (unproven := unwaived(rows, Outcome.UNPROVEN)):
            return "waivers stand in for every resource: nothing was compared, so nothing is proven"
        case Outcome.UNPROVEN:
            counted = f"{len(unproven)} of {len(rows)} resources are not proven: {_names(unproven)}"
            return f"nothing shared was seen, but {counted}"
        case Outcome.ISOLATED if waived:
            proven = len(rows) - len(waived)
            return f"{proven} of {len(rows)} resources are proven disjoint; waived: {_names(waived)}"
        case Outcome.ISOLATED:
            return f"every resource is proven disjoint ({len(rows)} of {len(rows)})"


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
    return f"{_count(asked.reads, 'read')}, {_count(asked.writes, 'write')}, {took}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def unwaived(rows: Iterable[RowPart], outcome: Outcome) -> list[RowPart]:
    """The rows of an outcome that nobody accepted."""
    return [row for row in rows if row.outcome is outcome and not row.status.waived]


def _names(rows: Iterable[RowPart]) -> str:
    return ", ".join(row.resource for row in rows)
