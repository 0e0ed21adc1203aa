"""The names of a logical database's keys, as digests made here: no name leaves this process.

Types and contents are not read: two keys of one name that nobody else gives are one key's copies,
and a type of every key would be a command for every key. One connection at a time.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from disjoint.model import salted
from disjoint.model.census import HALF, Gap, Left, Match, Place, Planted, Portion, Sieve, Survey, Task
from disjoint.model.experiment import Party
from disjoint.model.fact import Known, Unknown
from disjoint.model.naming import Naming, naming
from disjoint.model.probe import Probe, ProbeError
from disjoint.model.telling import Values
from disjoint.model.url import ENCODE, SEVERED, severed

from . import walk
from .account import AGAIN, process
from .address import Login, login
from .facts import DOUBTFUL, OWN, PLAIN, RedisDeclared, RedisFacts
from .session import Session, connect

STEP = 5_000
"""Names that are handed on together."""
TRIED = 8
"""Names, the last that were shown, of which one must be there when it is asked for alone."""
_PLACE = {Naming.OWN: 0, Naming.DOUBTFUL: 1, Naming.PLAIN: 2}
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
    where = _where(party)
    with connect(where, party.probe) as session:
        run_id = process(session)
        if isinstance(party.facts, RedisFacts) and isinstance(party.facts.run_id, Known):
            _is_the_same(party.facts.run_id.value, party.probe.digest("redis.run_id", run_id))
        session.select(where.db)
        count = walk.size(session)
    yield _Keys(party.probe, where, party.target.declared, run_id, careful, _survey(party, where, count))


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


def _survey(party: Party[RedisDeclared], where: Login, count: int) -> Survey:
    gaps = tuple(_too_many(party.target.declared, where, count))
    places = tuple(Place(name, count // 3, name == OWN, why) for name, why in _WHY.items() if not gaps)
    speaks = party.facts.server if isinstance(party.facts, RedisFacts) else Unknown("not asked")
    told = speaks.value if isinstance(speaks, Known) else "Redis"
    return Survey(places, gaps, tuple(_left(party, where)), salted.header(told), "one walk by SCAN")


def _too_many(declared: RedisDeclared, where: Login, count: int) -> Iterator[Gap]:
    if count > declared.rows_at_most:
        reason = f"it holds {count:,} keys, and {declared.rows_at_most:,} are read at most"
        yield Gap(f"logical database {where.db}", reason, "raise rows_at_most")


def _left(party: Party[RedisDeclared], where: Login) -> Iterator[Left]:
    for prefix in party.target.declared.may_share:
        yield Left(f"keys beginning {prefix}", "may_share")
    databases = party.facts.databases if isinstance(party.facts, RedisFacts) else Unknown("not asked")
    for index, keys in databases.value if isinstance(databases, Known) else ():
        if index != where.db:
            yield Left(f"logical database {index}, {keys:,} keys", "the address names another")


@dataclass(slots=True)
class _Keys:
    """One side's keys."""

    probe: Probe
    where: Login
    declared: RedisDeclared
    run_id: str
    careful: bool
    stated: Survey
    _untold: tuple[Left, ...] = ()

    @property
    def survey(self) -> Survey:
        """What there is to read; and afterwards, how much of it tells nothing."""
        return dataclasses.replace(self.stated, left=(*self.stated.left, *self._untold))

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

    def tasks(self, sieve: Sieve) -> Sequence[Task]:  # noqa: ARG002  (every sieve takes the same walk)
        places = tuple(range(len(self.stated.places)))
        rows = sum(place.values for place in self.stated.places)
        return (Task(0, places, 0, -1, rows, f"keys of database {self.where.db}"),) if places else ()

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        tray, rows, told = salted.Tray(sieve, len(task.places)), 0, 0
        found = [0] * len(task.places)
        for names in self._walked():
            rows += len(names)
            for place, name in self._placed(names):
                tray.add(place, name)
                found[place] += 1
            if rows - told >= STEP:
                yield from tray.handed(rows - told)
                told = rows
        yield from tray.handed(rows - told)
        self._see_that_names_tell(found)

    def tell(self, task: Task, sieve: Sieve) -> Iterator[Values]:
        """The names themselves; the planted text is no key of anybody's."""
        found = [0] * len(task.places)
        for place in task.places:
            yield Values(place, [sieve.planted.text.encode()], 0)
        for names in self._walked():
            parted: dict[int, list[bytes]] = {place: [] for place in task.places}
            for place, name in self._placed(names):
                parted[place].append(name)
                found[place] += 1
            for place, own in parted.items():
                yield Values(place, own, 0 if place else len(names))
        self._see_that_names_tell(found)

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        asked = {place: frozenset(selectors) for place, selectors in wanted.items()}
        shown: set[tuple[int, bytes]] = set()
        for names in self._walked():
            for place, name in self._placed(names):
                whole = salted.digest(sieve, name)
                if whole[:HALF] in asked.get(place, ()) and (place, whole) not in shown:
                    shown.add((place, whole))
                    yield Match(place, whole, salted.mark(salt, name))

    def _walked(self) -> Iterator[list[bytes]]:
        """Every name, and at the end some of them asked for by name: what a walk shows is really there."""
        last: deque[bytes] = deque(maxlen=TRIED)
        rows = 0
        with connect(self.where, self.probe) as session:
            session.select(self.where.db)
            for names in walk.walked(session, self.run_id, self.where.db, careful=self.careful):
                last.extend(names)
                if (rows := rows + len(names)) > 2 * self.declared.rows_at_most:
                    raise ProbeError("many more keys were shown than were counted", "raise rows_at_most")
                yield names
            _see_that_they_stand(session, last)

    def _placed(self, names: list[bytes]) -> Iterator[tuple[int, bytes]]:
        excused = tuple(prefix.encode() for prefix in self.declared.may_share)
        for name in names:
            if not name.startswith(excused):
                yield _PLACE[naming(name.decode("utf-8", "replace"))], name

    def _see_that_names_tell(self, found: Sequence[int]) -> None:
        """Plain names alone find no copy, and a number of shared names says nothing of what may be hashes.

        Raises:
            ProbeError: it is so.
        """
        plain = found[_PLACE[Naming.PLAIN]]
        self._untold = tuple(_untold(plain, sum(found)))
        if self.probe.protected and plain and plain == sum(found):
            raise ProbeError(f"none of production's {plain:,} key names is its own", _TELL_NOTHING)
        doubtful = found[_PLACE[Naming.DOUBTFUL]]
        if self.probe.protected and self.declared.rows == "private" and doubtful:
            raise ProbeError(f"{doubtful:,} key names may be hashes, which no number tells apart", _SAMPLED)


def _untold(plain: int, of: int) -> Iterator[Left]:
    if plain:
        yield Left(f"{plain:,} of {of:,} keys", "plain names, which anybody gives")


def _see_that_they_stand(session: Session, names: Sequence[bytes]) -> None:
    """One of the names that were shown last is there, unless none can be asked for or there is none.

    Raises:
        ProbeError: all are gone, or TYPE was refused.
    """
    texts = [text for name in names if (text := _text(name))]
    if texts and not any(walk.stands(session, text) for text in texts):
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
