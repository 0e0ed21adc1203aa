"""What one side brings to a private comparison: the whole digests of a sample, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from disjoint.model.census import HALF, WHOLE, Portion, Sieve, Survey
from disjoint.model.probe import ProbeError

from .bound import missed
from .numbers import np
from .psi import MOST
from .sketch import Selectors, Sketch


class Elements(Sketch):
    """Whole digests, pooled over the places that count."""

    def __init__(self, sieve: Sieve, places: Iterable[int]) -> None:
        super().__init__(WHOLE)
        self._planted = sieve.planted.digest
        self._places = frozenset(places)
        self._met: set[int] = set()
        self.kept: dict[bytes, int] = {}
        """Each digest, and a place that has it; the planted one among them once it was met."""

    def add(self, portion: Portion) -> None:
        """Take in what a task brought.

        Raises:
            ProbeError: it is more than a private comparison takes.
        """
        self.values[portion.place] = self.values.get(portion.place, 0) + portion.values
        self.rows += portion.rows
        self.octets += len(portion.packed)
        for at in range(0, len(portion.packed), WHOLE):
            self._take(portion.place, portion.packed[at : at + WHOLE])
        if len(self.kept) > MOST:
            raise ProbeError(f"the sample holds more than {MOST:,} values", "raise detect")

    def _take(self, place: int, digest: bytes) -> None:
        if digest == self._planted:
            self._met.add(place)
        if digest == self._planted or place in self._places:
            self.kept.setdefault(digest, place)

    def met(self) -> Mapping[int, Selectors]:
        """The planted value's selector, by each place in which it was met."""
        selector = np.array([int.from_bytes(self._planted[:HALF], "big")], np.uint64)
        return dict.fromkeys(self._met, selector)

    def selectors(self) -> Mapping[int, list[bytes]]:
        """Each digest's selector, by the place that has it."""
        found: dict[int, list[bytes]] = {}
        for digest, place in self.kept.items():
            found.setdefault(place, []).append(digest[:HALF])
        return found

    def leave_out(self, digests: Iterable[bytes]) -> int:
        """Forget some, the planted one excepted; how many they were."""
        before = len(self.kept)
        for digest in digests:
            if digest != self._planted:
                self.kept.pop(digest, None)
        return before - len(self.kept)


def expect_small(survey: Survey, sieve: Sieve, confidence: float) -> None:
    """Refuse before anything is read what would be too much.

    Raises:
        ProbeError: the sample would be larger than a private comparison takes.
    """
    values = sum(place.values for place in survey.places)
    if values / sieve.one_in <= 1.2 * MOST:
        return
    kept = sieve.one_in
    while values / kept > MOST:
        kept *= 2
    raise ProbeError(
        f"a sample of 1 in {sieve.one_in} is about {values // sieve.one_in:,} values, "
        f"and a private comparison takes {MOST:,}",
        f'state detect = "{missed(kept, confidence)}@{confidence * 100:g}%" or more',
    )
