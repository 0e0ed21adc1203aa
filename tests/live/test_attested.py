"""A deployed process answers for itself: its variables are proven, whatever the verifier's own say."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from deployed_world import plain_world

from disjoint.cli.main import run
from disjoint.demo.stack import Stack
from disjoint.demo.world import World

pytestmark = pytest.mark.live
HERE = Path(__file__).parent
KEY, TOKEN = "0f" * 32, "a-token-of-this-test"
PATH = "/.well-known/disjoint"


@pytest.fixture
def world(running: Stack) -> World:
    """Both sides as one deploys them."""
    return plain_world(running)


@contextlib.contextmanager
def deployed(world: World, folder: Path, **variables: str) -> Iterator[str]:
    """The application as it is deployed, with staging's variables; where it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning", "attested_app:app"],
        cwd=_image(world, folder),
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DISJOINT_SEAL_KEY": KEY,
            "DISJOINT_ATTEST_TOKEN": TOKEN,
            **world.staging.variables,
            **variables,
        },
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _healthy(process, port)
        yield f"http://127.0.0.1:{port}{PATH}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _image(world: World, folder: Path) -> Path:
    """What is in the deployed image: the manifest, and nobody's file of variables."""
    (folder / "image").mkdir()
    manifest = world.write(folder / "image")
    manifest.write_text(
        manifest.read_text().replace('dotenv = ".env.staging"', 'attested = "https://a.test"')
    )
    for file in manifest.parent.glob(".env.*"):
        file.unlink()
    return manifest.parent


def _healthy(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer,
        ):
            assert answer.status == 200
            return
        time.sleep(0.1)
    raise AssertionError("the application did not start")


