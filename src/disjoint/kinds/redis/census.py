"""The names of logical databases' keys, as digests made here: no name leaves this process.

Contents are not read, and types only of some names that both sides hold: a type of every key would
be a command for every key. One connection at a time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from disjoint.model import salted
from disjoint.model.census import HALF, Left, Match, Place, Planted, Portion, Sieve, Survey, Task
from disjoint.model.experiment import Party
from disjoint.model.fact import Known, Unknown
from disjoint.model.naming import Naming, naming
from disjoint.model.probe import Probe, ProbeError
from disjoint.model.telling import Values
from disjoint.model.url import ENCODE, SEVERED, severed

from . import databases, walk
from .account import AGAIN, process
from .address import Login, login
from .databases import Chosen
from .facts import DOUBTFUL, OWN, PLAIN, RedisDeclared, RedisFacts, called, places_of
from .session import Session, connect

STEP = 5_000
"""Names that are handed on together."""
TRIED = 8
"""Names, the last that were shown, of which one must be there when it is asked for alone."""
TYPED = 1_000
"""Names that both sides hold of which each side is asked the type, at most."""
_SORTS = {Naming.OWN: 0, Naming.DOUBTFUL: 1, Naming.PLAIN: 2}
"""Each logical database has these places, in this order."""
_WHY = {
    OWN: "a random id, a token or an address in it is nobody else's",
    DOUBTFUL: "hex digits may be a random id, or a hash of what both sides know",
    PLAIN: "names that anybody gives",
}


@contextlib.contextmanager
def reading(party: Party[RedisDeclared], *, careful: bool) -> Iterator[_Keys]:
    """Ask how many keys there are; the walks over them have connections of their own.

    Raises:
        ProbeError: the server was not reached, or another one answers than was observed.
    """
    where, declared = _where(party), party.target.declared
    alone = party.probe.protected or declared.databases == "own"
    with connect(where, party.probe) as session:
        run_id = process(session)
        if isinstance(party.facts, RedisFacts) and isinstance(party.facts.run_id, Known):
            _is_the_same(party.facts.run_id.value, party.probe.digest("redis.run_id", run_id))
        chosen = (databases.own if alone else databases.every)(session, where.db, declared)
    yield _Keys(party.probe, where, declared, run_id, careful, chosen, _survey(party, where, chosen))


def _is_the_same(observed: str, met: str) -> None:
    if observed != met:
        raise ProbeError("another server answers than was observed a moment ago", AGAIN)


def _where(party: Party[RedisDeclared]) -> Login:
    match party.target.setting("url"):
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)
        case Known(secret) if severed(secret.reveal()):
            raise ProbeError(SEVERED, ENCODE)
        case Known(secret):
            return login(secret.reveal())


def _survey(party: Party[RedisDeclared], where: Login, chosen: Chosen) -> Survey:
    theirs = party.probe.protected
    places = tuple(
        Place(name, each.keys // len(_WHY), of == OWN, why)
        for each in chosen.walked
        for name, (of, why) in zip(_WHY if theirs else places_of(each.number), _WHY.items(), strict=True)
    )
    speaks = party.facts.server if isinstance(party.facts, RedisFacts) else Unknown("not asked")
    told = speaks.value if isinstance(speaks, Known) else "Redis"
    left = tuple(_left(party, where, chosen))
    way = "one walk by SCAN" if theirs else chosen.way(where.db)
    return Survey(places, chosen.gaps, left, salted.header(told), way)


def _left(party: Party[RedisDeclared], where: Login, chosen: Chosen) -> Iterator[Left]:
    for prefix in party.target.declared.may_share:
        yield Left(f"keys beginning {prefix}", "may_share")
    told = party.facts.databases if isinstance(party.facts, RedisFacts) else Unknown("not asked")
    why = "the address names another" if party.probe.protected else 'databases = "own"'
    for index, keys in told.value if isinstance(told, Known) and not chosen.counted else ():
        if index != where.db:
            yield Left(f"{called(index)}, {keys:,} keys", why)


@dataclass(slots=True)
class _Keys:
    """One side's keys."""

    probe: Probe
    where: Login
    declared: RedisDeclared
    run_id: str
    careful: bool
    chosen: Chosen
    stated: Survey
    _found: dict[int, Sequence[int]] = field(default_factory=dict)
    """How many names of each sort a task's walk showed."""
    _untyped: tuple[Left, ...] = ()
    """Why the server told no type."""

    @property
    def survey(self) -> Survey:
        """What there is to read; and afterwards, how much of it tells nothing."""
        left = (*self.stated.left, *_plain([*self._found.values()]), *self._untyped)
        return dataclasses.replace(self.stated, left=left)

    @property
    def abreast(self) -> int:
        return 1

    @property
    def drawn(self) -> Sieve | None:
        return None

    def narrow(self, theirs: Survey) -> None:
        """Names have nothing that the other side might lack."""

    def plant(self, sieve: Sieve) -> Planted:
        return salted.planted(sieve)

    def tasks(self, sieve: Sieve) -> Sequence[Task]:  # noqa: ARG002  (every sieve takes the same walks)
        """One for each logical database."""
        return tuple(
            Task(number, _places(number), 0, -1, each.keys, f"keys of database {each.number}")
            for number, each in enumerate(self.chosen.walked)
        )

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        tray, rows, told = salted.Tray(sieve, len(task.places)), 0, 0
        found = [0] * len(task.places)
        try:
            for names in self._walked(task):
                rows += len(names)
                for sort, name in self._sorted(names):
                    tray.add(sort, name)
                    found[sort] += 1
                if rows - told >= STEP:
                    yield from _put(task, tray.handed(rows - told))
                    told = rows
        except ProbeError:  # what was shown may be a hit, whatever ended the walk
            yield from _put(task, tray.handed(rows - told))
            raise
        yield from _put(task, tray.handed(rows - told))
        self._see_that_names_tell(task, found)

    def tell(self, task: Task, sieve: Sieve) -> Iterator[Values]:
        """The names themselves; the planted text is no key of anybody's."""
        found = [0] * len(task.places)
        for place in task.places:
            yield Values(place, [sieve.planted.text.encode()], 0)
        for names in self._walked(task):
            parted: list[list[bytes]] = [[] for _ in task.places]
            for sort, name in self._sorted(names):
                parted[sort].append(name)
                found[sort] += 1
            for sort, own in enumerate(parted):
                yield Values(task.places[sort], own, 0 if sort else len(names))
        self._see_that_names_tell(task, found)

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        asked = {place: frozenset(selectors) for place, selectors in wanted.items()}
        typed = _to_be_typed(asked)
        shown: set[tuple[int, bytes]] = set()
        for task in self.tasks(sieve):
            for session, place, name in self._shown(task) if asked.keys() & {*task.places} else ():
                whole = salted.digest(sieve, name)
                if whole[:HALF] in asked.get(place, ()) and (place, whole) not in shown:
                    shown.add((place, whole))
                    type_ = self._type(session, name) if whole[:HALF] in typed else ""
                    yield Match(place, whole, salted.mark(salt, name), type_)

    def _shown(self, task: Task) -> Iterator[tuple[Session, int, bytes]]:
        """Every name, its place, and who showed it: what is shown is a hit, however much was missed."""
        with self._at(task) as session:
            for names in walk.shown(session, self.run_id, careful=self.careful):
                for sort, name in self._sorted(names):
                    yield session, task.places[sort], name

    def _walked(self, task: Task) -> Iterator[list[bytes]]:
        """Every name, and at the end some of them asked for by name: what a walk shows is really there."""
        last: deque[bytes] = deque(maxlen=TRIED)
        rows, index = 0, self.chosen.walked[task.number].number
        with self._at(task) as session:
            for names in walk.walked(session, self.run_id, index, careful=self.careful):
                last.extend(names)
                if (rows := rows + len(names)) > task.rows + self.declared.rows_at_most:
                    raise ProbeError("many more keys were shown than were counted", "raise rows_at_most")
                yield names
            _see_that_they_stand(session, last)
            self.chosen.see_that_none_came(session)

    @contextlib.contextmanager
    def _at(self, task: Task) -> Iterator[Session]:
        """A session in the logical database of a task."""
        with connect(self.where, self.probe) as session:
            session.select(self.chosen.walked[task.number].number)
            yield session

    def _sorted(self, names: list[bytes]) -> Iterator[tuple[int, bytes]]:
        excused = tuple(prefix.encode() for prefix in self.declared.may_share)
        for name in names:
            if not name.startswith(excused):
                yield _SORTS[naming(name.decode("utf-8", "replace"))], name

    def _type(self, session: Session, name: bytes) -> str:
        """The type of a key; asked no more once it was refused."""
        if self._untyped or not (text := _text(name)):
            return ""
        try:
            told = walk.type_of(session, text)
        except ProbeError as error:
            self._untyped = (Left("types of keys that both sides hold", f"{error.reason}: {error.remedy}"),)
            return ""
        return "" if told == walk.NO_KEY else told

    def _see_that_names_tell(self, task: Task, found: Sequence[int]) -> None:
        """Plain names alone find no copy, and a number of shared names says nothing of what may be hashes.

        Raises:
            ProbeError: it is so.
        """
        self._found[task.number] = found
        plain = found[_SORTS[Naming.PLAIN]]
        if self.probe.protected and plain and plain == sum(found):
            raise ProbeError(f"none of production's {plain:,} key names is its own", _TELL_NOTHING)
        doubtful = found[_SORTS[Naming.DOUBTFUL]]
        if self.probe.protected and self.declared.rows == "private" and doubtful:
            raise ProbeError(f"{doubtful:,} key names may be hashes, which no number tells apart", _SAMPLED)


