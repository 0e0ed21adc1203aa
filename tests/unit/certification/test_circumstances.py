"""Where a proof was made and who asked for it: from what the surroundings say, and every name of it."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

import pytest

from disjoint import __version__
from disjoint.certification.circumstances import circumstances

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "CI": "true",
    "GITHUB_ACTOR": "alice",
    "GITHUB_TRIGGERING_ACTOR": "bob",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "shop/shop",
    "GITHUB_RUN_ID": "42",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI": "true",
    "GITLAB_USER_LOGIN": "carol",
    "GITLAB_USER_EMAIL": "carol@example.com",
    "CI_JOB_URL": "https://gitlab.example/jobs/7",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose commits bear an address; nobody's own configuration counts."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for words in (("init", "-q"), ("config", "user.email", "dev@example.com")):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    return tmp_path


def test_github_names_the_run_and_both_actors(checkout: Path) -> None:
    """Who wrote and who set it off, beside the checkout's address and the runner's user."""
    found = circumstances(GITHUB, checkout)
    assert found.version == __version__
    assert found.run == "https://github.com/shop/shop/actions/runs/42"
    assert found.host == "github-actions"
    assert found.requested_by == ("alice", "bob", "dev@example.com", getpass.getuser())


def test_gitlab_names_the_job_and_the_user_in_both_ways(checkout: Path) -> None:
    found = circumstances(GITLAB, checkout)
    assert (found.run, found.host) == ("https://gitlab.example/jobs/7", "gitlab-ci")
    assert found.requested_by[:2] == ("carol", "carol@example.com")


def test_off_a_ci_the_checkout_and_the_system_tell(checkout: Path) -> None:
    """A laptop has no run; its user is who asked."""
    found = circumstances({}, checkout)
    assert (found.run, found.host) == ("", "local")
    assert found.requested_by == ("dev@example.com", getpass.getuser())


def test_a_name_is_told_once_and_is_inert(checkout: Path) -> None:
    """What a CI's variables hold comes from outside: no control reaches a terminal, and no name is long."""
    variables = {"GITHUB_ACTOR": "dev@example.com", "GITLAB_USER_LOGIN": "x\x1b[2J" + "y" * 5000}
    first, second, *rest = circumstances(variables, checkout).requested_by
    assert first == "dev@example.com"
    assert "\x1b" not in second
    assert len(second) < 300
    assert "dev@example.com" not in rest


def test_without_git_there_is_still_somebody(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container has no git, and its user may have no name."""
    monkeypatch.setenv("PATH", "")
    assert circumstances({}, checkout).requested_by == (getpass.getuser(),)


def test_no_option_says_who_asked() -> None:
    """`disjoint certify` has no way to name the requester."""
    from disjoint.cli.certify import command  # noqa: PLC0415  (the only test that needs it)

    names = {option for parameter in command.params for option in parameter.opts}
    assert not [name for name in names if any(word in name for word in ("request", "actor", "user", "by"))]
