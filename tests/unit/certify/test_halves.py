"""Halves of a split run: whole, unchanged, of one run and one time, or refused with the reason."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from disjoint.certify.belonging import (
    LIFETIME,
    MARGIN,
    follows,
    fresh,
    in_one_window,
    of_one_manifest,
    of_one_run,
    trusted_clock,
)
from disjoint.certify.half import Held, Looked, key_name, read_half, standing, written
from disjoint.certify.keys import ProjectKey, kept, project_key
from disjoint.errors import DisjointError, TamperedError, UnprovenError, UsageError, WriteError
from disjoint.model.experiment import Blind, Seen, Sighting, Sightings, Unseen, in_no_window, sight
from disjoint.model.fact import Known
from disjoint.model.proof import Footprint

NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
KEY = ProjectKey(b"k" * 32, "the test")
SECOND = timedelta(seconds=1)
NOTHING = Footprint(0, 0, 0.0)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def held(**other: Any) -> Held:
    """A hold of a minute that ended in order."""
    whole = Held(
        run="r1", manifest="sha256:m", environment="staging", key=key_name(KEY), started_at=NOON, clock=0.1,
        snapshot={"takenAt": "x"}, footprint=NOTHING, stands_at=NOON + SECOND, alive_at=NOON + 60 * SECOND,
        unclaimed=("SEARCH_URL",), marks={"db": {"canary": {"token": "ab", "before": {}, "after": {}}}},
    )  # fmt: skip
    return dataclasses.replace(whole, **other)


def looked(**other: Any) -> Looked:
    """A look in its middle."""
    whole = Looked(
        run="r1", manifest="sha256:m", environment="production", key=key_name(KEY), started_at=NOON,
        clock=-0.2, snapshot={}, footprint=Footprint(3, 0, 0.1, (("GET", 3),)), held=standing(held()),
        looked_from=NOON + 20 * SECOND, looked_until=NOON + 21 * SECOND, looks={},
    )  # fmt: skip
    return dataclasses.replace(whole, **other)


def test_a_half_comes_back_as_it_was_written() -> None:
    """Both kinds, every field."""
    assert read_half(Held, written(held(), KEY), "hold.json", KEY) == held()
    assert read_half(Looked, written(looked(), KEY), "look.json", KEY) == looked()


@pytest.mark.parametrize(
    ("half", "read"),
    [
        (held(), lambda text: read_half(Held, text, "x.json", KEY)),
        (looked(), lambda text: read_half(Looked, text, "x.json", KEY)),
    ],
    ids=["hold", "look"],
)
def test_no_octet_can_be_changed(half: Held | Looked, read: Callable[[str], object]) -> None:
    """Every single octet of the file, and every truncation: refused, or no change of what it says."""
    text = written(half, KEY)
    for place in range(len(text)):
        for changed in (text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :], text[:place]):
            try:
                assert read(changed) == half, place
            except DisjointError:
                continue


def _edited(text: str, **changes: object) -> str:
    return json.dumps({**json.loads(text), **changes})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"run": "r2"}, TamperedError),
        ({"mac": "0" * 64}, TamperedError),
        ({"signer": "0" * 64}, TamperedError),
        ({"signature": "0" * 128}, TamperedError),
        ({"key": "another"}, UnprovenError),
        ({"schema": "disjoint.half/v2"}, UsageError),
        ({"half": "Looked"}, UsageError),
        ({"surplus": 1}, UsageError),
        ({"stands_at": "noon"}, UsageError),
    ],
)
def test_each_change_has_its_own_refusal(change: dict[str, object], error: type[DisjointError]) -> None:
    """Tampered, of another key, or no half at all: three errors with three exit codes."""
    with pytest.raises(error):
        read_half(Held, _edited(written(held(), KEY), **change), "hold.json", KEY)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1, "schema": 2}', "[" * 100_000, "null", "\ud800"]
)
def test_what_is_no_half_is_one_clear_error(text: str) -> None:
    """Whatever stands in the file."""
    with pytest.raises(UsageError, match="not what `disjoint hold` writes"):
        read_half(Held, text, "hold.json", KEY)


def test_another_project_key_makes_another_half() -> None:
    """The code says nothing under another key."""
    other = ProjectKey(b"o" * 32, "another")
    with pytest.raises(UnprovenError, match="another project key"):
        read_half(Held, written(held(), KEY), "hold.json", other)


def test_halves_of_one_run_and_time_belong_together() -> None:
    """Nothing is refused, and the last moment of the hold is told."""
    for half in (held(), looked()):
        trusted_clock(half)
    of_one_run(held(), looked())
    fresh(held(), NOON + timedelta(hours=1))
    assert in_one_window(held(), looked()) == NOON + 60 * SECOND


REFUSALS: list[tuple[str, Callable[[], object], str]] = [
    ("clock ahead", lambda: trusted_clock(held(clock=9.0)), "clocks disagree"),
    ("clock behind", lambda: trusted_clock(looked(clock=-9.0)), "clocks disagree"),
    ("other manifest", lambda: of_one_manifest(held(), "sha256:n", "staging"), "another manifest"),
    (
        "other side",
        lambda: of_one_manifest(held(), "sha256:m", "production"),
        "where production's is expected",
    ),
    ("other run", lambda: of_one_run(held(run="r2"), looked()), "two runs"),
    ("other marks", lambda: of_one_run(held(marks={}), looked()), "two runs"),
    ("never ended", lambda: in_one_window(held(alive_at=None), looked()), "as `disjoint hold` left it"),
    ("ended early", lambda: in_one_window(held(alive_at=NOON + 21 * SECOND), looked()), "ended early"),
    ("within the margin", lambda: in_one_window(held(alive_at=NOON + 23 * SECOND), looked()), "ended early"),
    (
        "looked before",
        lambda: in_one_window(held(), looked(looked_from=NOON - 9 * SECOND)),
        "before the marks stood",
    ),
    ("looked backwards", lambda: in_one_window(held(), looked(looked_until=NOON)), "clocks disagree"),
    ("stale", lambda: fresh(held(), NOON + LIFETIME + SECOND), "stale"),
    ("from the future", lambda: fresh(held(), NOON - MARGIN - SECOND), "future"),
    ("over when looked for", lambda: follows(held(), NOON), "is over"),
    ("not begun when looked for", lambda: follows(held(alive_at=None), NOON - 9 * SECOND), "clocks disagree"),
]


@pytest.mark.parametrize(("refused", "why"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_does_not_belong_together_is_refused_with_the_reason(
    refused: Callable[[], object], why: str
) -> None:
    """One reason each."""
    with pytest.raises(UnprovenError, match=why):
        refused()


def test_a_hold_that_stands_and_one_that_ended_are_one() -> None:
    """What production looked for is named by what does not change until the end."""
    standing_half = held(
        alive_at=None, marks={"db": {"canary": {"token": "ab", "before": {}, "after": None}}}
    )
    assert standing(standing_half) == standing(held())


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    """Mode 0600 from the first moment; a file that others may read is refused."""
    first = kept("some.key", lambda: b"first")
    assert kept("some.key", lambda: b"second") == first == b"first"
    path = tmp_path / "disjoint" / "some.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["some.key"]
    path.chmod(0o644)
    with pytest.raises(WriteError, match="chmod 600"):
        kept("some.key", lambda: b"third")


def test_the_project_key_is_long_enough_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short one is refused before anything is digested under it; none is quoted."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "0f" * 32)
    assert project_key().octets == bytes.fromhex("0f" * 32)
    assert "0f" not in repr(project_key())
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "changeme")
    with pytest.raises(UsageError, match="too short") as refusal:
        project_key()
    assert "changeme" not in str(refusal.value)


def test_without_any_clock_only_what_was_seen_counts() -> None:
    """An unseen mark in halves of unknown times proves nothing; a seen one was seen."""
    unseen = Sighting("lock", Known(True), Known(True), Known(False))
    seen = Sighting("lock", Known(True), Known(True), Known(True))
    assert isinstance(sight(iter([Known(Sightings((unseen,)))])), Unseen)
    assert isinstance(sight(iter([Known(in_no_window(Sightings((unseen,))))])), Blind)
    assert isinstance(sight(iter([Known(in_no_window(Sightings((seen,))))])), Seen)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [('"mac": "', '"mac": "é'), ('"clock": 0.1', '"clock": NaN'), ("+00:00", "")],
    ids=["no hexadecimal", "no number", "no zone"],
)
def test_what_nobody_writes_is_refused_in_our_own_words(was: str, becomes: str) -> None:
    """A mark of another alphabet, a number that is none, a time of no zone: an exit code, no defect."""
    text = written(held(), KEY)
    assert was in text
    with pytest.raises((TamperedError, UsageError)):
        read_half(Held, text.replace(was, becomes), "x.json", KEY)


def test_a_run_that_was_killed_while_it_made_a_key_stands_in_nobody_s_way(tmp_path: Path) -> None:
    """In a container the next run has the same process number, and so had the same draft's name."""
    folder = tmp_path / "disjoint"
    folder.mkdir(mode=0o700)
    (folder / f".some.key.{os.getpid()}").write_bytes(b"half")
    assert kept("some.key", lambda: b"whole") == b"whole"
