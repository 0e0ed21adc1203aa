"""A census of two lists: what is found is what sets in Python find, and whatever breaks proves nothing."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed import EXACT, SAMPLED, Listed, addresses, sides

from disjoint.model.census import Gap, Left, Method, Overlap, Planted, Sieve, Strength
from disjoint.model.probe import ProbeError
from disjoint.model.shared import Shared, Types
from disjoint.overlap import bound, hashed
from disjoint.overlap.baseline import NONE, Baseline
from disjoint.overlap.engine import census

OURS = addresses(40, "staging.test")
THEIRS = addresses(40)
TEXTS = st.lists(st.text(max_size=6), max_size=25)
PLACES = st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXTS, min_size=1)


@dataclasses.dataclass
class Fleeting(Listed):
    """A side that is not the same when it is read again."""

    goes: str = ""
    """A place that is empty by then; without one the server has gone."""
    shut_at: int = 0

    def plant(self, sieve: Sieve) -> Planted:
        if len(self.asked) == self.shut_at - 1:
            if not self.goes:
                raise ProbeError("time is up", "raise rows_seconds")
            self.texts = {**self.texts, self.goes: []}
        return super().plant(sieve)


def run(production: Listed, staging: Listed, baseline: Baseline = NONE) -> Overlap:
    """An exact census."""
    return census(sides(production, staging), EXACT, baseline)


def test_nothing_in_common_is_nothing_found_and_nothing_open() -> None:
    found = run(Listed({"users": THEIRS}), Listed({"users": OURS}))
    assert (found.shared, found.blind, found.gaps, found.excused) == ((), (), (), 0)
    assert (found.one_in, found.missed, found.strength) == (1, 1, Strength.EXACT)
    assert (found.production.rows, found.production.values, found.production.places) == (40, 40, 1)
    assert [place.name for place in found.looked] == ["users"]


def test_a_copied_value_is_found_wherever_it_stands() -> None:
    found = run(Listed({"users": THEIRS}), Listed({"users": OURS, "notes": [THEIRS[3], THEIRS[3]]}))
    assert found.shared == (Shared("users", "notes", 1, 1, True),)


def test_types_are_told_of_what_is_shared_alone() -> None:
    """Those that both sides hold; one that was told on one side alone differs from nothing."""
    there = {THEIRS[0]: "hash", THEIRS[1]: "string", THEIRS[2]: "string", THEIRS[9]: "list"}
    here = {THEIRS[0]: "string", THEIRS[1]: "string", OURS[0]: "set"}
    staging = Listed({"users": OURS, "notes": THEIRS[:3]}, types=here)
    types = Types((("string", 2),), (("string", 2), ("hash", 1)), 1)
    found = run(Listed({"users": THEIRS}, types=there), staging)
    assert found.shared == (Shared("users", "notes", 3, 3, True, types=types),)


@settings(max_examples=120)
@given(PLACES, PLACES)
def test_it_counts_what_sets_count(
    production: dict[str, Sequence[str]], staging: dict[str, Sequence[str]]
) -> None:
    found = run(Listed(production), Listed(staging))
    expected = {
        (place, other): len(set(own) & set(others))
        for place, own in production.items()
        for other, others in staging.items()
        if set(own) & set(others)
    }
    assert {(hit.production, hit.staging): hit.values for hit in found.shared} == expected
    assert all(hit.confirmed == hit.values for hit in found.shared)
    assert not found.blind
    assert not found.gaps


def test_a_thousand_clean_pairs_raise_no_alarm() -> None:
    for n in range(1000):
        found = run(Listed({"a": addresses(9, f"p{n}")}), Listed({"a": addresses(9, f"s{n}")}))
        assert (found.shared, found.blind, found.gaps) == ((), (), ())


class TestControls:
    """A zero without a planted value that was found is no zero."""

    @pytest.mark.parametrize("twisted", [0, 1])
    def test_a_side_whose_digests_differ_is_blind(self, twisted: int) -> None:
        pair = [Listed({"users": THEIRS}), Listed({"users": THEIRS})]
        pair[twisted].twisted = b"another"
        found = run(pair[0], pair[1])
        assert set(found.blind) == {"production: users", "staging: users"}

    def test_one_place_that_loses_the_planted_value_is_named(self) -> None:
        production = Listed({"users": THEIRS, "notes": THEIRS}, unplanted=frozenset({"notes"}))
        assert run(production, Listed({"users": OURS})).blind == ("production: notes",)

    def test_an_empty_place_holds_the_planted_value_too(self) -> None:
        found = run(Listed({"users": []}), Listed({"users": OURS}))
        assert (found.blind, found.production.rows) == ((), 0)

    def test_the_planted_value_is_no_hit(self) -> None:
        assert not run(Listed({"users": THEIRS}), Listed({"users": OURS})).shared

    def test_it_is_another_in_every_run(self) -> None:
        staging = Listed({"users": OURS})
        for _ in range(3):
            run(Listed({"users": THEIRS}), staging)
        assert len({sieve.planted.text for sieve in staging.asked}) == 3
        assert len({sieve.salt for sieve in staging.asked}) == 3
        assert len({sieve.seed for sieve in staging.asked}) == 3


class TestBroken:
    """What could not be read is a gap, and what was read still counts."""

    def test_a_refused_task_is_a_gap(self) -> None:
        production = Listed({"users": THEIRS, "notes": THEIRS[:3]}, broken=frozenset({"notes"}))
        found = run(production, Listed({"users": [*OURS, THEIRS[0]]}))
        gap = Gap("production: notes", "permission denied", "GRANT SELECT ON it TO you;")
        assert found.gaps == (gap,)
        assert Shared("users", "users", 1, 1, True) in found.shared

    def test_a_defect_of_a_library_tells_none_of_its_text(self) -> None:
        staging = Listed(
            {"users": OURS}, broken=frozenset({"users"}), defect=ValueError("user-1@staging.test")
        )
        (gap,) = run(Listed({"users": THEIRS}), staging).gaps
        assert "ValueError" in gap.reason
        assert "user-1" not in repr(gap)

    def test_a_side_that_gives_no_tasks_is_a_gap(self) -> None:
        found = run(Listed({"users": THEIRS}, shut=True), Listed({"users": OURS}))
        assert Gap("production: everything", "refused", "open it") in found.gaps

    def test_what_a_side_states_is_passed_on_with_its_name(self) -> None:
        staging = Listed({"a": OURS}, gaps=(Gap("b", "why", "how"),), left=(Left("c", "numbers"),))
        found = run(Listed({"a": THEIRS}), staging)
        assert found.gaps == (Gap("staging: b", "why", "how"),)
        assert found.left == (Left("staging: c", "numbers"),)

    def test_sides_that_have_no_method_in_common_are_not_compared(self) -> None:
        with pytest.raises(ProbeError, match="no digest is the same"):
            run(Listed({"a": []}, methods=(Method.HMAC,)), Listed({"a": []}))

    def test_sides_that_answer_otherwise_where_the_answer_is_known_are_not_compared(self) -> None:
        with pytest.raises(ProbeError, match="no digest is the same"):
            run(Listed({"a": []}), Listed({"a": []}, answer="00"))


class TestConfirmed:
    """A hit is a value: all 16 octets."""

    def test_two_values_that_share_a_selector_alone_are_no_hit(self) -> None:
        staging = Listed({"users": [*OURS, "somebody"]}, misled={"somebody": THEIRS[0]})
        found = run(Listed({"users": THEIRS}), staging)
        assert (found.shared, found.gaps, found.blind) == ((), (), ())

    def test_a_collision_beside_a_hit_is_not_counted(self) -> None:
        staging = Listed({"users": [THEIRS[1], "somebody"]}, misled={"somebody": THEIRS[0]})
        assert run(Listed({"users": THEIRS}), staging).shared == (Shared("users", "users", 1, 1, True),)

    @pytest.mark.parametrize("side", [0, 1])
    def test_a_side_that_refuses_to_confirm_leaves_the_hits_open(self, side: int) -> None:
        pair = [Listed({"users": THEIRS}), Listed({"users": THEIRS[:4]})]
        pair[side].mute_at = frozenset({1})
        found = run(pair[0], pair[1])
        assert found.shared == (Shared("users", "users", 4, 0, True),)
        assert found.gaps[-1].reason == "not confirmed: time is up"

    @pytest.mark.parametrize("side", [0, 1])
    def test_what_both_sides_confirmed_before_one_broke_off_is_a_leak(self, side: int) -> None:
        """The others stay open, and the gap is told."""
        pair = [Listed({"users": THEIRS}), Listed({"users": sorted(THEIRS)[:4]})]
        pair[side].answers = 3
        found = run(pair[0], pair[1])
        assert found.shared == (Shared("users", "users", 4, 3, True),)
        assert found.gaps[-1] == Gap("hits", "not confirmed: time is up", "raise rows_seconds")

    @pytest.mark.parametrize("side", [0, 1])
    def test_a_hit_that_a_side_no_longer_answers_for_is_open_and_not_refuted(self, side: int) -> None:
        pair = [Listed({"users": THEIRS}), Listed({"users": THEIRS[:4]})]
        pair[side].silent = frozenset({"users"})
        assert run(pair[0], pair[1]).shared == (Shared("users", "users", 4, 0, True),)

    def test_whether_a_place_identifies_is_passed_on(self) -> None:
        found = run(Listed({"first": ["Anna"]}, shy=frozenset({"first"})), Listed({"first": ["Anna"]}))
        assert found.shared == (Shared("first", "first", 1, 1, False, alone=True),)
        assert found.weak == ("first",)

    def test_beside_a_column_that_identifies_it_is_not_alone(self) -> None:
        production = Listed({"users.first": ["Anna"], "users.mail": THEIRS}, shy=frozenset({"users.first"}))
        found = run(production, Listed({"first": ["Anna"]}))
        assert found.shared == (Shared("users.first", "first", 1, 1, False),)

    @pytest.mark.parametrize(("copied", "alone"), [(19, False), (20, True), (200, True)])
    def test_so_many_that_a_masked_copy_looks_so_are_alone(self, copied: int, alone: bool) -> None:
        """Addresses were masked, telephone numbers were not."""
        numbers = [f"+4917{n:09}" for n in range(200)]
        production = Listed({"users.phone": numbers, "users.mail": THEIRS}, shy=frozenset({"users.phone"}))
        found = run(production, Listed({"users.phone": numbers[:copied]}))
        assert found.shared == (Shared("users.phone", "users.phone", copied, copied, False, alone),)

    def test_several_columns_together_are_alone_whatever_stands_beside_them(self) -> None:
        """Of a row that was masked they are all that is left, and one of them is one row."""
        rows = ["4:Anna1:1", "4:Bert1:2"]
        production = Listed(
            {"users (first, n)": rows, "users.mail": THEIRS}, shy=frozenset({"users (first, n)"})
        )
        (hit,) = run(production, Listed({"users (first, n)": rows[:1]})).shared
        assert (hit.values, hit.identifying, hit.alone) == (1, False, True)


class TestBaseline:
    """It excuses what it names and nothing else."""

    SALT = b"0123456789abcdef"

    def named(self, *texts: str) -> Baseline:
        return Baseline(self.SALT, frozenset(hashed.mark_of(text.encode(), self.SALT) for text in texts))

    def test_what_it_names_is_excused_and_counted(self) -> None:
        found = run(Listed({"a": ["x", "y"]}), Listed({"a": ["x", "y"]}), self.named("x", "y"))
        assert (found.shared, found.excused) == ((), 2)

    def test_what_it_does_not_name_is_found(self) -> None:
        found = run(Listed({"a": ["x", "y"]}), Listed({"a": ["x", "y"]}), self.named("x", "z"))
        assert (found.shared, found.excused) == ((Shared("a", "a", 1, 1, True),), 1)

    def test_marks_under_another_salt_excuse_nothing(self) -> None:
        other = dataclasses.replace(self.named("x"), salt=b"fedcba9876543210")
        found = run(Listed({"a": ["x"]}), Listed({"a": ["x"]}), other)
        assert (len(found.shared), found.excused) == (1, 0)


class TestSampled:
    """A sample holds the same values of both sides; where it hits, everything is read."""

    def test_a_hit_is_counted_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bound, "SMALL", 0)
        both = addresses(6000)
        production, staging = Listed({"a": both}, rows=1000), Listed({"a": both[:3000]}, rows=1000)
        found = census(sides(production, staging), SAMPLED)
        assert found.shared == (Shared("a", "a", 3000, 3000, True),)
        assert [sieve.one_in for sieve in staging.asked] == [128, 1]
        assert len({sieve.planted.text for sieve in staging.asked}) == 2

    def test_a_sample_without_a_hit_is_all_that_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bound, "SMALL", 0)
        production, staging = Listed({"a": THEIRS}), Listed({"a": OURS})
        found = census(sides(production, staging), SAMPLED)
        assert (found.shared, found.blind, found.one_in, found.missed) == ((), (), 128, 881)
        assert [sieve.one_in for sieve in production.asked] == [128]

    def test_a_second_reading_that_confirms_nothing_takes_no_hit_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bound, "SMALL", 0)
        both = addresses(6000)
        tired = Listed({"a": both}, rows=1000, mute_at=frozenset({1}))
        found = census(sides(tired, Listed({"a": both}, rows=1000)), SAMPLED)
        assert found.one_in == 128
        assert found.shared[0].confirmed == found.shared[0].values > 0

    @pytest.mark.parametrize("mails_go", [True, False])
    def test_rows_that_went_before_they_were_counted_were_there(
        self, mails_go: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A first name that is still shared then is no word on the addresses that were."""
        monkeypatch.setattr(bound, "SMALL", 0)
        texts = {"users.mail": addresses(6000), "users.first": [f"Anna {n}" for n in range(4000)]}
        staging = Fleeting(dict(texts), rows=1000, goes="users.mail" if mails_go else "", shut_at=2)
        production = Listed(texts, rows=1000, shy=frozenset({"users.first"}))
        found = census(sides(production, staging), SAMPLED)
        assert found.one_in == 128
        leaks = [hit for hit in found.shared if hit.identifying and hit.confirmed]
        assert [(hit.production, hit.staging) for hit in leaks] == [("users.mail", "users.mail")]


def test_very_many_places_are_told_together() -> None:
    """A schema a tenant: places of both sides that all hold the same make no line for each pair."""
    texts = {f"tenant_{n}.users.mail": [f"{m}@example.test" for m in range(20)] for n in range(120)}
    started = time.monotonic()
    found = run(Listed(texts), Listed(texts))
    assert time.monotonic() - started < 10
    assert len(found.shared) == 120
    assert all(hit.confirmed == hit.values == 20 and hit.identifying for hit in found.shared)
    assert found.shared[0].staging.endswith("and 119 more places")
