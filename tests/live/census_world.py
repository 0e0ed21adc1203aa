"""Sides of a census over real servers, opened as a run opens them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from postgres_world import KEY, target

from disjoint.kinds.postgres.census import reading
from disjoint.kinds.postgres.database import Tables
from disjoint.kinds.postgres.facts import PostgresDeclared
from disjoint.model.census import Overlap, Portion, Reader, Sieve, Strength, Terms
from disjoint.model.environment import Setting, Target
from disjoint.model.experiment import Party
from disjoint.model.fact import Known
from disjoint.model.secret import Secret
from disjoint.model.terms import DETECT, detection
from disjoint.overlap.engine import Sides, census, fresh, planted
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit


class Opened(NamedTuple):
    """One side, and what it was sent."""

    reader: Tables
    tally: Tally


@contextlib.contextmanager
def side(
    where: Target[PostgresDeclared],
    *,
    careful: bool = True,
    facts: object = None,
    budget: float = 30.0,
    seats: Seats | None = None,
) -> Iterator[Opened]:
    tally = Tally(protected=where.environment.protected)
    with Deadline(budget) as deadline:
        probe = Visit(where.environment, deadline, seats or Seats(), tally, KEY)
        with reading(Party(where, probe, facts), careful=careful) as reader:
            assert isinstance(reader, Tables)
            yield Opened(reader, tally)


@contextlib.contextmanager
def sides(
    production: str, staging: str, *, careful: bool = True, **declared: Any
) -> Iterator[tuple[Opened, Opened]]:
    """Both, over seats that they share."""
    seats = Seats()
    there = side(target(production, "production", **declared), seats=seats)
    here = side(target(staging, "staging", **declared), careful=careful, seats=seats)
    with there as one, here as other:
        yield one, other


def compared(
    production: str,
    staging: str,
    *,
    careful: bool = True,
    strength: Strength = Strength.EXACT,
    fold: bool = False,
    **declared: Any,
) -> Overlap:
    """A whole census."""
    with sides(production, staging, careful=careful, **declared) as (there, here):
        names = ("production", "staging")
        return census(
            Sides(there.reader, here.reader, names), Terms(strength, detection(DETECT), 60, fold=fold)
        )


def shared(found: Overlap) -> dict[tuple[str, str], tuple[int, int]]:
    """Values and confirmed ones, by the places of production and staging."""
    return {(hit.production, hit.staging): (hit.values, hit.confirmed) for hit in found.shared}


def sieve_for(reader: Tables, one_in: int = 1, *, fold: bool = False, width: int = 8) -> Sieve:
    """A fresh one with its control, for one side alone."""
    terms = Terms(Strength.EXACT, detection(DETECT), 60, fold=fold)
    drawn = fresh(reader.survey.header.methods[0], terms, Sides(reader, reader, ("one", "one")))
    return planted(dataclasses.replace(drawn, one_in=one_in, width=width), reader)


def everything(reader: Reader, sieve: Sieve) -> dict[str, list[Portion]]:
    """Every portion of every task, by place."""
    found: dict[str, list[Portion]] = {}
    for task in reader.tasks(sieve):
        for portion in reader.read(task, sieve):
            found.setdefault(reader.survey.places[portion.place].name, []).append(portion)
    return found


def digests(portions: list[Portion], width: int = 8) -> list[bytes]:
    """The digests of one place, one by one."""
    octets = b"".join(portion.packed for portion in portions)
    return [octets[at : at + width] for at in range(0, len(octets), width)]


def with_replica(where: Target[PostgresDeclared], url: str) -> Target[PostgresDeclared]:
    """The same target, whose rows are read elsewhere."""
    setting = Setting(Secret(url), ("REPLICA_URL",), ".env:3")
    return Target(
        where.resource, where.kind, where.environment, where.declared,
        {**where.settings, "replica": Known(setting)},
    )  # fmt: skip
