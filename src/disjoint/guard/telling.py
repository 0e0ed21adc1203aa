"""Say what was found: readable lines on standard error, and one record on the log."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from .verdict import PRODUCTION, REFUSES, REPORT, SHARED, Checked

LOGGER = "disjoint.guard"


def lines_of(checked: Checked, code: int | None = REFUSES) -> list[str]:
    """What people read; empty where nothing is to be said.

    Args:
        checked: what was found.
        code: with which this process ends if it is refused; None: nobody knows, or it does not end.
    """
    if not checked.reasons and not checked.notes:
        return []
    first = [_headline(checked, code) if checked.reasons else "disjoint: this process starts"]
    return [*first, *(f"  {reason}" for reason in checked.reasons), *(f"  {note}" for note in checked.notes)]


def _headline(checked: Checked, code: int | None) -> str:
    if checked.role == PRODUCTION:
        return "disjoint: this is production, and does not say so; it starts"
    what = "this process is not disjoint from production"
    if checked.outcome != SHARED:
        what = "this process is not known to be disjoint from production"
    if checked.refuses:
        return f"disjoint: refused to start{'' if code is None else f' (exit {code})'}: {what}"
    if (override := checked.override) is not None and checked.mode != REPORT:
        until = f"until {override.expires} by {override.by}, because: {override.reason}"
        return f"disjoint: OVERRIDDEN {until}. Otherwise refused: {what}"
    return f"disjoint: reported only, and started: {what}"


def told(checked: Checked, code: int | None = REFUSES) -> None:
    """Say it; where nobody listens, nothing is said, and nothing fails; arguments as of `lines_of`."""
    if not (lines := lines_of(checked, code)):
        return
    if checked.override is not None and checked.mode != REPORT:
        from .recording import recorded  # noqa: PLC0415  (hardly any start is overridden)

        if not recorded(checked, os.environ):
            lines.append("  the override could not be recorded for the journal")
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # closed
            print("\n".join(lines), file=sys.stderr, flush=True)
    with suppress(Exception):  # a log that fails is no reason to start, or to stop
        _log(checked, lines)


def _log(checked: Checked, lines: list[str]) -> None:
    """One record, where logging is in use: its last resort would say everything twice."""
    if "logging" not in sys.modules and not checked.refuses:
        return
    import logging  # noqa: PLC0415  (a process that starts without it is not made to load it)

    logger = logging.getLogger(LOGGER)
    if not logger.hasHandlers():
        return
    level = logging.CRITICAL if checked.refuses else logging.WARNING
    logger.log(level, "%s", " ".join(line.strip() for line in lines), extra=extra_of(checked))


def extra_of(checked: Checked) -> dict[str, object]:
    """The fields of the record."""
    reasons = [reason._asdict() for reason in checked.reasons]
    return {
        "disjoint_role": checked.role,
        "disjoint_outcome": checked.outcome,
        "disjoint_mode": checked.mode,
        "disjoint_refused": checked.refuses,
        "disjoint_reasons": reasons,
        "disjoint_override": checked.override._asdict() if checked.override else None,
    }
