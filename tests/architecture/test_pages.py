"""Every rule and lint has its page, and every page its rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from disjoint.certify import drift
from disjoint.cli.explain import pages
from disjoint.judge import absent, cross
from disjoint.kinds.registry import KINDS
from disjoint.report.specification import HUMAN, LINES

IDS = frozenset(
    {
        *(rule.id for kind in KINDS for rule in kind.rules),
        *(lint.id for kind in KINDS for lint in kind.lints),
        *cross.RULES,
        *cross.LINTS,
        *absent.IDS,
        drift.RULE,
    }
)
RULES = Path(__file__).parents[2] / "docs" / "rules"
SECTIONS = ["Asks", "Reads", "Proves", "Cannot see", "Remedy"]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    """No rule is unexplained, and no page outlives its rule."""
    assert {str(page.relative_to(RULES).with_suffix("")) for page in RULES.rglob("*.md")} == IDS


def test_explain_finds_every_page() -> None:
    """The command knows the ids that the rules have."""
    assert frozenset(pages()) == IDS


@pytest.mark.parametrize("rule", sorted(IDS))
def test_a_page_has_its_title_its_question_and_five_sections(rule: str) -> None:
    """Every page is built alike: title, one question, and the five sections in order."""
    page = pages()[rule].read_text("utf-8")
    title, question, *_ = filter(None, page.splitlines())
    assert title == f"# {rule}"
    assert not question.startswith("#")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .+$", page, flags=re.MULTILINE)[1:])


def test_the_specification_is_answered_by_rules_that_exist() -> None:
    """No line of the specification leans on an id that no kind has."""
    assert {line.by for line in LINES} - {HUMAN} <= IDS
