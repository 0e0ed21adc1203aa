"""What both sides may hold: learnt from a fresh database, excused for a time, and nothing beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from listed import EXACT, Listed, addresses, sides

from disjoint.model.census import Gap
from disjoint.model.probe import ProbeError
from disjoint.overlap import learning
from disjoint.overlap.baseline import Learnt, load, written
from disjoint.overlap.engine import census
from disjoint.overlap.learning import learnt

SALT = bytes(range(16))
SOON = datetime.now(UTC).date() + timedelta(days=30)
SEEDS = ["Germany", "France", "staff@example.com"]


def learn(side: Listed, *, fold: bool = False) -> Learnt:
    return learnt(side, "listed", "a fresh database", SALT, fold=fold)


def file(tmp_path: Path, found: Learnt, expires: date = SOON) -> Path:
    path = tmp_path / "disjoint.baseline.json"
    path.write_text(written("Ada", expires, SALT, {"database": found}))
    return path


def test_seeds_are_excused_and_a_copied_row_is_not(tmp_path: Path) -> None:
    """The same values of a fresh database on both sides are no leak; one of production's own is."""
    baseline = load(file(tmp_path, learn(Listed({"countries.name": SEEDS}))), "database")
    theirs = Listed({"countries.name": SEEDS, "users.email": addresses(50)})
    ours = Listed({"countries.name": SEEDS, "users.email": addresses(50, "staging.test")})
    found = census(sides(theirs, ours), EXACT, baseline)
    assert (found.shared, found.excused) == ((), 3)
    leaked = Listed({**ours.texts, "users.email": addresses(1)})
    found = census(sides(theirs, leaked), EXACT, baseline)
    assert [(hit.staging, hit.values) for hit in found.shared] == [("users.email", 1)]
    assert census(sides(theirs, ours), EXACT).shared[0].values == 3


def test_the_planted_value_is_not_learnt() -> None:
    """A baseline that excused its own control would hold a value of no one's."""
    found = learn(Listed({"a": SEEDS, "b": []}))
    assert [(place.place, place.values) for place in found.places] == [("a", 3)]


def test_folded_text_is_learnt_folded(tmp_path: Path) -> None:
    """A baseline of folded text excuses folded text; one that was learnt otherwise is refused."""
    path = file(tmp_path, learn(Listed({"a": SEEDS}), fold=True))
    load(path, "database", fold=True)
    with pytest.raises(ProbeError, match="another fold"):
        load(path, "database")


@pytest.mark.parametrize("days", [0, -1, -400])
def test_an_expired_baseline_excuses_nothing(tmp_path: Path, days: int) -> None:
    """From the stated day on; nothing is compared in its stead, so that the finding is UNPROVEN."""
    today = datetime.now(UTC).date()
    path = file(tmp_path, learn(Listed({"a": SEEDS})), today + timedelta(days=days))
    with pytest.raises(ProbeError, match="of Ada expired on"):
        load(path, "database")


def twisted(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def twist(text: str) -> str:
        stated = json.loads(text)
        change(stated)
        return json.dumps(stated)

    return twist


def place_of(stated: Mapping[str, Any]) -> Any:
    return stated["resources"]["database"]["places"][0]


TWISTS: Mapping[str, Callable[[str], str]] = {
    "no json": lambda _text: "{",
    "a list": lambda _text: "[]",
    "another version": lambda text: text.replace("/v1", "/v2"),
    "a name twice": lambda text: text.replace('"owner"', '"owner": "x", "owner"'),
    "a mark slipped in": twisted(lambda s: place_of(s)["marks"].append("f" * 32)),
    "a mark lost": twisted(lambda s: place_of(s)["marks"].pop()),
    "a mark twice": twisted(lambda s: place_of(s).update(marks=[place_of(s)["marks"][0]] * 3)),
    "a mark that is none": twisted(lambda s: place_of(s).update(values=1, marks=["zz"])),
    "nobody's": twisted(lambda s: s.update(owner=" ")),
    "for ever": twisted(lambda s: s.update(expires="2999-01-01")),
    "no day": twisted(lambda s: s.update(expires="soon")),
    "a short salt": twisted(lambda s: s.update(salt="00")),
    "a field more": twisted(lambda s: s.update(note="x")),
    "a field less": twisted(lambda s: s.pop("created")),
    "another resource": lambda text: text.replace('"database"', '"other"'),
}


@pytest.mark.parametrize("twist", TWISTS.values(), ids=TWISTS.keys())
def test_what_is_no_baseline_is_refused(tmp_path: Path, twist: Callable[[str], str]) -> None:
    """Whatever is wrong with it, nothing is excused and nothing is guessed."""
    path = file(tmp_path, learn(Listed({"a": SEEDS})))
    load(path, "database")
    path.write_text(twist(path.read_text()))
    with pytest.raises(ProbeError):
        load(path, "database")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """As one that cannot be used."""
    with pytest.raises(ProbeError, match="cannot be read"):
        load(tmp_path / "none.json", "database")


def test_only_a_whole_and_small_database_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap, a place that is refused half-way, rows that go meanwhile, more values than a seed has."""
    whole = Listed({"a": SEEDS})
    for broken in (
        dataclasses.replace(whole, gaps=(Gap("b", "permission denied", "GRANT"),)),
        dataclasses.replace(whole, broken=frozenset({"a"})),
        dataclasses.replace(whole, silent=frozenset({"a"})),
    ):
        with pytest.raises(ProbeError):
            learn(broken)
    monkeypatch.setattr(learning, "MOST", 3)
    with pytest.raises(ProbeError, match="more than 3 values"):
        learn(Listed({"a": addresses(9)}))


def test_many_values_are_asked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement grows with the database."""
    monkeypatch.setattr(learning, "AT_ONCE", 10)
    assert learn(Listed({"a": addresses(95)})).places[0].values == 95
