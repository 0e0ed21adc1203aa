"""Two sides that never meet: staging holds, production looks, and the halves are joined, on real servers."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from disjoint import split
from disjoint.certify.half import Held, Looked, read_half, written
from disjoint.certify.keys import ProjectKey
from disjoint.demo.catalogue.every import BY_NAME
from disjoint.demo.world import HALVES, World
from disjoint.errors import UnprovenError
from disjoint.model.finding import Grade, Outcome
from disjoint.model.proof import Proof

pytestmark = pytest.mark.live
KEY = ProjectKey(b"k" * 32, "the test")
LONG = 3.4
"""Seconds that a hold must outlive a look by: both clocks may be off."""
PATIENT = (
    "runner.visit.CONNECT_SECONDS",
    "runner.visit.HTTP_SECONDS",
    "kinds.postgres.connect.CONNECT_SECONDS",
    "kinds.redis.wire.HANDSHAKE_SECONDS",
)
"""What one answer may take: 3 to 5 seconds of the budget's 30, for whoever is down must not use it up."""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bound on seconds is tried here: a service that a busy machine lets wait is not down."""
    for name in PATIENT:
        monkeypatch.setattr(f"disjoint.{name}", 15.0)


class Hold:
    """A hold in a thread of its own: it stands until it is told to end."""

    def __init__(self, manifest: Path, seconds: float = LONG) -> None:
        self.texts: list[str] = []
        self.stands, self.done = threading.Event(), threading.Event()
        self._manifest, self._seconds = manifest, seconds
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self.stands.wait(20)

    def _run(self) -> None:
        declared = split.load_side(self._manifest, protected=False)
        split.hold(declared, KEY, self._seconds, self._publish, self._wait)

    def _publish(self, text: str) -> None:
        self.texts.append(text)
        self.stands.set()

    def _wait(self, seconds: float) -> None:
        self.done.wait()
        threading.Event().wait(seconds)

    def end(self) -> str:
        """Keep the marks for so long after the look, then close the half."""
        self.done.set()
        self._thread.join(30)
        assert len(self.texts) == 2
        return self.texts[-1]


def looked(manifest: Path, held: str) -> str:
    return split.look(split.load_side(manifest, protected=True), KEY, held, "hold.json")


def joined(manifest: Path, held: str, seen: str) -> Proof:
    declared = split.load_side(manifest, protected=None)
    return split.join(declared, KEY, held, seen, ("hold.json", "look.json"))


def without(directory: Path, half: str) -> Path:
    """The same folder without one side's variables: that side lives elsewhere."""
    elsewhere = directory.parent / f"without-{half}"
    elsewhere.mkdir()
    for path in directory.iterdir():
        if path.is_file() and path.name != f".env.{half}":
            (elsewhere / path.name).write_text(path.read_text())
    return elsewhere / "disjoint.toml"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "both").mkdir()
    return tmp_path / "both"


def prove(world: World, place: Path) -> tuple[Proof, str, str]:
    """Hold without production's file, look without staging's, join without either."""
    manifest = world.write(place)
    hold = Hold(without(place, "production"))
    seen = looked(without(place, "staging"), hold.texts[0])
    held = hold.end()
    for half in HALVES:
        (place / f".env.{half}").unlink()
    return joined(manifest, held, seen), held, seen


def test_two_environments_are_proven_by_halves(world: World, place: Path) -> None:
    """Nobody opened the other side's file; database and cache are isolated by a mark, nothing was written."""
    proof, held, seen = prove(world, place)
    assert proof.verdict is Outcome.ISOLATED, [f for f in proof.findings if f.outcome is not Outcome.ISOLATED]
    grades = {row.resource: row.grade for row in proof.matrix}
    assert grades["database"] is Grade.CANARY
    assert grades["cache"] is Grade.CANARY
    assert proof.footprint.writes == 0
    assert "postgres/cross-login" in proof.coverage.not_tried
    variables = [value for half in HALVES for value in world.side(half).variables.items()]
    secrets = {m for _, v in variables for m in re.findall(r"://[^:/@]*:([^@/]{8,})@", v)}
    secrets |= {v for name, v in variables if re.search("SECRET|KEY$|PASSWORD|TOKEN", name)}
    assert secrets
    assert not [secret for secret in secrets if secret in held + seen]


