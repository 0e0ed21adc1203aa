"""Whatever befalls a disk or a process, old or new stands, whole: certificate, seal and journal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from faults import Call, Ended, Fault, Runner

from certificates import World
from disjoint.certification.history import expect_whole, open_journal
from disjoint.certify.keys import project_key
from disjoint.cli.main import run
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from lacking import lacking

pytestmark = pytest.mark.live
MANIFEST = """
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }
[resources.cache]
kind = "redis"
url = "$REDIS_URL"
"""
FREEZE = ("journal", "freeze", "--reason", "a drill")
CERTIFY = ("certify", "--output", "out")
SEAL = ("seal", "--environment", "production", "--output", "seal.json")
CERTIFICATE = "out/certificate.intoto.jsonl"
OURS = re.compile(
    r"state/disjoint/(project\.key|machine\.pem|projects/[0-9a-f]{16}/journal\.(head|sqlite(-wal|-shm)?))"
    r"|out/(certificate(\.svr)?\.intoto\.jsonl|report\.json|(staging|production)\.stable\.json)"
    r"|seal\.json|disjoint\.toml|\.env\.(staging|production)"
)
"""Every file that may ever be seen; anything else is a temporary one."""
DRAFT = re.compile(r"(.*/)?\.[^/]+\.[0-9a-f]{8}\.part")
NO_ROOM = {
    "open",
    "openat",
    "mkdir",
    "write",
    "pwrite64",
    "ftruncate",
    "link",
    "linkat",
    "rename",
    "renameat",
}
FAILING = NO_ROOM - {"open", "openat", "mkdir"} | {"fsync", "fdatasync", "unlink", "renameat2", "fchmod"}
LANDED = "may not outlast a power cut"


@dataclass(frozen=True)
class Scene:
    """A command, and what went before it."""

    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    product: str = ""
    """What it puts into the working directory at its end."""
    sparse: int = 61
    """Of its faults, every so many-th is tried in `make test`; all of them in `make test-all`."""


SCENES = {
    "journal, first": Scene(FREEZE, (), sparse=8),
    "journal, next": Scene(FREEZE, (FREEZE,), sparse=8),
    "certify, first": Scene(CERTIFY, (), CERTIFICATE),
    "certify, next": Scene(CERTIFY, (CERTIFY,), CERTIFICATE),
    "seal, first": Scene(SEAL, (), "seal.json"),
    "seal, next": Scene(SEAL, (SEAL,), "seal.json"),
}


class Place:
    """A working directory, put back before every run."""

    def __init__(self, runner: Runner, folder: Path, scene: Scene, files: Mapping[str, str]) -> None:
        self.runner, self.scene, self.folder = runner, scene, folder / "work"
        self._template = folder / "template"
        self.variables = {"XDG_STATE_HOME": str(self.folder / "state")}
        self.folder.mkdir()
        for name, text in files.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o600)
        for arguments in scene.before:
            assert runner.run(arguments, self.folder, self.variables).code == 0
        shutil.copytree(self.folder, self._template)
        self.run()  # so that no later run loads a module of its own
        self.put_back()

    def put_back(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self._template, self.folder)

    def run(self, fault: Fault | None = None) -> Ended:
        return self.runner.run(self.scene.arguments, self.folder, self.variables, fault)

    def calls(self) -> list[Call]:
        """Every call that writes; of the index that SQLite keeps beside its log, where nothing is ever told
        of, one each."""
        found, seen = [], set()
        for call in self.runner.calls(self.scene.arguments, self.folder, self.variables):
            index = "-shm>" in call.told and call.name
            if not index or index not in seen:
                found.append(call)
            seen.add(index)
        return found

    def names(self) -> list[str]:
        return [str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()]

    def contents(self) -> dict[str, bytes]:
        """Of every file but those in which SQLite keeps its own account."""
        names = [name for name in self.names() if not name.endswith(("-shm", "-wal"))]
        return {name: (self.folder / name).read_bytes() for name in names}

    def old(self) -> bytes:
        return self._read(self._template)

    def new(self) -> bytes:
        return self._read(self.folder)

    def _read(self, folder: Path) -> bytes:
        path = folder / self.scene.product
        return path.read_bytes() if path.is_file() else b""


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, str]]:
    """A manifest about two servers of this machine."""
    with Supervisor() as supervisor:
        servers = {name: ValkeyServer.start(supervisor, name) for name in ("production", "staging")}
        variables = {
            f".env.{name}": f"REDIS_URL={server.url(f'127.0.0.1:{server.port}')}\nENVIRONMENT={name}\n"
            for name, server in servers.items()
        }
        yield {"disjoint.toml": MANIFEST, **variables}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with Runner(tmp_path_factory.mktemp("scratch")) as runner:
        yield runner


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where the machine has one: thousands of fsyncs wait for a disk otherwise."""
    shared = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    runner: Runner,
    memory: Path,
    files: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    """The scene that the test is called with."""
    monkeypatch.setenv("XDG_STATE_HOME", str(memory / "work" / "state"))
    return Place(runner, memory, SCENES[request.param], files)


def faults_of(calls: list[Call]) -> Iterator[Fault]:
    for call in calls:
        writes = call.name not in {"open", "openat"} or "O_CREAT" in call.told or "O_TMPFILE" in call.told
        if call.name in NO_ROOM and writes:
            yield Fault(call, "error=ENOSPC")
        if call.name in FAILING:
            yield Fault(call, "error=EIO")
        yield Fault(call, "signal=KILL")


