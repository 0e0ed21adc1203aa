"""The examples for CI say what the command line knows."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from disjoint.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "ci"


def texts(value: object) -> list[str]:
    """Every text in an example, however deep."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for inner in value.values() for text in texts(inner)]
        case list():
            return [text for inner in value for text in texts(inner)]
        case _:
            return []


def read(path: Path) -> Any:
    if path.suffix == ".toml":
        return tomllib.loads(path.read_text())
    return YAML(typ="safe", pure=True).load(path)


def calls(path: Path) -> list[list[str]]:
    """How an example calls us."""
    lines = [line for text in texts(read(path)) for line in text.splitlines()]
    return [shlex.split(line) for line in lines if re.match(r"\s*disjoint ", line)]


PLACES = [*sorted(EXAMPLES.iterdir()), ROOT / ".pre-commit-hooks.yaml"]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.name)
def test_every_call_is_one_that_the_command_line_takes(path: Path) -> None:
    """Command, options and arguments, as click reads them."""
    for _, name, *arguments in calls(path):
        assert name in COMMANDS
        command = import_module(f"disjoint.cli.{name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        command.make_context(name, arguments)


def test_every_example_calls_us() -> None:
    """Or uses the action, whose own inputs it names."""
    inputs = read(ROOT / "action.yml")["inputs"]
    for path in PLACES:
        steps = (
            [step for job in read(path).get("jobs", {}).values() for step in job["steps"]]
            if "github" in path.name
            else []
        )
        ours = [step["with"] for step in steps if "/disjoint@" in step.get("uses", "")]
        assert ours or calls(path), path.name
        assert all(with_.keys() <= inputs.keys() for with_ in ours)
        assert all(with_["command"] in {"verify", "certify", "gate"} for with_ in ours)
