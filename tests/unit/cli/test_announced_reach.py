"""Before staging's credentials are tried at production's door it is said whose, where, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from disjoint import pipeline
from disjoint.cli.main import run
from disjoint.kinds.registry import KINDS
from disjoint.model.experiment import Experiment
from disjoint.model.finding import Outcome

MANIFEST = """
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.preview]
variables = { dotenv = ".env.preview" }
[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
reach = true
[resources.cache]
kind = "redis"
url = "$REDIS_URL"
[resources.queue]
kind = "redis"
url = "$QUEUE_URL"
reach = true
"""
PRODUCTION = "DATABASE_URL=postgresql://alice:s3cret@127.0.0.1:1/app\nREDIS_URL=redis://:pw1@127.0.0.1:1/0\n"
PREVIEW = (
    "DATABASE_URL=postgresql://bob:other@127.0.0.2:1/app\nREDIS_URL=redis://:pw2@127.0.0.2:1/0\n"
    "QUEUE_URL=redis://:pw2@127.0.0.2:1/1\n"
)
TOLD = (
    "reach: preview's login is tried once at production's database (postgres, 127.0.0.1:1/app): "
    "its log will show one refused login"
)


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    (tmp_path / ".env.production").write_text(PRODUCTION)
    (tmp_path / ".env.preview").write_text(PREVIEW)
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    return str(tmp_path / "disjoint.toml")


def test_it_is_told_before_anything_is_sent(
    manifest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for the one resource that both sides have and that asks for it; no credential, no user."""
    said: list[str] = []
    verify = pipeline.verify

    def noting(*arguments: Any, **options: Any) -> Any:
        said.append(capsys.readouterr().err)
        return verify(*arguments, **options)

    monkeypatch.setattr(pipeline, "verify", noting)
    run(["verify", "--manifest", manifest, "--budget", "3"])
    assert said == [f"{TOLD}\n"]


@pytest.mark.parametrize("option", ["--no-reach", "--offline"])
def test_what_is_not_tried_is_not_told(
    manifest: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing on standard error."""
    assert run(["verify", "--manifest", manifest, "--budget", "3", option]) == 3
    assert "reach:" not in capsys.readouterr().err


def test_what_is_asked_and_left_out_is_unproven(manifest: str) -> None:
    """The manifest asks for it, and it did not happen."""
    proof = pipeline.verify(pipeline.load(Path(manifest)), budget=3, without=("reach",))
    (found,) = [f for f in proof.findings if f.rule == "postgres/cross-login"]
    assert found.outcome is Outcome.UNPROVEN
    assert "left out of this run (--no-reach)" in found.judgement.summary
    assert found.judgement.remedy == "run without --no-reach"


def test_every_reach_is_announced() -> None:
    """No kind knocks unannounced."""
    tests = [test for kind in KINDS for test in kind.experiments if test.name == "reach"]
    assert tests
    for test in tests:
        assert isinstance(test, Experiment)
        assert "{staging}" in test.announces
        assert "{place}" in test.announces
        assert "log" in test.announces


def test_every_reach_is_judged_by_a_rule_that_says_so() -> None:
    """A run by halves cannot knock, and must not ask that rule."""
    knocking = {kind.name for kind in KINDS for test in kind.experiments if test.name == "reach"}
    assert knocking == {kind.name for kind in KINDS for rule in kind.rules if rule.needs == "reach"}
