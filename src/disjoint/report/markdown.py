"""The specification's own document, filled in: a box is ticked only where a finding proves its line."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.finding import Outcome

from . import closing
from . import specification as spec
from .boxes import Answer, about, answer, is_api
from .inert import code, words
from .parts import EvidencePart, FindingPart, Report, RowPart
from .reason import touched, why
from .specification import Line, Subject

_TITLES = {
    "postgres": "PostgreSQL",
    "redis": "Redis",
    "celery": "Celery",
    "bucket": "Storage Bucket",
    "variables": "Variables",
}
_SECTIONS = (
    (spec.DATABASE, ("postgres",)),
    (spec.REDIS, ("redis", "celery")),
    (spec.BUCKET, ("bucket",)),
    (spec.NETWORK, ("web",)),
    (spec.VARIABLES, ("variables",)),
)
_KNOWN = frozenset(kind for _, kinds in _SECTIONS for kind in kinds)


def render(report: Report) -> str:
    """The filled-in document, ending in a newline; in plain ASCII but for foreign letters."""
    parts = (
        _head(report),
        _matrix(report),
        *(_section(name, kinds, report) for name, kinds in _SECTIONS),
        _others(report),
        _certification(report),
        closing.happened(report),
        closing.coverage(report),
        closing.automated(),
    )
    shown = ("\n".join(lines).strip("\n") for lines in map(list, parts) if lines)
    return "\n\n---\n\n".join(shown) + "\n"


def _head(report: Report) -> Iterator[str]:
    yield f"# {spec.TITLE}"
    yield ""
    yield f"**Environment:** {words(report.staging)}  "
    yield f"**Verification Date:** {report.finished_at:%Y-%m-%d}  "
    yield f"**Purpose:** Prove {words(report.staging)} does not touch production data or resources"
    yield ""
    yield f"**Verdict: {report.verdict.value}.** {_sentence(why(report))}"
    yield ""
    when = f"{report.started_at:%Y-%m-%d %H:%M:%S} to {report.finished_at:%H:%M:%SZ}"
    run = f"Run {words(report.run)}, {when}, from {words(report.source)}"
    yield f"{run}. Production ({words(report.production)}) touched: {touched(report)}."


def _matrix(report: Report) -> Iterator[str]:
    yield f"## {spec.MATRIX}"
    yield ""
    if not report.matrix:
        yield "Nothing is declared, so nothing is proven."
        return
    yield "| Resource | Production | Staging | Isolation Method | Verified | Grade |"
    yield "|----------|------------|---------|------------------|----------|-------|"
    for row in report.matrix:
        grade = row.grade.value if row.grade else ""
        cells = (code(row.production), code(row.staging), words(row.method), row.status.value, grade)
        yield f"| {_label(row)} | {' | '.join(cells)} |"
    if missing := _undeclared(report):
        yield ""
        yield f"Not declared, so not asked: {', '.join(missing)}."
    yield from _open_rows(report)
    yield from _waivers(report)


def _label(row: RowPart) -> str:
    web = "API Domain" if is_api(row) else "Web Domain"
    title = web if row.kind == "web" else _TITLES.get(row.kind, words(row.kind))
    return f"{title} ({words(row.resource)})"


def _undeclared(report: Report) -> list[str]:
    named = [(_TITLES[kind], Subject.ALL, kind) for kind in ("postgres", "redis", "bucket")]
    named += [("API Domain", Subject.API, "web"), ("Web Domain", Subject.WEB, "web")]
    return [title for title, which, kind in named if not about(which, kind, report)]


def _open_rows(report: Report) -> Iterator[str]:
    rows = [row for row in report.matrix if row.outcome is not Outcome.ISOLATED]
    if rows:
        yield from ("", "### Open Rows", "")
    for row in rows:
        asks = "what would prove it" if row.outcome is Outcome.UNPROVEN else "what is shared, and the remedy"
        yield f"- **{row.status.value}** {_label(row)}, {asks}:"
        found = [f for f in report.findings if f.resource == row.resource and f.outcome is row.outcome]
        for finding in found:
            yield f"  - {code(finding.rule)}: {_with_remedy(finding)}"
        if not found:
            yield f"  - {_sentence(row.method)}"


def _waivers(report: Report) -> Iterator[str]:
    accepted = [(finding, finding.waiver) for finding in report.findings if finding.waiver]
    if accepted:
        yield from (
            "",
            "### Waivers",
            "",
            "A waiver raises the verdict, never a grade; what was found stands.",
        )
        yield from ("", "| Rule | Resource | Found | Reason | Owner | Approver | Expires |")
        yield "|------|----------|-------|--------|-------|----------|---------|"
    for finding, waiver in accepted:
        cells = (
            code(finding.rule),
            words(finding.resource),
            f"{finding.outcome.value}: {words(finding.summary)}",
            *map(words, (waiver.reason, waiver.owner, waiver.approver)),
            f"{waiver.expires:%Y-%m-%d %H:%MZ}",
        )
        yield f"| {' | '.join(cells)} |"


def _section(name: str, kinds: tuple[str, ...], report: Report) -> Iterator[str]:
    rows = [row for row in report.matrix if row.kind in kinds]
    yield from (f"## {name}", "")
    if name == spec.NETWORK:
        yield from _domains(report, rows)
    elif name == spec.VARIABLES:
        yield from _variables(report)
    else:
        yield from _configuration(rows)
        yield from ("", "### Verification Steps", "")
        yield from (_step(line, answer(line, report)) for line in spec.steps(name))
    yield from ("", "### Evidence", "")
    yield from _boxes(name, report)
    yield from _asked(report, frozenset(row.resource for row in rows))


def _configuration(rows: list[RowPart]) -> Iterator[str]:
    yield from ("### Expected Configuration", "")
    if not rows:
        yield "No such resource is declared: nothing was asked, and nothing is proven."
        return
    yield "Addresses without credentials, and where each is written:"
    yield from ("", "| Resource | Production | Staging |", "|----------|------------|---------|")
    for row in rows:
        sides = ((row.production, row.where.production), (row.staging, row.where.staging))
        shown = [f"{code(address)} ({words(where)})" if where else code(address) for address, where in sides]
        yield f"| {_label(row)} | {' | '.join(shown)} |"


def _step(line: Line, said: Answer) -> str:
    return f"{line.text} {_sentence(said.clause)}"


def _boxes(section: str, report: Report) -> Iterator[str]:
    for line in spec.boxes(section):
        said = answer(line, report)
        tick = "x" if said.ticked else " "
        yield f"- [{tick}] {line.text.removeprefix(spec.BOX)}: {_sentence(said.clause)}"


def _domains(report: Report, rows: list[RowPart]) -> Iterator[str]:
    yield from ("### Domain Verification", "")
    if rows:
        yield "| Service | Production Domain | Staging Domain |"
        yield "|---------|-------------------|----------------|"
    for row in rows:
        yield f"| {words(row.resource)} | {code(row.production)} | {code(row.staging)} |"
    if not rows:
        yield "No such resource is declared: nothing was asked, and nothing is proven."
    yield from ("", "### API Endpoint Check", "")
    found = [f for f in report.findings if f.rule == "web/environment-name"]
    yield from (f"- {words(f.resource)}: {f.outcome.value}. {_sentence(f.summary)}" for f in found)
    if not found:
        yield "Not asked."


def _variables(report: Report) -> Iterator[str]:
    yield from ("### ENVIRONMENT Variable Check", "")
    found = [f for f in report.findings if f.rule == "variables/environment-name"]
    yield from (f"{f.outcome.value}. {_sentence(f.summary)}" for f in found)
    if not found:
        yield "Not asked."
    yield from ("", "### Critical Variables Comparison", "")
    yield "| Variable | Must Be Different | Proven | By |"
    yield "|----------|-------------------|--------|----|"
    for line in spec.rows(spec.VARIABLES):
        name, different, _ = line.text.strip("| ").split(" | ")
        said = answer(line, report)
        yield f"| {name} | {different} | {said.word} | {words(said.why)} |"


def _asked(report: Report, resources: frozenset[str]) -> Iterator[str]:
    """Every finding about these resources, and what was asked of whom, when, with which answer."""
    found = [finding for finding in report.findings if finding.resource in resources]
    if found:
        yield from ("", "What was asked and found:", "")
    for finding in found:
        yield from _said(finding)
    answers: dict[tuple[str, EvidencePart], list[str]] = {}
    for finding in found:
        for evidence in finding.evidence:
            answers.setdefault((finding.resource, evidence), []).append(finding.rule)
    if answers:
        yield from ("", "| Resource | Asked of | What | How | When | Answer | For |")
        yield "|----------|----------|------|-----|------|--------|-----|"
    for (resource, evidence), rules in answers.items():
        cells = (
            words(resource),
            words(evidence.environment),
            words(evidence.what),
            code(evidence.how),
            f"{evidence.at:%Y-%m-%d %H:%M:%SZ}",
            code(evidence.value),
            ", ".join(map(code, dict.fromkeys(rules))),
        )
        yield f"| {' | '.join(cells)} |"


def _said(finding: FindingPart) -> Iterator[str]:
    grade = f" ({finding.grade.value})" if finding.outcome is Outcome.ISOLATED else ""
    head = f"- **{finding.outcome.value}**{grade} {code(finding.rule)}, {words(finding.resource)}:"
    tail = [_with_remedy(finding)]
    tail += [f"Limits: {_sentence(finding.limits)}"] if finding.limits else []
    yield " ".join((head, *tail))


def _with_remedy(finding: FindingPart) -> str:
    remedy = f" To do: {_sentence(finding.remedy)}" if finding.remedy else ""
    return _sentence(finding.summary) + remedy


def _others(report: Report) -> Iterator[str]:
    """Resources of kinds that the specification does not know."""
    rows = [row for row in report.matrix if row.kind not in _KNOWN]
    if rows:
        yield from ("## Other Resources", "")
        yield from _configuration(rows)
        yield from _asked(report, frozenset(row.resource for row in rows))


def _certification(report: Report) -> Iterator[str]:
    yield from (f"## {spec.CERTIFICATION}", "", "### Pre-Deployment Checklist", "")
    yield from _boxes(spec.CERTIFICATION, report)
    yield from ("", "### Sign-Off", "", "```")
    yield from (
        "Verified By: ___________________",
        "Date: ___________________",
        "Status: PENDING VERIFICATION",
    )
    yield "```"


def _sentence(text: str) -> str:
    """A clause as a sentence of Markdown."""
    return f"{words(text)}." if text and not text.endswith((".", "!", "?")) else words(text)
