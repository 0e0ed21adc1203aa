"""Why the verdict is what it is, in one clause, and the exit code it has."""

from __future__ import annotations

from collections.abc import Iterable

from disjoint.model.finding import Outcome

from .document import Report, RowPart

EXIT = {Outcome.ISOLATED: 0, Outcome.SHARED: 1, Outcome.UNPROVEN: 3}


def why(report: Report) -> str:
    """The verdict's reason: which resources decided it."""
    rows = report.matrix
    waived = [row for row in rows if row.status.waived]
    match report.verdict:
        case Outcome.SHARED:
            return f"{report.staging} and {report.production} share {_names(unwaived(rows, Outcome.SHARED))}"
        case Outcome.UNPROVEN if not rows:
            return "nothing is declared, so nothing is proven"
        case Outcome.UNPROVEN:
            unproven = unwaived(rows, Outcome.UNPROVEN)
            counted = f"{len(unproven)} of {len(rows)} resources are not proven: {_names(unproven)}"
            return f"nothing shared was seen, but {counted}"
        case Outcome.ISOLATED if waived:
            proven = len(rows) - len(waived)
            return f"{proven} of {len(rows)} resources are proven disjoint; waived: {_names(waived)}"
        case Outcome.ISOLATED:
            return f"every resource is proven disjoint ({len(rows)} of {len(rows)})"


def unwaived(rows: Iterable[RowPart], outcome: Outcome) -> list[RowPart]:
    """The rows of an outcome that nobody accepted."""
    return [row for row in rows if row.outcome is outcome and not row.status.waived]


def _names(rows: Iterable[RowPart]) -> str:
    return ", ".join(row.resource for row in rows)
