"""What a freshly migrated and seeded database holds, as marks of its values."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator, Mapping

from disjoint.model.census import HALF, Method, Reader, Sieve
from disjoint.model.probe import ProbeError

from .baseline import MOST, Learnt, listed

AT_ONCE = 50_000
"""Selectors that are asked for in one statement."""


def learnt(reader: Reader, kind: str, source: str, salt: bytes, *, fold: bool) -> Learnt:
    """Every value of every place, by the name that a baseline calls it.

    Raises:
        ProbeError: something could not be read, or it is no freshly seeded database.
    """
    for gap in reader.survey.gaps:
        raise ProbeError(f"{gap.place} cannot be read: {gap.reason}", gap.remedy)
    sieve = _whole(reader, fold=fold)
    held = _held(reader, sieve)
    marks: dict[int, set[bytes]] = {place: set() for place in held}
    for wanted in _portions(held):
        for match in reader.confirm(sieve, wanted, salt):
            marks[match.place].add(match.mark)
    places = [listed(reader.survey.places[place].name, [*own]) for place, own in marks.items()]
    for place, own in held.items():
        if len(marks[place]) < len(own):
            raise ProbeError(
                f"{reader.survey.places[place].name} changed while it was read",
                "learn it from a database at rest",
            )
    return Learnt(kind, source, fold, tuple(sorted(each for each in places if each.values)))


def _whole(reader: Reader, *, fold: bool) -> Sieve:
    numbers = [int.from_bytes(secrets.token_bytes(8), "big", signed=True) for _ in range(2)]
    method = next((m for m in reader.survey.header.methods if m is not Method.HMAC), Method.SHA256)
    sieve = Sieve(method, numbers[0], numbers[1], secrets.token_bytes(16), 1, fold)
    return dataclasses.replace(sieve, planted=reader.plant(sieve))


def _held(reader: Reader, sieve: Sieve) -> Mapping[int, set[bytes]]:
    """Distinct selectors by place, without the planted value's."""
    held: dict[int, set[bytes]] = {}
    for task in reader.tasks(sieve):
        for portion in reader.read(task, sieve):
            packed = portion.packed
            own = held.setdefault(portion.place, set())
            own |= {packed[at : at + HALF] for at in range(0, len(packed), HALF)}
            if sum(map(len, held.values())) > MOST:
                raise ProbeError(
                    f"it holds more than {MOST:,} values: no freshly migrated and seeded database does",
                    "learn the baseline from a database that holds what migrations and seeds put there",
                )
    planted = sieve.planted.digest[:HALF]
    return {place: own - {planted} for place, own in held.items()}


def _portions(held: Mapping[int, set[bytes]]) -> Iterator[Mapping[int, list[bytes]]]:
    """What is asked for at once, place by place."""
    for place, own in held.items():
        everything = sorted(own)
        for at in range(0, len(everything), AT_ONCE):
            yield {place: everything[at : at + AT_ONCE]}
