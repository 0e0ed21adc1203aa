"""An override that a bare process left: taken into the journal once, and told in every report."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from disjoint.certification.overridden import EVENT, RULE, overrides_noted, take_in
from disjoint.certify.keys import ProjectKey
from disjoint.guard import recording
from disjoint.guard.verdict import ENFORCE, SHARED, STAGING, Checked, Override, Reason
from disjoint.sealed.remembering import folder_of, open_journal

PHRASE = "0f" * 32
KEY = ProjectKey(bytes.fromhex(PHRASE), "DISJOINT_SEAL_KEY")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", PHRASE)


def checked(reason: str = "a fire", hours: float = 3) -> Checked:
    until = f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
    found = Reason(
        SHARED, "variables/secret-reused", "SECRET_KEY", "SECRET_KEY is production's SECRET_KEY", "x"
    )
    return Checked(STAGING, SHARED, (found,), ENFORCE, Override(reason, "ada", until))


def files() -> list[Path]:
    return sorted((folder_of(KEY) / recording.FOLDER).glob("*"))


def test_it_is_noted_without_a_journal_and_with_one() -> None:
    """From the file, then from the entry that it became; one of each, however often somebody looks."""
    one = checked()
    assert recording.recorded(one, os.environ)
    assert recording.recorded(one, os.environ)
    assert len(files()) == 1
    assert files()[0].stat().st_mode & 0o077 == 0
    (note,) = overrides_noted()
    assert note.rule == RULE
    for said in ("SHARED", "variables/secret-reused SECRET_KEY", "by ada", "a fire"):
        assert said in note.summary
    assert not (folder_of(KEY) / "journal.sqlite").exists()
    journal = open_journal(KEY)
    journal.append("proven", "a test", {})
    assert overrides_noted() == overrides_noted() == (note,)
    assert [entry.event for entry in journal.entries()] == ["proven", EVENT]
    journal.expect_whole()


def test_what_is_over_leaves_no_file_and_stays_in_the_journal() -> None:
    journal = open_journal(KEY)
    journal.append("proven", "a test", {})
    assert recording.recorded(checked(hours=-1), os.environ)
    take_in(KEY, journal)
    assert not files()
    assert len(overrides_noted()) == 1


def test_a_flood_fills_no_disk_and_no_report() -> None:
    """So many overrides and no more; a report shows the newest, and how many there are."""
    answers = [recording.recorded(checked(f"reason {i}"), os.environ) for i in range(recording.MOST + 9)]
    assert answers.count(True) == len(files()) == recording.MOST
    notes = overrides_noted()
    assert len(notes) == 6
    assert "59 more overrides" in notes[-1].summary


def test_what_nobody_with_the_key_wrote_is_not_believed() -> None:
    assert recording.recorded(checked(), os.environ)
    (file,) = files()
    body = json.loads(file.read_text())
    body["said"]["by"] = "mallory"
    file.write_text(json.dumps(body))
    (file.parent / "b.json").write_text("[" * 10_000)
    (file.parent / "c.json").symlink_to("/etc/passwd")
    os.mkfifo(file.parent / "d.json")
    assert overrides_noted() == ()


def test_where_it_cannot_be_left_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("a file")
    assert not recording.recorded(checked(), os.environ)
    monkeypatch.delenv("DISJOINT_SEAL_KEY")
    assert not recording.recorded(checked(), os.environ)
    assert overrides_noted() == ()
    assert not recording.recorded(checked()._replace(override=None), os.environ)
