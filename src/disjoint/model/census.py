"""A census: what a side holds, as keyed digests, read task by task and compared with the other side's.

A digest selects and compares; it is no secret: whoever has the seed and a file of digests can test
guesses (docs/census.md says what was tried). No value of a row ever stands in any of these.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .shared import Shared

HALF = 8
"""Octets of a selector: by it values are kept, compared and looked up; unequal values share one by chance."""
WHOLE = 16
"""Octets of a digest, selector first: two values that share all of it are one value."""


class Strength(enum.Enum):
    """How much of a side is looked through, and what the sides may learn from each other."""

    SAMPLED = "sampled"
    """The same 1 in k of all values on both sides, by a fresh random seed; a hit is then counted exactly."""
    EXACT = "exact"
    """Every value."""
    PRIVATE = "private"
    """The sample, by private set intersection: neither side can test guesses against the other."""


class Detection(NamedTuple):
    """What a sample must not miss: ``1000@99.9%``."""

    values: int
    """So many copied values or more …"""
    confidence: float
    """… are found with this probability, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a declaration asks of a census."""

    strength: Strength
    detect: Detection
    seconds: float
    """For the whole of it, beyond the run's budget."""
    fold: bool = False
    """Compare text without regard to ASCII case and surrounding blanks."""
    baseline: str = ""
    """File of the values that both sides may hold; as written in the manifest."""


class Method(enum.Enum):
    """How digests are made; two sides' compare only where it is one, and both give its known answers."""

    HASH = "hashtextextended"
    """PostgreSQL's own, in the server: the same from PostgreSQL 11 to 18 over one encoding."""
    SHA256 = "sha256"
    """Salted, in the server or in this process: the same everywhere, and several times slower."""
    HMAC = "hmac-sha256-128"
    """In this process, under a key that no server sees."""


class Header(NamedTuple):
    """What a side can do, and how it answers where the answer is known."""

    methods: tuple[Method, ...]
    """In order of preference."""
    known: tuple[tuple[str, str], ...]
    """Method and its answer, in hex, to texts that everybody knows under a seed that everybody knows."""
    speaks: str
    """For people: ``PostgreSQL 18.0, UTF8``."""


class Planted(NamedTuple):
    """The control: a value of no one's that must be found on both sides, in every place that is read."""

    text: str
    """Random; added to what a statement reads, and written nowhere."""
    digest: bytes
    """`WHOLE`, as the first side's server gave it."""


UNPLANTED = Planted("", b"")


@dataclass(frozen=True, slots=True)
class Sieve:
    """What both sides must use alike, drawn anew for every census. Not secret."""

    method: Method
    seed: int
    """Signed, 64 bits: of the selector."""
    second: int
    """Of the other half."""
    salt: bytes
    """16 octets, for the methods that take one; of HMAC the key, twice as long."""
    one_in: int
    """A power of two: a value is kept where its selector's lowest bits are zero."""
    fold: bool
    width: int = HALF
    """Octets that are read for each value: `HALF`, or `WHOLE`."""
    planted: Planted = UNPLANTED
    """Kept by the sieve itself."""

    @property
    def mask(self) -> int:
        """The selector's bits that must be zero."""
        return self.one_in - 1


class Place(NamedTuple):
    """A set of values that is looked through: a column, several columns of a row together, names of keys."""

    name: str
    """``public.users.email``, ``public.orders (note, total)``; names of a schema are no secrets."""
    values: int
    """About how many, before it was read."""
    identifying: bool
    """One value of it that is found on the other side is somebody's row; a first name is nobody's."""
    why: str
    """Why it is looked through."""
    group: str = ""
    """What it belongs to (a table): where another place of that is identifying, this one decides nothing."""


class Gap(NamedTuple):
    """What was to be looked through and cannot be: nothing is proven of it."""

    place: str
    reason: str
    remedy: str


class Left(NamedTuple):
    """What is not looked through on purpose."""

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to read on one side."""

    places: tuple[Place, ...]
    gaps: tuple[Gap, ...]
    left: tuple[Left, ...]
    header: Header
    way: str
    """How it is read, for people: ``one sequential scan of each table``."""


class Task(NamedTuple):
    """A part of a census that is read in one go, on one connection, and from its beginning if it broke."""

    number: int
    places: tuple[int, ...]
    """Which of the survey's, by position."""
    first: int
    """Where it begins, as its kind counts (a block of a table, a cursor)."""
    until: int
    """Where it ends, exclusive; -1 = at the end."""
    rows: int
    """About how many rows; for progress only."""
    what: str
    """For people: ``public.users``."""


class Portion(NamedTuple):
    """What a step of a task brought: digests of one place, in no order."""

    place: int
    packed: bytes
    """So many octets a value as the sieve says: big-endian selectors, each followed by its other half."""
    values: int
    """How many values (not NULL) were looked at for it, the planted one not among them."""
    rows: int
    """How many rows, told with the first place of a task alone: sums count every row once."""


class Match(NamedTuple):
    """A value that was asked for by its selector, and is there."""

    place: int
    digest: bytes
    """`WHOLE`."""
    mark: bytes = b""
    """What it is called in a baseline: 16 octets of SHA-256 over the baseline's salt and the value."""
    type: str = ""
    """What the server calls its type (``hash``), where it has such a word and was asked for it."""


class Reader(Protocol):
    """One side, open for reading. Leaving its context ends every connection and every statement."""

    @property
    def survey(self) -> Survey:
        """What there is to read, and what not."""
        ...

    @property
    def abreast(self) -> int:
        """How many tasks may be read at once, each on a connection of its own."""
        ...

    @property
    def drawn(self) -> Sieve | None:
        """What its digests were made with, where they are made already: a file's."""
        ...

    def narrow(self, theirs: Survey) -> None:
        """Leave out what the other side has nothing to compare with (several columns together)."""
        ...

    def plant(self, sieve: Sieve) -> Planted:
        """A fresh random text that the sieve keeps, and its digest as this side's server gives it.

        Raises:
            ProbeError: the server does not answer.
        """
        ...

    def tasks(self, sieve: Sieve) -> Sequence[Task]:
        """Everything that is to be read, in parts."""
        ...

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """Read one task; the planted text's digest is among those of each of its places.

        Raises:
            ProbeError: it was refused, or time is up.
        """
        ...

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        """Each distinct value that has a wanted selector (`HALF`), by place; `salt`: a baseline's, or empty.

        Raises:
            ProbeError: as above.
        """
        ...


class Read(NamedTuple):
    """What was read of one side."""

    places: int
    rows: int
    values: int
    way: str
    seconds: float
    octets: int
    """Digests that left the server or were made here."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What came of a census of both sides."""

    strength: Strength
    one_in: int
    """1 = every value."""
    confidence: float
    """With which `missed` is stated."""
    missed: int
    """So many copied values or more would have been found with that confidence; 1 = any."""
    fold: bool
    production: Read
    staging: Read
    shared: tuple[Shared, ...]
    excused: int
    """Values on both sides that the baseline names."""
    blind: tuple[str, ...]
    """Places, each with its environment, in which the planted value was not found."""
    gaps: tuple[Gap, ...]
    """Each place with its environment."""
    left: tuple[Left, ...]
    """As above."""
    weak: tuple[str, ...] = ()
    """Places of production's in which one hit alone says nothing."""
    looked: tuple[Place, ...] = ()
    """Production's, each with why it was looked through."""
