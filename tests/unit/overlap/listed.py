"""A side whose places are lists of texts, with real digests: what the engine is tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from disjoint.model.census import (
    HALF,
    WHOLE,
    Detection,
    Gap,
    Header,
    Left,
    Match,
    Method,
    Place,
    Planted,
    Portion,
    Reader,
    Sieve,
    Strength,
    Survey,
    Task,
    Terms,
)
from disjoint.model.probe import ProbeError
from disjoint.overlap import hashed
from disjoint.overlap.engine import Sides

WANTED = Detection(1000, 0.999)
EXACT = Terms(Strength.EXACT, WANTED, 60)
SAMPLED = Terms(Strength.SAMPLED, WANTED, 60)


@dataclass
class Listed:
    """One side. Whatever is set beyond its texts breaks something on purpose."""

    texts: Mapping[str, Sequence[str]]
    shy: frozenset[str] = frozenset()
    """Places whose values are no one's own."""
    rows: int = 7
    """Values a task."""
    stated: int | None = None
    """How many values each place claims to have."""
    unplanted: frozenset[str] = frozenset()
    """Places that lose the planted value."""
    broken: frozenset[str] = frozenset()
    """Places that are refused half-way."""
    defect: Exception | None = None
    """Raised instead of the refusal."""
    twisted: bytes = b""
    """What its digests are made with beside the sieve, as if its server were another."""
    methods: tuple[Method, ...] = (Method.SHA256,)
    misled: Mapping[str, str] = field(default_factory=dict)
    """Texts that have another's selector, and an other half of their own."""
    silent: frozenset[str] = frozenset()
    """Places that no longer hold what was read, once they are asked to confirm it."""
    mute_at: frozenset[int] = frozenset()
    """Refuses to confirm what was read as one in so many."""
    answers: int | None = None
    """After so many it says nothing more, asked to confirm."""
    shut: bool = False
    """Gives no task."""
    answer: str = ""
    """Its answers where the answer is known, if they are not the right ones."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Of texts, where it tells them."""
    gaps: tuple[Gap, ...] = ()
    left: tuple[Left, ...] = ()
    drawn: Sieve | None = None
    abreast: int = 2
    asked: list[Sieve] = field(default_factory=list)

    @property
    def survey(self) -> Survey:
        places = (
            Place(name, self._stated(own), name not in self.shy, "", name.split(".")[0])
            for name, own in self.texts.items()
        )
        right = (hashed.known(method) for method in self.methods)
        known = tuple((method, self.answer or answer) for method, answer in right)
        return Survey(tuple(places), self.gaps, self.left, Header(self.methods, known, "a list"), "in order")

    def _stated(self, own: Sequence[str]) -> int:
        return len(own) if self.stated is None else self.stated

    def narrow(self, theirs: Survey) -> None:
        """Everything compares with everything."""

    def plant(self, sieve: Sieve) -> Planted:
        return hashed.plant(sieve)

    def tasks(self, sieve: Sieve) -> Sequence[Task]:
        self.asked.append(sieve)
        if self.shut:
            raise ProbeError("refused", "open it")
        spans = [
            (place, first, min(first + self.rows, len(own)))
            for place, own in enumerate(self.texts.values())
            for first in range(0, max(len(own), 1), self.rows)
        ]
        names = [*self.texts]
        return [
            Task(n, (place,), first, until, until - first, names[place])
            for n, (place, first, until) in enumerate(spans)
        ]

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        (place,) = task.places
        own = self._own(place)[task.first : task.until]
        kept = [] if task.what in self.unplanted else [self._digest(sieve.planted.text, sieve)]
        every = (self._digest(text, sieve) for text in own)
        kept += [digest for digest in every if not int.from_bytes(digest[:HALF], "big") & sieve.mask]
        half = len(kept) // 2
        yield Portion(place, _packed(kept[:half], sieve), half, half)
        if task.what in self.broken:
            raise self.defect or ProbeError("permission denied", "GRANT SELECT ON it TO you;")
        yield Portion(place, _packed(kept[half:], sieve), len(own) - half, len(own) - half)

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        if sieve.one_in in self.mute_at:
            raise ProbeError("time is up", "raise rows_seconds")
        for place, selectors in wanted.items():
            among = frozenset(selectors)
            for number, text in enumerate(
                sorted(set(self._own(place))) if [*self.texts][place] not in self.silent else ()
            ):
                if number == self.answers:
                    raise ProbeError("time is up", "raise rows_seconds")
                digest = self._digest(text, sieve)
                if digest[:HALF] in among:
                    mark = hashed.mark_of(text.encode(), salt) if salt else b""
                    yield Match(place, digest, mark, self.types.get(text, ""))

    def _own(self, place: int) -> Sequence[str]:
        return [*self.texts.values()][place]

    def _digest(self, text: str, sieve: Sieve) -> bytes:
        raw = hashed.folded(text.encode()) if sieve.fold else text.encode()
        own = hashed.digest_of(self.twisted + raw, sieve)
        if text in self.misled:
            return hashed.digest_of(self.misled[text].encode(), sieve)[:HALF] + own[HALF:WHOLE]
        return own


def _packed(kept: Sequence[bytes], sieve: Sieve) -> bytes:
    return b"".join(digest[: sieve.width] for digest in kept)


def sides(production: Reader, staging: Reader) -> Sides:
    """Both, by their usual names."""
    return Sides(production, staging, ("production", "staging"))


def addresses(number: int, of: str = "example.com") -> list[str]:
    """So many distinct e-mail addresses."""
    return [f"user-{n}@{of}" for n in range(number)]