def _places(number: int) -> tuple[int, ...]:
    return tuple(range(number * len(_SORTS), (number + 1) * len(_SORTS)))


def _put(task: Task, portions: Sequence[Portion]) -> Iterator[Portion]:
    """What a tray of one logical database holds, at its places among all."""
    return (portion._replace(place=task.places[portion.place]) for portion in portions)


def _to_be_typed(asked: Mapping[int, frozenset[bytes]]) -> frozenset[bytes]:
    """Selectors whose types are asked for: the same on both sides, the most telling sort of names first."""
    sorts = (
        (selector for place, own in asked.items() if place % len(_SORTS) == sort for selector in own)
        for sort in _SORTS.values()
    )
    first = itertools.chain.from_iterable(sorted(set(own)) for own in sorts)
    return frozenset(itertools.islice(first, TYPED))


def _plain(found: Sequence[Sequence[int]]) -> Iterator[Left]:
    if plain := sum(own[_SORTS[Naming.PLAIN]] for own in found):
        yield Left(f"{plain:,} of {sum(map(sum, found)):,} keys", "plain names, which anybody gives")


def _see_that_they_stand(session: Session, names: Sequence[bytes]) -> None:
    """One of the names that were shown last is there, unless none can be asked for or there is none.

    Raises:
        ProbeError: all are gone, or TYPE was refused.
    """
    texts = [text for name in names if (text := _text(name))]
    if texts and all(walk.type_of(session, text) == walk.NO_KEY for text in texts):
        raise ProbeError("no key that SCAN showed last is there when it is asked for by name", _PROXY)


def _text(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return ""


_TELL_NOTHING = (
    "names like user:1 stand in every environment: compare the database that the keys are made from "
    "(rows on its resource), and leave rows out here"
)
_SAMPLED = 'rows = "sampled"'
_PROXY = "ask the server itself, without a proxy; if keys live for moments only, ask again"
