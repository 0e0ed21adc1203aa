"""The third half: counts of a comparison, of one place and one day, or refused with the reason."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from disjoint.certify.belonging import LIFETIME, MARGIN, NOWHERE, There, fresh_census, of_these_places
from disjoint.certify.half import Compared, Held, key_name, read_half, written
from disjoint.certify.keys import ProjectKey
from disjoint.certify.meeting import counted_in
from disjoint.certify.sign import new_signer
from disjoint.errors import TamperedError, UnprovenError, UsageError
from disjoint.model.census import Gap, Left, Overlap, Read, Strength
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.plain import plain
from disjoint.model.proof import Footprint
from disjoint.model.shared import Shared

NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
KEY = ProjectKey(b"k" * 32, "the test")
SECOND = timedelta(seconds=1)
SIDE = Read(2, 900, 1800, "one scan", 1.5, 14400)
FOUND = Overlap(
    strength=Strength.SAMPLED,
    one_in=128,
    confidence=0.999,
    missed=881,
    fold=True,
    production=SIDE,
    staging=SIDE,
    shared=(Shared("public.a.b", "public.a.b", 7, 7, identifying=True),),
    excused=3,
    blind=("staging: x",),
    gaps=(Gap("staging: y", "denied", "GRANT"),),
    left=(Left("z", "why"),),
    weak=("w",),
)
FACTS: tuple[Fact[Overlap], ...] = (Known(FOUND), Unknown("nobody answered", "start it"))


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def compared(**other: Any) -> Compared:
    whole = Compared(
        run="r1",
        manifest="sha256:m",
        environment="production",
        key=key_name(KEY),
        started_at=NOON,
        clock=None,
        snapshot=None,
        footprint=Footprint(3, 0, 0.1, (("SELECT", 3),)),
        census="ab",
        made_at=NOON - 60 * SECOND,
        staging="staging",
        places={"db": ("p.example/app", "s.example/app")},
        servers={"db": ((), tuple(SERVER))},
        kin={"db": (tuple(KIN), ())},
        logins={"db": "hmac:of-a-role"},
        found={"db": plain(Known(FOUND))},
    )
    return dataclasses.replace(whole, **other)


@pytest.mark.parametrize("fact", FACTS, ids=["known", "unknown"])
def test_what_came_of_a_census_crosses_whole(fact: Fact[Overlap]) -> None:
    """Every count, gap and reason is the same on the other side of a file."""
    text = written(compared(found={"db": plain(fact)}), KEY)
    assert counted_in(read_half(Compared, text, "overlap.json", KEY)) == {"db": fact}


def test_a_changed_count_is_tampering() -> None:
    """Nobody's leak becomes smaller on the way."""
    text = written(compared(), KEY)
    with pytest.raises(TamperedError):
        read_half(Compared, text.replace('"values": 7', '"values": 0'), "overlap.json", KEY)


def test_another_half_is_none(tmp_path: Path) -> None:
    """What was held is not what was compared."""
    with pytest.raises(UsageError, match="disjoint hold"):
        read_half(Held, written(compared(), KEY), "overlap.json", KEY)


@pytest.mark.parametrize("said", [{"known": {}}, {"known": {"shared": []}}, 7, {"known": None}])
def test_counts_of_another_version_are_refused(said: object) -> None:
    """In our own words."""
    with pytest.raises(UsageError):
        counted_in(compared(found={"db": said}))


def test_rows_are_of_one_day() -> None:
    """By when staging was read, not by when it was compared."""
    made_at = NOON - 60 * SECOND
    fresh_census(compared(), made_at + LIFETIME)
    with pytest.raises(UnprovenError, match="stale"):
        fresh_census(compared(), made_at + LIFETIME + SECOND)
    with pytest.raises(UnprovenError, match="future"):
        fresh_census(compared(), NOON - MARGIN - SECOND)


SERVER = frozenset({"hmac:of-this-run"})
KIN = frozenset({"hmac:of-an-earlier-run", "hmac:of-its-data"})
HERE = {
    "production": {"db": There("p.example/app", everywhere=True, server=frozenset())},
    "staging": {"db": There("s.example/app", everywhere=False, server=SERVER)},
}


@pytest.mark.parametrize(
    ("side", "there", "why"),
    [
        ("production", There("elsewhere", everywhere=True, server=frozenset()), "elsewhere is judged"),
        ("production", There("p.example/app", True, SERVER, frozenset({"b"})), "leads to another server now"),
        ("production", NOWHERE, "is not told here"),
        ("production", There("p.example/app", everywhere=False, server=SERVER), "does not say who it is"),
        ("staging", There("elsewhere", everywhere=False, server=SERVER), "elsewhere is judged"),
        ("staging", There("s.example/app", everywhere=False, server=frozenset()), "does not say who it is"),
        ("staging", There("s.example/app", everywhere=False, server=frozenset({"x"})), "another one now"),
    ],
)
def test_rows_are_of_these_servers(side: str, there: There, why: str) -> None:
    """A comparison of any other database, or of one of the same name in another network, says nothing."""
    of_these_places(compared(), **HERE)
    restarted = There(
        "p.example/app", everywhere=True, server=SERVER, kin=frozenset({"c", "hmac:of-its-data"})
    )
    of_these_places(compared(), **{**HERE, "production": {"db": restarted}})
    with pytest.raises(UnprovenError, match=why):
        of_these_places(compared(), **{**HERE, side: {"db": there}})
    with pytest.raises(UnprovenError, match="is not told here"):
        of_these_places(compared(), **{**HERE, side: {}})


def test_a_half_bears_the_signature_that_is_asked_for(tmp_path: Path) -> None:
    """Whoever else has the project's key could write one."""
    ours, public = new_signer(tmp_path / "ours.pem", "p256")
    text = written(compared(), KEY, ours)
    assert read_half(Compared, text, "overlap.json", KEY, public.read_bytes()) == compared()
    for other in (
        written(compared(), KEY),
        written(compared(), KEY, new_signer(tmp_path / "b.pem", "ed25519")[0]),
    ):
        assert read_half(Compared, other, "overlap.json", KEY) == compared()
        with pytest.raises(UnprovenError, match="another key than sealed_by"):
            read_half(Compared, other, "overlap.json", KEY, public.read_bytes())