def expect_nothing_torn(place: Place, fault: Fault, ended: Ended) -> None:
    """Old or new, whole; nothing is left over; what acts has its entry; an error is one line and exit 4."""
    told = f"{fault}\nended with {ended.code}: {ended.err}"
    left = [name for name in place.names() if not OURS.fullmatch(name)]
    killed = ended.code < 0
    assert not [name for name in left if not (killed and DRAFT.fullmatch(name))], f"{left}\n{told}"
    assert ended.code in ({-9} if "KILL" in fault.what else {0, 4}), told
    if ended.code == 4:
        errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, told
        assert any(name in errors[0] for name in (str(place.folder), " out", "seal.json")), told
        assert "Traceback" not in ended.err, told
    for name in place.names():
        if name.endswith((".json", ".jsonl", ".head")):
            json.loads((place.folder / name).read_bytes())
    changed = place.new() != place.old()
    if ended.code == 4 and changed:
        assert LANDED in ended.err, told
    if ended.code == 0:
        assert changed or not place.scene.product, told
    expect_journal(place, told, changed=changed, code=ended.code)


def expect_journal(place: Place, told: str, *, changed: bool, code: int) -> None:
    """The chain holds as it stands, with at most one entry more, and with one for what was made."""
    if not (place.folder / "state/disjoint/project.key").exists():
        assert not changed, told
        return
    journal = open_journal(project_key(), create=False)
    made = {CERTIFICATE: place.new()} if changed and place.scene.product == CERTIFICATE else {}
    head = expect_whole(journal, made)
    count = 0 if head is None else head.seq
    most = len(place.scene.before) + 1
    assert count in {most - 1, most}, told
    if changed or code == 0:
        assert count == most, told


@pytest.mark.parametrize(
    "place",
    [
        "journal, first",
        "journal, next",
        pytest.param("certify, next", marks=pytest.mark.long),
        "seal, first",
    ],
    indirect=True,
)
def test_a_fault_leaves_old_or_new(place: Place) -> None:
    """A sample of all faults that there are, and one of those where the product itself is written."""
    faults = list(faults_of(place.calls()))
    own = [fault for fault in faults if "/state/" not in fault.call.told]
    tried(place, faults[:: place.scene.sparse] + own[:: max(1, len(own) // 8)])


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("place", SCENES, indirect=True)
def test_every_fault_leaves_old_or_new(place: Place) -> None:
    """Every write, fsync, rename and so on; each with a full disk, a failing one and a kill."""
    tried(place, list(faults_of(place.calls())))


def tried(place: Place, faults: list[Fault]) -> None:
    assert len(faults) >= 10, "nothing was recorded"
    met = 0
    for fault in faults:
        place.put_back()
        ended = place.run(fault)
        if not ended.met:
            continue
        met += 1
        expect_nothing_torn(place, fault, ended)
        if ended.code < 0:
            after = place.run()
            assert after.code == 0, f"after {fault}: {after.err}"
            left = [name for name in place.names() if not OURS.fullmatch(name)]
            assert not left, f"not swept after {fault}: {left}"
    print(f"{met} of {len(faults)} faults met")
    assert met > len(faults) * 0.8


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "disjoint-test", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        lacking("only root, outside a closed container, mounts a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room at all."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(1024))
    return ballast


@pytest.mark.parametrize("scene", ["certify, next", "seal, next"])
def test_a_disk_that_is_really_full(
    scene: str, runner: Runner, small: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 4, everything as it was; once there is room again the same command does it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(small / "work" / "state"))
    place = Place(runner, small, SCENES[scene], files)
    before = place.contents()
    ballast = fill(small)
    ended = place.run()
    assert ended.code == 4, ended.err
    assert ended.err.count("error: ") == 1
    assert place.contents() == before
    assert ended.out == "", "a server was asked though nothing could be written down"
    ballast.unlink()
    assert place.run().code == 0
    assert open_journal(project_key()).expect_whole() is not None


def test_a_full_disk_takes_nobodys_word_and_the_journal_tells_of_none(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has room, the certificate's disk has none: an approval was never given."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    world, certificate, now = World(tmp_path), small / "certificate.intoto.jsonl", datetime.now(UTC)
    ends = {
        "finishedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "validUntil": f"{now + timedelta(1):%Y-%m-%dT%H:%M:%SZ}",
    }
    certificate.write_bytes(world.proof(lambda statement: statement["predicate"].update(ends)))
    before, ballast = certificate.read_bytes(), fill(small)
    asked = [
        "sign-off",
        str(certificate),
        "--as",
        world.bob.principal,
        "--role",
        "r",
        "--key",
        str(world.bob.key),
    ]
    assert run([*asked, "--yes"]) == 4
    assert (certificate.read_bytes(), list(open_journal(project_key()).entries())) == (before, [])
    ballast.unlink()
    assert run([*asked, "--yes"]) == 0
    assert [entry.event for entry in open_journal(project_key()).entries()] == ["signed-off"]


@pytest.mark.parametrize("scene", ["journal, next"])
def test_a_disk_that_may_only_be_read(
    scene: str, runner: Runner, small: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No log, no action: exit 4 before any server is asked; what was written is read all the same."""
    monkeypatch.setenv("XDG_STATE_HOME", str(small / "work" / "state"))
    place = Place(runner, small, SCENES[scene], files)
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    ended = place.run()
    assert (ended.code, ended.out) == (4, ""), ended.err
    assert ended.err.count("error: ") == 1
    read = runner.run(("journal", "list"), place.folder, place.variables)
    assert (read.code, len(read.out.splitlines())) == (0, 1), read.err
