"""`disjoint explain` shows a rule's page, and helps with a name that is none."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner, Result

from disjoint.cli.explain import command, pages
from disjoint.cli.main import run
from disjoint.kinds.registry import KINDS
from disjoint.model.kind import Kind


def explain(*arguments: str) -> Result:
    """The command's answer, as a terminal gets it."""
    return CliRunner().invoke(command, list(arguments))


def test_a_rule_s_page_is_shown() -> None:
    """The page is the documentation's own."""
    shown = explain("variables/marker")
    assert shown.exit_code == 0
    assert shown.output == pages()["variables/marker"].read_text("utf-8").rstrip("\n") + "\n"


def test_without_a_rule_all_are_listed() -> None:
    """Each id stands with its question, in order."""
    lines = explain().output.splitlines()
    assert [line.split()[0] for line in lines] == sorted(pages())
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_a_kind_lists_its_own_rules() -> None:
    lines = explain("postgres").output.splitlines()
    assert [line.split()[0] for line in lines] == [
        rule for rule in sorted(pages()) if rule.startswith("postgres/")
    ]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("variables/markr", "variables/marker"),
        ("marker", "variables/marker"),
        ("variables/secret-reuse", "variables/secret-reused"),
    ],
)
def test_a_typo_names_the_nearest_and_exits_2(typo: str, meant: str) -> None:
    """A wrong name is a usage error that says what was meant."""
    shown = explain(typo)
    assert shown.exit_code == 2
    assert f"Did you mean {meant}" in shown.output


@pytest.mark.parametrize("name", ["", "../../README", "variables/", "zzzz", "\x1b[32m"])
def test_what_is_no_rule_is_no_file(name: str) -> None:
    """Only ids are looked up: a path leads nowhere, and controls are shown as escapes."""
    shown = explain(name)
    assert shown.exit_code == 2
    assert "\x1b" not in shown.output


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_says_what_to_grant(kind: Kind[Any, Any]) -> None:
    """For `verify` and, smaller, for `look`; no line of it is a secret or a name of somebody's."""
    whole, smaller = explain("--grants", kind.name), explain("--grants", kind.name, "--split")
    assert (whole.exit_code, smaller.exit_code) == (0, 0)
    assert whole.output.startswith("-- verify")
    assert smaller.output.startswith("-- look")
    assert smaller.output.rstrip("\n") in whole.output


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("postgres", "GRANT CONNECT"),
        ("redis", "ACL SETUSER"),
        ("celery", "ACL SETUSER"),
        ("bucket", "s3:ListBucket"),
    ],
)
def test_grants_are_text_to_copy(kind: str, words: str) -> None:
    """SQL, an ACL line, a policy."""
    assert words in explain("--grants", kind).output


@pytest.mark.parametrize(
    "arguments", [("--split",), ("--grants", "mysql"), ("--grants", "redis", "redis/namespace")]
)
def test_a_wrong_question_about_grants_exits_2(arguments: tuple[str, ...]) -> None:
    """An unknown kind, no kind, or a rule beside it."""
    assert run(["explain", *arguments]) == 2
