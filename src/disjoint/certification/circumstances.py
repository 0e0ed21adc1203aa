"""Where a proof is made, and who asked for it: taken from where they are said, never from an option."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from disjoint import __version__
from disjoint.certify.statement import Circumstances
from disjoint.report.inert import inert

PATIENCE_SECONDS = 5.0
LONGEST = 200
PEOPLE = (
    *("GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR"),
    *("GITLAB_USER_LOGIN", "GITLAB_USER_EMAIL"),
    *("BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_CREATOR_EMAIL"),
    *("CIRCLE_USERNAME", "BITBUCKET_STEP_TRIGGERER_UUID", "BUILD_REQUESTEDFOREMAIL"),
    *("RAILWAY_GIT_AUTHOR", "VERCEL_GIT_COMMIT_AUTHOR_LOGIN"),
)
"""Where a CI says who set a run off."""
HOSTS = {
    "GITHUB_ACTIONS": "github-actions",
    "GITLAB_CI": "gitlab-ci",
    "BUILDKITE": "buildkite",
    "CIRCLECI": "circleci",
    "BITBUCKET_BUILD_NUMBER": "bitbucket-pipelines",
    "TF_BUILD": "azure-pipelines",
    "JENKINS_URL": "jenkins",
    "RAILWAY_ENVIRONMENT_ID": "railway",
    "CI": "ci",
}
RUNS = ("CI_JOB_URL", "CI_PIPELINE_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")


def circumstances(variables: Mapping[str, str], directory: Path) -> Circumstances:
    """What this process and the checkout around a manifest say.

    Args:
        variables: of the process.
        directory: the manifest's.
    """
    return Circumstances(
        version=__version__,
        run=_shown(_run(variables)),
        host=next((host for name, host in HOSTS.items() if variables.get(name)), "local"),
        requested_by=tuple(dict.fromkeys(filter(None, map(_shown, _people(variables, directory))))),
    )


def _people(variables: Mapping[str, str], directory: Path) -> Iterator[str]:
    yield from (variables.get(name, "") for name in PEOPLE)
    yield _by_git(directory)
    yield _user()


def _run(variables: Mapping[str, str]) -> str:
    parts = [variables.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    if all(parts):
        return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}"
    return next((variables[name] for name in RUNS if variables.get(name)), "")


def _by_git(directory: Path) -> str:
    """The address that commits of this checkout bear; empty where git or its setting is missing."""
    git = shutil.which("git")
    if git is None:
        return ""
    asked = [git, "-C", str(directory), "config", "--get", "user.email"]
    try:
        ran = subprocess.run(asked, capture_output=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.decode("utf-8", "replace").strip() if ran.returncode == 0 else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        return ""


def _shown(text: str) -> str:
    """One inert line: such texts come from whoever set the run off."""
    return inert(text.strip()[:LONGEST])
