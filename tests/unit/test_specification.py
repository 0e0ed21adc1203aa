"""The specification's lines, the page that answers them and the table the report uses are one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from disjoint.report.specification import BOX, HUMAN, LINES, Line, Tick

PAGE = (Path(__file__).parents[2] / "docs" / "specification.md").read_text("utf-8")
TABLE, _, APPENDIX = PAGE.partition("## The specification\n")

RULES = frozenset(
    [
        "variables/environment-name",
        "variables/secret-reused",
        "variables/endpoint-reused",
        "variables/live-key",
        "variables/override",
        "postgres/same-server",
        "postgres/same-database",
        "postgres/replica-or-copy",
        "postgres/foreign-link",
        "postgres/production-rows",
        "postgres/sentinel",
        "postgres/tables",
        "postgres/stamp",
        "redis/same-server",
        "redis/replica-or-copy",
        "redis/namespace",
        "celery/same-broker",
        "celery/same-result-backend",
        "celery/queue-names",
        "celery/foreign-worker",
        "bucket/same-bucket",
        "bucket/contents",
        "bucket/canary",
        "web/same-domain",
        "web/same-deployment",
        "web/environment-name",
        "absent-in-production",
        "absent-in-staging",
    ]
)
LINTS = frozenset({"variables/weak-secret", "variables/marker", "variables/unclaimed"})

STRUCTURE = (
    "| Resource | Production",
    "| Service | Production",
    "| Variable | Must Be",
    "|--",
    "---",
    "# In app/main.py startup",
    "async def verify_staging_isolation():",
    'logger.info("Staging isolation verified")',
)
"""Table heads, rules of the page, and code that neither states nor asks anything."""


def stating_lines() -> list[str]:
    """Every line of the specification that states or asks something, in order."""
    found, fenced = [], False
    for line in APPENDIX.strip().splitlines()[1:-1]:
        text = line.strip()
        if text.startswith("```"):
            fenced = not fenced
        elif text and not text.startswith(STRUCTURE) and (fenced or not text.startswith("#")):
            found.append(text.removeprefix("- "))
    return found


def table_rows() -> list[tuple[str, str, str, str]]:
    """The page's table, its cells without Markdown."""
    rows = []
    for line in TABLE.splitlines():
        if line.startswith("| ") and not line.startswith("| section "):
            section, text, by, how = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
            plain = re.sub(r"^\[(.+)\]\(rules/\1\.md\)$", r"\1", by)
            rows.append(
                (section, text.strip("`").strip().replace(r"\|", "|"), plain, how.replace(r"\|", "|"))
            )
    return rows


def test_the_page_shows_the_table_that_the_report_uses() -> None:
    """The page's rows are the table's lines, in order and word for word."""
    assert table_rows() == [(line.section, line.text, line.by, line.how) for line in LINES]


def test_every_line_that_states_or_asks_something_is_answered_once() -> None:
    """No line of the specification is left out, and none is answered twice."""
    assert [line.text for line in LINES] == stating_lines()
    assert max(Counter((line.section, line.text) for line in LINES).values()) == 1


def test_every_box_of_the_specification_is_in_the_table() -> None:
    """All empty boxes are answered: fifteen of evidence, eight of the checklist."""
    quoted = [line.strip().removeprefix("- ") for line in APPENDIX.splitlines() if BOX in line]
    assert [line.text for line in LINES if line.text.startswith(BOX)] == quoted
    assert len(quoted) == 23


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text)
def test_one_rule_one_lint_or_a_person_answers(line: Line) -> None:
    """Each line names exactly one id that exists, or a person."""
    assert line.by in RULES | LINTS | {HUMAN}


def test_nothing_ticks_a_lint_or_a_person_s_box() -> None:
    """Information and people's boxes are never ticked by a run."""
    assert {line.tick for line in LINES if line.by in LINTS | {HUMAN}} == {Tick.NEVER}


def test_naming_lines_read_that_they_prove_nothing() -> None:
    """A line that asks for the word staging in a name is information."""
    naming = [line for line in LINES if "contain" in line.text and "staging identifier" in line.text]
    assert naming
    assert {(line.by, line.how) for line in naming} == {("variables/marker", "information: proves nothing")}


def test_content_lines_are_ticked_by_stated_expectations_only() -> None:
    """Rules about content count only where the manifest asks for them."""
    content = {"postgres/tables", "postgres/sentinel", "redis/namespace", "bucket/contents", "bucket/canary"}
    assert {line.tick for line in LINES if line.by in content} <= {Tick.STATED, Tick.QUEUES, Tick.NEVER}


def test_calls_across_environments_stay_pending() -> None:
    """Rules answer for pages and tokens, none for code that is no page, and the line says so."""
    [line] = [line for line in LINES if "cross-environment API calls" in line.text]
    assert line.by == HUMAN
    assert line.how.startswith("PENDING")