@pytest.fixture
def verifier(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CI job's folder: production's variables, and none of staging's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    monkeypatch.setenv("DISJOINT_ATTEST_TOKEN", TOKEN)
    (tmp_path / "ci").mkdir()
    world.write(tmp_path / "ci")
    (tmp_path / "ci" / ".env.staging").unlink()
    return tmp_path / "ci"


def asked(verifier: Path, url: str, *options: str, command: str = "verify") -> int:
    """Ends as the command does; `report.json` has what it found."""
    manifest = verifier / "disjoint.toml"
    text = manifest.read_text().replace('dotenv = ".env.staging"', f'attested = "{url}"')
    manifest.write_text(text)
    budget = ["--budget", "18"] if command == "verify" else []
    return run([command, "--manifest", str(manifest), *budget, *options])


def verified(verifier: Path, url: str) -> tuple[int, Mapping[str, str]]:
    """The exit code, and each row's grade or outcome."""
    report = verifier / "report.json"
    code = asked(verifier, url, "--format", "json", "--output", str(report))
    if not report.exists():
        return code, {}
    matrix = json.loads(report.read_text())["matrix"]
    return code, {r["resource"]: r["grade"] if r["outcome"] == "ISOLATED" else r["outcome"] for r in matrix}


def test_the_deployed_process_is_proven_by_marks_of_its_own(
    world: World, verifier: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No variable of staging's is in the verifier's hands, and none of its values comes into them."""
    with deployed(world, tmp_path) as url:
        code, rows = verified(verifier, url)
        assert (code, rows["database"], rows["cache"], rows["tasks"]) == (0, "canary", "canary", "canary")
        report = json.loads((verifier / "report.json").read_text())
        assert report["footprint"]["production"]["writes"] == 0
        assert url.removeprefix("http://") in report["source"]
        time.sleep(5.1)  # the route's rest
        urls = [value for value in world.staging.variables.values() if "@" in value]
        answer = curled(url)
        secrets = [text.rpartition("@")[0].rpartition(":")[2] for text in urls]
        assert len(secrets) >= 4
        assert not [secret for secret in secrets if secret in answer]
    assert not [secret for secret in secrets if secret in "".join(capfd.readouterr())]


@pytest.mark.long
def test_the_process_answers_and_no_file_of_its_image(
    world: World, verifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest in the image names a file of variables and a tunnel; the application knows neither."""
    ours = world.staging.variables["DATABASE_URL"].rpartition("@")[2].partition("/")[0]
    theirs = world.production.variables["DATABASE_URL"]
    there = theirs.rpartition("@")[2].partition("/")[0]

    def with_files(world: World, folder: Path) -> Path:
        (folder / "image").mkdir()
        return world.reaching(there, int(ours.rpartition(":")[2])).write(folder / "image").parent

    monkeypatch.setitem(globals(), "_image", with_files)
    with deployed(world, tmp_path, DATABASE_URL=theirs) as url:
        code, rows = verified(verifier, url)
    assert (code, rows["variables"]) == (1, "SHARED")
    assert rows["database"] in {"SHARED", "UNPROVEN"}


def curled(url: str) -> str:
    """The whole answer, as it is on the wire."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Disjoint-Nonce": "ab" * 16, "Disjoint-Seconds": "5"}
    asking = urllib.request.Request(url, headers=headers)  # noqa: S310  (http, to loopback)
    with urllib.request.urlopen(asking) as answer:  # noqa: S310  (as above)
        text: str = answer.read().decode()
    assert text.count("\x1e") == 2
    return text


def test_what_was_deployed_counts_and_not_what_was_meant(
    world: World, verifier: Path, tmp_path: Path
) -> None:
    """An edited dashboard: the process has production's database, and every file of staging's is right."""
    theirs = world.production.variables["DATABASE_URL"]
    with deployed(world, tmp_path, DATABASE_URL=theirs) as url:
        code, rows = verified(verifier, url)
    assert (code, rows["database"], rows["variables"], rows["cache"]) == (1, "SHARED", "SHARED", "canary")


@pytest.mark.long
def test_a_connection_that_only_its_code_knows_is_found(
    world: World, verifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To production's server: unproven, for a private address says little; to another's: named."""
    theirs = next(port for place, port in world.production.reach_at.items() if "postgres.production" in place)
    with socket.create_server(("127.0.0.1", 0)) as strangers:
        stranger = f"127.0.0.1:{strangers.getsockname()[1]}"
        with deployed(world, tmp_path, IN_ITS_CODE=f"{theirs} {stranger}") as url:
            assert asked(verifier, url) == 3
    assert f"the attested process is connected to {theirs}, where production's" in capsys.readouterr().err


@pytest.mark.long
def test_a_connection_of_nobodys_is_named(world: World, verifier: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as strangers:
        stranger = f"127.0.0.1:{strangers.getsockname()[1]}"
        with deployed(world, tmp_path, IN_ITS_CODE=stranger) as url:
            code, _ = verified(verifier, url)
    notes = json.loads((verifier / "report.json").read_text())["notes"]
    assert code == 0
    assert [each for each in notes if f"a connection to {stranger}" in str(each)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"DISJOINT_ATTEST_TOKEN": ""}, "has no such route"),
        ({"DISJOINT_ATTEST_TOKEN": "another-token-than-ours"}, "does not take this token"),
        ({"DISJOINT_SEAL_KEY": "0e" * 32}, "under another project key"),
        ({"ENVIRONMENT": "production", "APP_ENV": "production"}, "it is production, by its own account"),
    ],
    ids=["off", "token", "key", "production"],
)
def test_a_process_that_does_not_answer_proves_nothing(
    world: World,
    verifier: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    variables: Mapping[str, str],
    says: str,
) -> None:
    with deployed(world, tmp_path, **variables) as url:
        assert asked(verifier, url) == 3
    assert says in capsys.readouterr().err


def test_whoever_is_interrupted_waits_for_no_process(verifier: Path) -> None:
    """A server that never answers: the command ends when it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        manifest = verifier / "disjoint.toml"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}"
        manifest.write_text(manifest.read_text().replace('dotenv = ".env.staging"', f'attested = "{url}"'))
        verify = subprocess.Popen(
            [sys.executable, "-m", "disjoint", "verify", "--manifest", str(manifest)], start_new_session=True
        )
        connection, _ = silent.accept()
        with connection:
            time.sleep(3)
            verify.send_signal(signal.SIGINT)
            began = time.monotonic()
            try:
                assert verify.wait(60) == 130
            finally:
                verify.kill()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("command", "options"),
    [("verify", ["--offline"]), ("verify", ["--dask", "local"]), ("certify", [])],
)
def test_what_takes_stagings_own_variables_says_so(
    verifier: Path, capsys: pytest.CaptureFixture[str], command: str, options: list[str]
) -> None:
    assert asked(verifier, "https://staging.test/x", *options, command=command) == 2
    assert "is attested" in capsys.readouterr().err
