"""Private set intersection, by the real library: a number, its control, and what it must not tell."""

from __future__ import annotations

import builtins
import importlib.util
from typing import Any

import pytest
from listed import Listed, addresses, sides

from disjoint.model.census import Detection, Overlap, Strength, Terms
from disjoint.model.probe import ProbeError
from disjoint.overlap import bound, elements, hashed, private, psi
from disjoint.overlap.baseline import NONE, Baseline
from disjoint.overlap.read import TOLD_NOBODY
from lacking import lacking

PRIVATE = Terms(Strength.PRIVATE, Detection(1000, 0.999), 60)
OURS = addresses(30, "staging.test")
THEIRS = addresses(30)


@pytest.fixture
def installed() -> None:
    if importlib.util.find_spec("private_set_intersection") is None:
        lacking("pip install 'disjoint[psi]'")


def run(production: Listed, staging: Listed, baseline: Baseline = NONE) -> Overlap:
    return private.census(sides(production, staging), PRIVATE, baseline, TOLD_NOBODY)


@pytest.mark.usefixtures("installed")
class TestOneProcess:
    """`rows = "private"` where one process reads both sides."""

    def test_nothing_in_common_is_nothing_found_and_its_control_was(self) -> None:
        found = run(Listed({"users": THEIRS}), Listed({"users": OURS}))
        assert (found.shared, found.blind, found.gaps, found.left) == ((), (), (), ())
        assert (found.strength, found.one_in, found.missed) == (Strength.PRIVATE, 1, 1)

    @pytest.mark.parametrize("copied", [1, 2, 29])
    def test_it_counts_what_is_shared_and_tells_no_place(self, copied: int) -> None:
        staging = Listed({"users": OURS, "notes": [*THEIRS[:copied], THEIRS[0]]})
        (hit,) = run(Listed({"users": THEIRS}), staging).shared
        assert (hit.values, hit.confirmed, hit.identifying) == (copied, copied, True)
        assert (hit.production, hit.staging) == ("production (places pooled)", "staging (places pooled)")

    def test_a_collision_of_selectors_is_none_of_digests(self) -> None:
        staging = Listed({"users": [*OURS, "somebody"]}, misled={"somebody": THEIRS[0]})
        assert not run(Listed({"users": THEIRS}), staging).shared

    def test_a_sample_is_the_same_on_both_sides(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(private, "SMALL", 0)
        monkeypatch.setattr(bound, "LARGEST", 4)
        both = addresses(400)
        found = run(Listed({"a": both}, rows=100), Listed({"a": both}, rows=100))
        assert found.one_in == 4
        assert 60 <= found.shared[0].values <= 140

    @pytest.mark.parametrize("side", ["production", "staging"])
    def test_a_side_whose_digests_differ_is_blind(self, side: str) -> None:
        pair = {"production": Listed({"users": THEIRS}), "staging": Listed({"users": THEIRS})}
        pair[side].twisted = b"another"
        found = run(pair["production"], pair["staging"])
        assert set(found.blind) == {f"{side}: users", "the intersection"}

    def test_a_place_that_loses_the_planted_value_is_named(self) -> None:
        production = Listed({"users": THEIRS, "notes": THEIRS}, unplanted=frozenset({"notes"}))
        assert run(production, Listed({"users": OURS})).blind == ("production: notes",)

    def test_what_could_not_be_read_is_a_gap(self) -> None:
        production = Listed({"users": THEIRS, "notes": OURS}, broken=frozenset({"notes"}))
        assert [gap.place for gap in run(production, Listed({"users": OURS})).gaps] == ["production: notes"]

    def test_a_first_name_of_productions_does_not_count_and_is_told(self) -> None:
        production = Listed({"users": THEIRS, "first": ["Anna"]}, shy=frozenset({"first"}))
        found = run(production, Listed({"first": ["Anna"]}))
        assert not found.shared
        assert [left.place for left in found.left] == ["production: first"]
        assert [place.name for place in found.looked] == ["users"]

    def test_nothing_but_first_names_is_a_gap(self) -> None:
        production = Listed({"first": ["Anna"]}, shy=frozenset({"first"}))
        (gap,) = run(production, Listed({"first": ["Anna"]})).gaps
        assert "one row's own" in gap.reason

    def test_what_the_baseline_names_is_not_asked_for(self) -> None:
        salt = b"0123456789abcdef"
        excused = Baseline(salt, frozenset(hashed.mark_of(text.encode(), salt) for text in THEIRS[:2]))
        found = run(Listed({"users": THEIRS}), Listed({"users": THEIRS[:3]}), excused)
        assert [hit.values for hit in found.shared] == [1]
        assert [left.place for left in found.left] == ["staging: 2 values"]

    def test_too_many_are_refused_before_anything_is_read(self) -> None:
        production = Listed({"users": THEIRS}, stated=10**10)
        with pytest.raises(ProbeError) as refused:
            run(production, Listed({"users": OURS}))
        assert refused.value.remedy == 'state detect = "113174@99.9%" or more'
        assert not production.asked

    def test_more_than_was_stated_is_a_gap_and_not_a_long_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(elements, "MOST", 10)
        production = Listed({"users": THEIRS}, stated=5)
        found = run(production, Listed({"users": OURS[:5]}))
        assert "holds more than 10 values" in found.gaps[0].reason


@pytest.mark.usefixtures("installed")
class TestMessages:
    """What crosses, and what comes of a message that is none."""

    def test_neither_an_element_nor_its_order_is_in_a_message(self) -> None:
        own = [bytes([n]) * 16 for n in range(9)]
        request = psi.Asker().request(own)
        answered = psi.answer(request, own)
        for message in (request, *answered):
            assert not any(element in message or element.hex().encode() in message for element in own)
        assert psi.Asker().request(own) != request, "one number a run"

    def test_one_number_serves_a_later_step(self) -> None:
        first = psi.Asker()
        answered = psi.answer(first.request([b"a" * 16, b"b" * 16]), [b"b" * 16])
        assert psi.Asker(first.key).count(answered, 2) == 1
        assert psi.Asker().count(answered, 2) == 0, "another number opens nothing"

    @pytest.mark.parametrize("request_", [b"", b"nonsense", b"\x12\x21" + b"\xff" * 33])
    def test_what_is_no_request_is_not_answered(self, request_: bytes) -> None:
        with pytest.raises(ProbeError):
            psi.answer(request_, [b"a" * 16])

    def test_whoever_asks_for_the_elements_is_refused(self) -> None:
        import private_set_intersection.python as library  # noqa: PLC0415

        curious = library.client.CreateWithNewKey(True).CreateRequest(["aa"]).SerializeToString()
        with pytest.raises(ProbeError, match="no request for a number"):
            psi.answer(curious, [b"a" * 16])

    def test_an_answer_to_another_request_is_refused(self) -> None:
        asker = psi.Asker()
        answered = psi.answer(asker.request([b"a" * 16]), [b"a" * 16])
        with pytest.raises(ProbeError, match="not one to this request"):
            asker.count(answered, 2)
        with pytest.raises(ProbeError, match="not one to this request"):
            asker.count(answered._replace(setup=b""), 1)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacks(name: str, *rest: Any) -> Any:
        if name.startswith("private_set_intersection"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacks)
    production = Listed({"users": THEIRS})
    with pytest.raises(ProbeError) as refused:
        run(production, Listed({"users": OURS}))
    assert "pip install 'disjoint[psi]'" in refused.value.remedy
    assert not production.asked
