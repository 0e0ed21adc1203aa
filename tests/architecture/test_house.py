"""What the import linter cannot see: what loads, what runs, what is public."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from typing import Any

import pytest

import disjoint
from disjoint import errors
from disjoint.judge import cross
from disjoint.kinds.registry import KINDS
from disjoint.model.kind import Kind
from samples import Samples, question

CLIENTS = "psycopg redis botocore httpx celery starlette rich msgspec cryptography dotenv click"
DATA = {"disjoint.report.specification"}
"""Modules that hold one long table and no logic."""
OPENING = ("open", "socket.", "subprocess.", "os.system", "os.exec", "os.listdir", "import")


def loaded(statement: str, *names: str) -> str:
    """Which of the names a fresh interpreter has loaded after a statement."""
    program = f"import sys\n{statement}\nprint(*[n for n in {names!r} if n in sys.modules])"
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_the_package_loads_no_library() -> None:
    """`import disjoint` costs the interpreter nothing but itself."""
    assert loaded("import disjoint", *CLIENTS.split()) == ""


def test_asking_for_the_version_loads_click_alone() -> None:
    """The command line loads no stage before a command is called."""
    statement = "from disjoint.cli.main import run; run(['--version'])"
    shown = loaded(statement, *CLIENTS.split(), "disjoint.pipeline")
    assert shown.splitlines()[-1] == "click"


def test_the_registry_loads_no_client() -> None:
    """Knowing every kind is not opening one: clients load with the first observer."""
    statement = "import disjoint.kinds.registry"
    assert loaded(statement, "psycopg", "redis", "botocore", "cryptography", "celery") == ""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_address_loads_without_dataclasses(kind: Kind[Any, Any]) -> None:
    """The start-up guard reads addresses in a bare process."""
    assert loaded(f"import disjoint.kinds.{kind.name}.address", "dataclasses", "tomllib", "ssl") == ""


def test_rules_touch_nothing() -> None:
    """Under an audit hook no rule and no lint opens, connects, starts or imports anything."""
    touched: list[str] = []
    watching = False

    def hook(event: str, _arguments: object) -> None:
        if watching and event.startswith(OPENING):
            touched.append(event)

    sys.addaudithook(hook)

    for kind in KINDS:
        for seed in range(50):
            samples = Samples(kind, seed)
            asked = question(samples.facts(), samples.facts(), samples.declared())
            watching = True
            for rule in kind.rules:
                rule.judge(asked)
            for lint in kind.lints:
                lint.look(asked)
            watching = False
    assert touched == []


def test_a_rule_is_called_as_its_id_says() -> None:
    """Rule id, function name and page name are one."""
    for kind in KINDS:
        for rule in kind.rules:
            name = getattr(rule.judge, "__name__", "")
            assert rule.id == f"{kind.name}/{name.replace('_', '-')}"


def test_rule_ids_are_unique() -> None:
    """No two rules answer under one id."""
    ids = [rule.id for kind in KINDS for rule in kind.rules] + list(cross.RULES)
    assert len(ids) == len(set(ids))


def test_the_public_names_are_few_and_there() -> None:
    """At most ten names, each of which can be had."""
    assert len(disjoint.__all__) <= 10
    assert all(getattr(disjoint, name) is not None for name in disjoint.__all__)
    with pytest.raises(AttributeError):
        disjoint.nothing_of_this_name  # noqa: B018


def test_every_error_has_one_root() -> None:
    """A caller can catch everything of ours by one name."""
    ours = [value for value in vars(errors).values() if inspect.isclass(value)]
    assert all(issubclass(error, errors.DisjointError) for error in ours)


def test_no_module_of_ours_is_long() -> None:
    """A module that needs 300 lines needs a second module."""
    for found in pkgutil.walk_packages(disjoint.__path__, "disjoint."):
        if found.name in DATA:
            continue
        module = importlib.import_module(found.name)
        assert isinstance(module, types.ModuleType)
        assert len(inspect.getsource(module).splitlines()) <= 300, found.name
