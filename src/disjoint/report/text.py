"""The proof on a terminal: verdict and reason first, then every row, then what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from disjoint.model.finding import Outcome

from . import incident
from .answers import INDENT, clause_head, evidence, stacked
from .inert import cells
from .ink import Ink, hue, pad, word, wrap
from .parts import FindingPart, Report, RowPart
from .problems import UNREAD, Asked, Problem, answered, problems, unread
from .reason import EXIT, touched, unwaived, why

_NOT_TRIED = "not tried: `disjoint explain RULE` says what it would take"


def render(report: Report, *, colour: bool, ascii_only: bool, width: int) -> str:
    """The report as lines of about `width` cells, ending in a newline."""
    ink = Ink(colour, ascii_only)
    blocks = (
        _head(report, ink, width),
        _matrix(report.matrix, ink, width),
        *(_problem(report, problem, ink, width) for problem in problems(report)),
        _steps(report, ink, width),
        _listed("whose rows, keys and objects", _census(report), ink, width),
        _listed("notes", [f"{n.rule}: {n.summary}" for n in report.notes], ink, width),
        _listed("warnings", report.warnings, ink, width),
        _listed("inferred, for want of a manifest", report.inferred, ink, width),
        _listed("not placed", _unplaced(report), ink, width),
        _listed(_NOT_TRIED, [", ".join(report.coverage.not_tried)], ink, width),
        _close(report, ink, width),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, blocks) if lines) + "\n"


def _head(report: Report, ink: Ink, width: int) -> Iterator[str]:
    about = (
        "disjoint",
        f"{report.staging} vs {report.production}",
        *filter(None, (f"run {report.run}", report.source)),
        "read-only on production",
        f"budget {report.budget:g} s",
    )
    yield from (ink.paint(line, "dim") for line in _clauses(about, f" {ink.dot} ", width))
    yield ""
    shown = f"{ink.sign(report.verdict.value)} {report.verdict.value}"
    first, *rest = wrap(why(report), width - cells(shown) - 2)
    yield f"{ink.paint(shown, 'bold', hue(report.verdict))}  {ink.paint(first, 'bold')}"
    yield from (" " * (cells(shown) + 2) + ink.paint(line, "bold") for line in rest)


def _clauses(clauses: Iterable[str], between: str, width: int) -> Iterator[str]:
    """Clauses in lines of at most `width` cells, broken between two of them only."""
    line = ""
    for clause in clauses:
        longer = f"{line}{between}{clause}" if line else clause
        if line and cells(longer) > width:
            yield line
            line = clause
        else:
            line = longer
    yield line


_NARROWEST = 24
"""Cells that a column of sentences needs."""


def _matrix(rows: tuple[RowPart, ...], ink: Ink, width: int) -> Iterator[str]:
    words = [f"{ink.sign(word(row))} {row.status.value if row.status.waived else word(row)}" for row in rows]
    grades = [row.grade.value if row.grade else "" for row in rows]
    times = [f"{row.seconds:.2f} s" for row in rows]
    first, names, kinds, grade, time = (
        max(map(cells, column), default=0)
        for column in (words, [r.resource for r in rows], [r.kind for r in rows], grades, times)
    )
    names = min(names, 24)
    indent = 2 + first + 2 + names + 2 + kinds + 2
    room = width - indent - grade - time - 4
    for row, shown, known, took in zip(rows, words, grades, times, strict=True):
        # Too narrow for a column of its own, the method stands below.
        method, *more = wrap(row.method, room) if room >= _NARROWEST else ("", *wrap(row.method, width - 4))
        start = f"{pad(row.resource, names)}  {pad(row.kind, kinds)}  {pad(method, max(room, 0))}"
        end = ink.paint(f"{pad(known, grade)}  {took:>{time}}", "dim")
        yield f"  {ink.paint(pad(shown, first), hue(word(row)))}  {start}  {end}"
        yield from (" " * (indent if room >= _NARROWEST else 4) + line for line in more)


def _problem(report: Report, problem: Problem, ink: Ink, width: int) -> Iterator[str]:
    finding = problem.first
    yield from _title(finding, ink, width)
    yield from _places(report, finding, ink)
    for asked in unread(problem.evidence):
        if not _said(finding, asked):
            yield from stacked("unread", asked.what, asked.answers, ink, width)
    yield from evidence(report, answered(problem.evidence), ink, width)
    clauses = (
        ("also", ", ".join(problem.also)),
        *(("fix", remedy) for remedy in problem.remedies),
        *(("limits", limits) for limits in problem.limits if finding.outcome is not Outcome.UNPROVEN),
        *_waiver(finding),
    )
    for name, said in clauses:
        if said:
            yield from _clause(name, said, ink, width)


def _said(finding: FindingPart, silence: Asked) -> bool:
    """Does the title tell already why nothing was read?"""
    return all(answer.value.removeprefix(UNREAD) in finding.summary for answer in silence.answers)


def _title(finding: FindingPart, ink: Ink, width: int) -> Iterator[str]:
    label, colour = ("error", "red") if finding.outcome is Outcome.SHARED else ("help", "yellow")
    if finding.waiver:
        label, colour = "waived", "dim"
    tag = f"{label}[{finding.rule}]"
    title, *more = wrap(f"{tag} {finding.resource}: {finding.summary}", width)
    yield ink.paint(tag, "bold", colour) + ink.paint(title.removeprefix(tag), "bold")
    yield from ("  " + ink.paint(line, "bold") for line in more)


def _places(report: Report, finding: FindingPart, ink: Ink) -> Iterator[str]:
    where = next((row.where for row in report.matrix if row.resource == finding.resource), None)
    if where is None:
        return
    sides = ((where.production, report.production), (where.staging, report.staging))
    widest = max(cells(written or "") for written, _ in sides)
    for written, environment in sides:
        if written:
            yield f"  {ink.paint('-->', 'cyan')} {pad(written, widest)}  {ink.paint(environment, 'dim')}"


def _clause(name: str, said: str, ink: Ink, width: int) -> Iterator[str]:
    first, *more = wrap(said, width - INDENT)
    yield clause_head(name, ink) + first
    yield from (" " * INDENT + line for line in more)


def _waiver(finding: FindingPart) -> Iterator[tuple[str, str]]:
    if waiver := finding.waiver:
        yield "reason", waiver.reason
        people = f"{waiver.owner} owns it, {waiver.approver} approved it"
        yield "accepted", f"{people}, until {waiver.expires:%Y-%m-%d %H:%MZ}"


def _steps(report: Report, ink: Ink, width: int) -> Iterator[str]:
    steps = incident.steps(report)
    if steps:
        yield ink.paint("what to do now, in this order", "bold")
    for number, step in enumerate(steps, 1):
        head = f"  {number} {step.word:8}  "
        for line in step.lines:
            first, *more = wrap(line, width - len(head))
            yield ink.paint(head, "bold") + first
            head = " " * len(head)
            yield from (head + rest for rest in more)


def _listed(title: str, lines: Iterable[str], ink: Ink, width: int) -> Iterator[str]:
    shown = [line for line in lines if line]
    if shown:
        yield ink.paint(title, "bold")
    for line in shown:
        first, *more = wrap(line, width - 4)
        yield f"  {first}"
        yield from (f"    {rest}" for rest in more)


def _census(report: Report) -> list[str]:
    """What a census proved, where the row tells of its server."""
    found = (f for f in report.findings if f.rule in incident.CENSUS and f.outcome is Outcome.ISOLATED)
    rows = {(row.resource, row.method) for row in report.matrix}
    return [f"{f.resource}: {f.summary}" for f in found if (f.resource, f.summary) not in rows]


def _unplaced(report: Report) -> list[str]:
    """Unplaced variables that no note names already."""
    return [line for line in report.unplaced if line not in report.coverage.unclaimed]


def _close(report: Report, ink: Ink, width: int) -> Iterator[str]:
    waived = sum(row.status.waived for row in report.matrix)
    counts = [
        f"{len(unwaived(report.matrix, outcome))} {outcome.value.lower()}"
        for outcome in (Outcome.SHARED, Outcome.UNPROVEN, Outcome.ISOLATED)
    ] + ([f"{waived} waived"] if waived else [])
    verdict, code = report.verdict.value, f"exit {EXIT[report.verdict]}"
    said = (f"{verdict}: {', '.join(counts)}", f"production touched: {touched(report)}")
    first, *more = _clauses(said, f" {ink.dot} ", width)
    gap = width - cells(more[-1] if more else first) - len(code)
    ending = f"{' ' * gap}{ink.paint(code, 'dim')}" if gap >= 2 else ""
    lines = [ink.paint(verdict, "bold", hue(report.verdict)) + first.removeprefix(verdict), *more]
    yield from (*lines[:-1], lines[-1] + ending)
    if not ending:
        yield ink.paint(f"{code:>{width}}", "dim")
