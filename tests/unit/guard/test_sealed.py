"""A seal that does not hold proves nothing, and says why and what to do."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from guarded_world import ONE, PROJECT, declared, seal_text, stated

from disjoint import guard
from disjoint.guard.sealed import opened
from disjoint.guard.verdict import ISOLATED, UNPROVEN

KEY = {"DISJOINT_SEAL_KEY": PROJECT.hex()}
THEIRS = {"IT": "postgres://u:Zk39dkQpw01mXy7aGh@db.production.example.com/shop"}
OURS = {"IT": "postgres://u:pP39dkQpw01mXy7zzz@db.staging.example.com/shop", "ENVIRONMENT": "staging"}
NOW = datetime.now(UTC)


@pytest.fixture
def policy(tmp_path: Path) -> Any:
    return stated(declared(tmp_path, ONE["postgres"]), THEIRS)


def reason(text: str, tmp_path: Path, variables: dict[str, str] | None = None) -> str:
    path = tmp_path / "production.sealed.json"
    path.write_text(text)
    checked = guard.assess(str(path), variables={**OURS, **KEY, **(variables or {})})
    if checked.outcome == ISOLATED:
        return ""
    assert checked.outcome == UNPROVEN
    (only,) = checked.reasons
    assert only.rule == "guard/seal"
    assert only.fix
    return only.says


def test_a_seal_that_holds(policy: Any, tmp_path: Path) -> None:
    assert reason(seal_text(policy), tmp_path) == ""


@pytest.mark.parametrize(
    ("made", "lasts", "says"),
    [
        (NOW - timedelta(days=8), timedelta(days=7), "expired on"),
        (NOW + timedelta(hours=1), timedelta(days=7), "from the future"),
        (NOW, timedelta(days=31), "longer than 30 days"),
        (NOW, timedelta(seconds=-1), "longer than 30 days"),
    ],
)
def test_times(made: datetime, lasts: timedelta, says: str, policy: Any, tmp_path: Path) -> None:
    assert says in reason(seal_text(policy, made=made, lasts=lasts), tmp_path)


def test_what_was_not_sealed(policy: Any, tmp_path: Path) -> None:
    """Changed, of another project, of another version, no seal, no file, a folder, a pipe."""
    text = seal_text(policy)
    assert "was changed" in reason(text.replace('"payload": "ey', '"payload": "eY'), tmp_path)
    assert "another project key" in reason(text, tmp_path, {"DISJOINT_SEAL_KEY": "f0" * 32})
    assert "too short" in reason(text, tmp_path, {"DISJOINT_SEAL_KEY": "abc"})
    assert "no project key" in reason(
        text, tmp_path, {"DISJOINT_SEAL_KEY": "", "XDG_STATE_HOME": str(tmp_path)}
    )
    for other in ({**policy, "schema": "disjoint.policy/v2"}, {**policy, "resources": {}}, None, "x"):
        assert "another version" in reason(seal_text(other), tmp_path)
    for none in (
        "",
        "{}",
        "[" * 100_000,
        '{"schema": "disjoint.seal/v1"}',
        "\udc80".encode("utf-8", "surrogateescape").decode("latin-1"),
    ):
        assert "not what" in reason(none, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "directory"),
        (tmp_path / "pipe", "no regular"),
    ):
        (only,) = guard.assess(str(path), variables={**OURS, **KEY}).reasons
        assert why in only.says


def test_times_that_are_none(policy: Any, tmp_path: Path) -> None:
    for times in ({"sealedAt": "yesterday"}, {"expiresAt": 7}, {"expiresAt": "2026-01-01T00:00:00"}):
        assert "until when" in reason(seal_text(policy, **times), tmp_path)


def test_the_key_of_this_machine_is_taken_where_none_is_set(policy: Any, tmp_path: Path) -> None:
    """As `disjoint seal` takes it; not where others may read it, and never made."""
    path = tmp_path / "production.sealed.json"
    path.write_text(seal_text(policy))
    variables = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert opened(str(path), variables).policy is None
    assert not (tmp_path / "state").exists()
    file = tmp_path / "state" / "disjoint" / "project.key"
    file.parent.mkdir(parents=True)
    file.write_bytes(PROJECT)
    file.chmod(0o600)
    assert opened(str(path), variables).policy is not None
    file.chmod(0o644)
    assert opened(str(path), variables).policy is None


def test_a_key_is_shown_by_nothing(policy: Any, tmp_path: Path) -> None:
    path = tmp_path / "production.sealed.json"
    path.write_text(seal_text(policy))
    read = opened(str(path), KEY)
    assert repr(read.key) not in repr(read)
    assert repr(PROJECT) not in repr(read)
