"""The end of the Markdown document: incident steps, coverage, footprint, and how to go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import incident
from . import specification as spec
from .inert import code, words
from .parts import Report
from .reason import EXIT


def happened(report: Report) -> Iterator[str]:
    """The incident steps: the specification's, filled in where something is shared."""
    yield from (f"## {spec.INCIDENT}", "")
    filled = incident.steps(report)
    asked = spec.steps(spec.INCIDENT)
    if not filled:
        yield from ("Nothing was found shared in this run. If production data is ever found in staging:", "")
        yield from (line.text for line in asked)
        return
    found = ", ".join(dict.fromkeys(code(finding.rule) for finding in incident.shared(report)))
    yield from (f"Open: {found}. In this order:", "")
    for line, step in zip(asked, filled, strict=True):
        yield line.text
        yield from (f"   - {words(said)}" for said in step.lines)


def coverage(report: Report) -> Iterator[str]:
    """What was and was not looked at, and what production was asked."""
    yield from ("## Coverage and Footprint", "")
    counts = report.coverage
    yield (
        f"{counts.declared} declared: {counts.isolated} isolated, {counts.shared} shared, "
        f"{counts.unproven} unproven."
    )
    yield from listed("Not tried", map(code, report.coverage.not_tried))
    yield from listed("Claimed by no resource", map(code, report.coverage.unclaimed))
    yield from listed(
        "Notes, which prove nothing", (f"{code(n.rule)}: {words(n.summary)}" for n in report.notes)
    )
    yield from listed("Warnings", map(words, report.warnings))
    yield from listed("Inferred, for want of a manifest", map(words, report.inferred))
    yield from listed("Not placed", map(words, report.unplaced))
    sent = report.footprint.production.commands.items()
    yield from listed(
        "Sent to production", (f"{count} x {code(command, in_cell=False)}" for command, count in sent)
    )


def listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A titled list; nothing where it would be empty."""
    shown = list(lines)
    if shown:
        yield from ("", f"### {title}", "")
        yield from (f"- {line}" for line in shown)


def automated() -> Iterator[str]:
    """How to keep asking."""
    codes = ", ".join(f"{code_} {outcome.value}" for outcome, code_ in EXIT.items())
    yield from (f"## {spec.AUTOMATED}", "")
    yield f"Run `disjoint verify` before each deployment and on a schedule. Exit codes: {codes}."
    yield "That a name contains the word staging is information and proves nothing:"
    yield "docs/specification.md says what answers each line of the specification."