@pytest.mark.parametrize(
    "leak",
    [
        "same-postgres-through-forward",
        pytest.param("same-redis-other-db", marks=pytest.mark.long),
        pytest.param("same-secret-renamed", marks=pytest.mark.long),
    ],
)
def test_a_leak_is_seen_by_halves(leak: str, world: World, place: Path) -> None:
    """By identity, by a mark, and by digests that only the project's key relates."""
    proof, _, _ = prove(BY_NAME[leak].breaks(world), place)
    assert proof.verdict is Outcome.SHARED
    assert (BY_NAME[leak].rule, Outcome.SHARED) in {(f.rule, f.outcome) for f in proof.findings}


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(UnprovenError) as refused:
        act()
    return str(refused.value)


def test_halves_that_do_not_belong_together_are_refused(world: World, place: Path) -> None:
    """Of two runs, not ended, ended early, of another manifest; and a hold that is over is not looked for."""
    manifest = world.write(place)
    first = Hold(manifest, 0.0)
    seen_first = looked(manifest, first.texts[0])
    early = first.end()
    second = Hold(manifest)
    seen = looked(manifest, second.texts[0])
    assert "never ended in order" in refusal(lambda: joined(manifest, second.texts[0], seen))
    held = second.end()
    assert joined(manifest, held, seen).verdict is Outcome.ISOLATED
    assert "two runs" in refusal(lambda: joined(manifest, held, seen_first))
    assert "ended early" in refusal(lambda: joined(manifest, early, seen_first))
    assert "is over" in refusal(lambda: looked(manifest, held))
    other = world.declaring("cache", {"keys": ()}).write(place)
    assert "another manifest" in refusal(lambda: joined(other, held, seen))


@pytest.mark.long
def test_a_mark_that_died_before_the_end_counts_for_nothing(world: World, place: Path) -> None:
    """The holder's session is ended after the look: the row falls back to identity, and says why."""
    manifest = world.write(place)
    hold = Hold(manifest)
    seen = looked(manifest, hold.texts[0])
    with world.stack.staging.postgres.admin() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'disjoint-%'"
        )
    proof = joined(manifest, hold.end(), seen)
    (found,) = [f for f in proof.findings if f.rule == "postgres/same-server"]
    assert (found.outcome, found.judgement.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "did not see its own mark" in found.judgement.limits


@pytest.mark.long
def test_a_clock_that_the_servers_contradict_makes_no_half(
    world: World, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine an hour ahead of every server it asks can neither hold nor look."""
    manifest = world.write(place)
    hold = Hold(manifest)
    monkeypatch.setattr("disjoint.runner.tally.time.time", lambda: 0.0)
    assert "clocks disagree" in refusal(lambda: looked(manifest, hold.texts[0]))
    monkeypatch.undo()
    hold.end()


@pytest.mark.long
def test_production_is_asked_for_no_word_that_staging_chose(world: World, place: Path) -> None:
    """Signed by staging, and of its own making: a megabyte, or the name of an application's channel."""
    manifest = world.write(place)
    hold = Hold(manifest)
    genuine = read_half(Held, hold.texts[0], "hold.json", KEY)
    for word in ("orders.paid", "a" * 1_000_000):
        marks = {r: {c: {**m, "token": word} for c, m in each.items()} for r, each in genuine.marks.items()}
        forged = written(dataclasses.replace(genuine, marks=marks), KEY)
        assert read_half(Looked, looked(manifest, forged), "look.json", KEY).looks == {}
    hold.end()
