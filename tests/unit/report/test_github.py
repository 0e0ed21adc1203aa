"""Annotations as the runner reads them: none forged, none lost, at most ten of a kind."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from proofs import blind, broken, changed, clean, hostile, matrix_with, proof, row, waived

from disjoint.model.finding import Finding, Grade, Outcome, shared, unproven
from disjoint.model.proof import Proof
from disjoint.report import render


class Command(NamedTuple):
    """A line of output as the runner takes it."""

    name: str
    properties: dict[str, str]
    text: str


def runner(output: str) -> tuple[list[Command], list[str]]:
    """What actions/runner makes of output: its commands, and the lines that are none (ActionCommand.cs)."""
    commands, others = [], []
    for line in output.split("\n"):
        trimmed = line.lstrip()
        found = re.fullmatch(r"::(\S+)(?: (.*?))?::(.*)", trimmed) if trimmed.startswith("::") else None
        if found:
            pairs = [pair.split("=", 1) for pair in (found[2] or "").split(",") if "=" in pair]
            properties = {key: _back(value.replace("%3A", ":").replace("%2C", ",")) for key, value in pairs}
            commands.append(Command(found[1], properties, _back(found[3])))
        elif "##[" in line:
            commands.append(Command("of the older form", {}, line))
        else:
            others.append(line)
    return commands, others


def _back(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def annotated(shown: Proof) -> list[Command]:
    return runner(render(shown, "github"))[0]


def test_what_is_shared_stands_beside_its_line() -> None:
    """As an error, with its rule and the fix."""
    command = next(each for each in annotated(broken()) if "redis" in each.properties["title"])
    assert command.name == "error"
    assert (command.properties["file"], command.properties["line"]) == ("disjoint.toml", "50")
    assert command.properties["title"].startswith("SHARED cache: redis/same-server")
    assert "\nfix: " in command.text


def test_what_is_unproven_is_a_warning() -> None:
    """And nothing is an error."""
    assert {each.name for each in annotated(blind())} == {"warning"}


def test_what_is_isolated_or_accepted_is_not_annotated() -> None:
    """The last line says the verdict, and is no command."""
    for shown in (clean(), waived()):
        commands, others = runner(render(shown, "github"))
        assert commands == []
        assert others[0].startswith("ISOLATED: ")


def test_every_open_finding_is_told_once() -> None:
    """Each rule that is open stands in a title or in a text."""
    for shown in (broken(), blind(), hostile()):
        told = "".join(each.properties["title"] + each.text for each in annotated(shown))
        for finding in shown.findings:
            if (
                finding.judgement.outcome is not Outcome.ISOLATED
                and finding.waiver is None
                and shown is not hostile()
            ):
                assert finding.rule in told


def test_a_row_below_its_minimum_is_told() -> None:
    """Though no finding of its own is open."""
    below = row("api", "proven at declared, and identity is asked", Grade.DECLARED, Outcome.UNPROVEN)
    kept = [f for f in clean().findings if f.resource != "api"]
    shown = replace(clean(), matrix=matrix_with(below), findings=tuple(kept))
    [command] = annotated(shown)
    assert (command.name, command.text) == ("warning", "proven at declared, and identity is asked")
    assert command.properties["line"] == "80"


def test_there_are_at_most_ten_of_a_kind() -> None:
    """GitHub drops the rest without a word: so the tenth says how many."""
    rules = [f"postgres/rule-{number}" for number in range(23)]
    many = [Finding(rule, "database", shared(Grade.IDENTITY, f"{rule} is shared")) for rule in rules]
    more = [Finding(f"redis/{n}", "cache", unproven(f"{n} was not read")) for n in range(11)]
    commands = annotated(replace(broken(), findings=changed(*many, *more)))
    errors = [each for each in commands if each.name == "error"]
    warnings = [each for each in commands if each.name == "warning"]
    assert (len(errors), len(warnings)) == (10, 10)
    assert errors[-1].properties["title"] == "SHARED: 14 more"


@given(st.text(alphabet=st.sampled_from("\n\r%:,=#[]0AD3aerxo ;"), max_size=60))
def test_no_foreign_text_is_a_command(text: str) -> None:
    """Whatever a server answers, and whatever a resource is called."""
    hit = Finding("postgres/same-server", "database", shared(Grade.IDENTITY, text, remedy=text))
    shown = proof(findings=changed(hit), matrix=matrix_with(row("database", text, None, Outcome.SHARED)))
    shown = replace(shown, staging=replace(shown.staging, environment=text))
    commands, others = runner(render(shown, "github"))
    assert [each.name for each in commands] == ["error"]
    assert commands[0].properties.keys() == {"file", "line", "title"}
    assert len(others) == 2
