"""Digests under a key: made here, of values that nobody can guess, and the same as any other side's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from listed import EXACT, Listed, addresses

from disjoint.model.census import Overlap, Sieve, Task
from disjoint.model.telling import Telling, Values
from disjoint.overlap import keyed
from disjoint.overlap.engine import Sides, census
from disjoint.overlap.keyed import Keyed


@dataclass
class Told(Listed):
    """A list that hands its texts out."""

    def tell(self, task: Task, sieve: Sieve) -> Iterator[Values]:
        (place,) = task.places
        own = [text.encode() for text in self._own(place)[task.first : task.until]]
        yield Values(place, [sieve.planted.text.encode(), *own], len(own) + 1)


def tickets(number: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(number)]


def compared(production: Told, staging: Told, *, accept: bool = False) -> tuple[Overlap, Keyed]:
    there = Keyed(production, accept_guessable=accept)
    sides = Sides(there, Keyed(staging, accept_guessable=accept), ("production", "staging"))
    return census(sides, EXACT), there


def test_random_values_are_found_and_others_are_not_looked_at() -> None:
    """What stays is told, place by place; with leave it is compared, too."""
    theirs, mail = tickets(50), addresses(50)
    production = Told({"a.ticket": theirs, "a.email": mail})
    staging = Told({"a.ticket": [*tickets(20), *theirs[:3]], "a.email": mail})
    found, there = compared(production, staging)
    assert [(hit.staging, hit.values, hit.confirmed) for hit in found.shared] == [("a.ticket", 3, 3)]
    assert found.blind == ()
    assert [left.place for left in there.withheld] == ["a.email"]
    assert (found.production.values, found.production.rows) == (50, 100)
    found, there = compared(production, staging, accept=True)
    assert {(hit.staging, hit.values) for hit in found.shared} == {("a.ticket", 3), ("a.email", 50)}
    assert there.withheld == ()


def test_a_table_of_which_nothing_telling_was_sent_is_a_gap() -> None:
    """Addresses alone tell of it, and stayed: a zero elsewhere is no word on its rows."""
    production = Told({"a.ticket": tickets(9), "a.email": addresses(9), "b.email": addresses(9)})
    _, there = compared(production, Told({"a.ticket": tickets(9)}))
    assert [(gap.place, "--accept-guessable" in gap.remedy) for gap in there.untold] == [("b", True)]
    _, there = compared(production, Told({"a.ticket": tickets(9)}), accept=True)
    assert there.untold == ()
    _, there = compared(Told({"b.email": [], "c": tickets(3)}), Told({"a.ticket": tickets(9)}))
    assert there.untold == ()


@pytest.mark.parametrize(("rows", "gaps"), [(1_000, ["list"]), (999, [])])
def test_a_table_that_only_several_columns_tell_of_is_a_gap_where_none_was_sent(
    rows: int, gaps: list[str]
) -> None:
    """A hit on it would be an open question, and nobody looked; of a few rows it would hardly be one."""
    place = "list.rows (name, town)"
    told = {"a.ticket": tickets(9), place: addresses(9)}
    production = Told(told, shy=frozenset({place}), stated=rows)
    _, there = compared(production, Told({"a.ticket": tickets(9)}))
    assert [gap.place for gap in there.untold] == gaps


@pytest.mark.parametrize(("found", "name"), [(True, "polars-hash"), (False, "hashlib")])
def test_the_report_says_what_made_the_digests(
    monkeypatch: pytest.MonkeyPatch, found: bool, name: str
) -> None:
    """They are the same; a side without the extra is slower, and nobody has to guess why."""
    monkeypatch.setattr(keyed, "at_once", lambda: found)
    overlap, _ = compared(Told({"a.ticket": tickets(9)}), Told({"a.ticket": tickets(9)}))
    assert overlap.production.way.endswith(f"digested outside the server by {name}")


def test_a_side_that_tells_nothing_is_none() -> None:
    """Whoever hands out digests alone cannot be read under a key."""
    assert isinstance(Told({}), Telling)
    assert not isinstance(Listed({}), Telling)
