"""Digests made in this process, under a key that no server sees: what may travel down."""

from __future__ import annotations

import dataclasses
import hmac
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from disjoint.model.census import (
    HALF,
    WHOLE,
    Gap,
    Header,
    Left,
    Match,
    Method,
    Planted,
    Portion,
    Sieve,
    Survey,
    Task,
)
from disjoint.model.overlapping import is_several
from disjoint.model.salted import mark
from disjoint.model.telling import Telling, Values

from .digester import alongside, at_once, digester, many, narrowed
from .guess import unguessable
from .numbers import np
from .sketch import selectors_of

_KNOWN_KEY = bytes(range(16))
SEEDED = 1_000
"""Rows of several columns together, a hit on which is an open question; fewer may be plans or countries."""


class Keyed:
    """A side whose values are digested here. Values that can be guessed are left out unless accepted."""

    drawn: Sieve | None = None

    def __init__(self, side: Telling, *, accept_guessable: bool) -> None:
        self._side = side
        self._accept = accept_guessable
        self._lock = threading.Lock()
        self._sent: Counter[int] = Counter()
        self._withheld: Counter[int] = Counter()

    @property
    def survey(self) -> Survey:
        """As the side's own; digests of any two servers compare."""
        known = hmac.digest(_KNOWN_KEY, "dïsjöïnt".encode(), "sha256").hex()
        own = self._side.survey
        header = Header((Method.HMAC,), ((Method.HMAC.value, known),), own.header.speaks)
        way = f"{own.way}, digested outside the server by {'polars-hash' if at_once() else 'hashlib'}"
        return dataclasses.replace(own, header=header, way=way)

    @property
    def withheld(self) -> tuple[Left, ...]:
        """What was left out of what was read so far."""
        return tuple(
            Left(self._side.survey.places[place].name, _withheld(number, self._sent[place]))
            for place, number in sorted(self._withheld.items())
            if number
        )

    @property
    def untold(self) -> tuple[Gap, ...]:
        """Tables of what was read so far, of whose rows nothing that tells was left in."""
        sent: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for at, place in enumerate(self._side.survey.places):
            if place.identifying or (is_several(place.name) and place.values >= SEEDED):
                table = place.group or place.name.rpartition(".")[0] or place.name
                sent[table] += self._sent[at]
                held[table] += self._withheld[at]
        return tuple(Gap(table, _GUESSABLE, _UP) for table in held if held[table] and not sent[table])

    @property
    def abreast(self) -> int:
        """As the side's own."""
        return self._side.abreast

    def narrow(self, theirs: Survey) -> None:
        """As the side's own."""
        self._side.narrow(theirs)

    def plant(self, sieve: Sieve) -> Planted:
        """A random text that nobody can guess, either."""
        while True:
            text = str(uuid.uuid4())
            whole = digester(sieve.salt)(text.encode())
            if kept(whole, sieve):
                return Planted(text, whole)

    def tasks(self, sieve: Sieve) -> Sequence[Task]:
        """As the side's own. Raises as the protocol says."""
        return self._side.tasks(sieve)

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """Digest one task. Raises as the protocol says."""
        planted, made = sieve.planted.text.encode(), many(sieve.salt)
        steps = ((step, self._chosen(step)) for step in self._side.tell(task, sieve))
        for (step, chosen), wholes in alongside(steps, lambda each: made(each[1])):
            controls, packed = chosen.count(planted), narrowed(wholes, sieve)
            with self._lock:
                self._sent[step.place] -= controls
            yield Portion(step.place, packed, len(chosen) - controls, max(0, step.rows - controls))

    def _chosen(self, step: Values) -> list[bytes]:
        every = step.values if self._accept else filter(unguessable, step.values)
        chosen = list(every)
        with self._lock:
            self._sent[step.place] += len(chosen)
            self._withheld[step.place] += len(step.values) - len(chosen)
        return chosen

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        """Each distinct value that has a wanted selector. Raises as the protocol says."""
        sought = {place: selectors_of(b"".join(own), HALF) for place, own in wanted.items()}
        told: set[tuple[int, bytes]] = set()
        made = many(sieve.salt)
        for task in self._side.tasks(sieve):
            for step in self._side.tell(task, sieve) if any(p in sought for p in task.places) else ():
                if step.place not in sought:
                    continue
                wholes = made(step.values)
                wanted_ones = np.isin(selectors_of(wholes, WHOLE), sought[step.place])
                for at in map(int, np.flatnonzero(wanted_ones)):
                    whole = wholes[at * WHOLE : (at + 1) * WHOLE]
                    if (step.place, whole) not in told:
                        told.add((step.place, whole))
                        yield Match(step.place, whole, mark(salt, step.values[at]))


def kept(whole: bytes, sieve: Sieve) -> bool:
    """Whether the sample holds it."""
    return not int.from_bytes(whole[:HALF], "big") & sieve.mask


_GUESSABLE = "all that tells of its rows can be guessed by whoever may read the file, and was left out"
_UP = "compare on production's side, where nothing is sent, or accept it: --accept-guessable"


def _withheld(number: int, sent: int) -> str:
    which = f"{number:,} of its values" if sent else "its values"
    return f"{which} can be guessed by whoever may read the file: --accept-guessable sends them, too"
