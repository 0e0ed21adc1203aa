"""Live tests across two environments: what they are handed, and what comes of them.

A canary is a mark placed on one side and looked for on the other. That it is not seen counts
only beside two controls in the same window: its own side saw it before the first and after the
last look, and the other side saw a mark of its own through the same query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from .census import Overlap, Reader, Terms
from .environment import Target
from .fact import Fact, Known, Unknown, both
from .probe import Probe

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Party(Generic[D]):
    """One environment's part in an experiment: the resource as it has it, and a way there."""

    target: Target[D]
    probe: Probe
    facts: object = None
    """What its observer learnt: whoever stores or broadcasts must find that server on its own connection."""
    facing: object = None
    """What the other side's observer learnt, where this process knows it."""
    apart: bool = False
    """Whether other processes read it, which open what is declared alone."""


@dataclass(frozen=True, slots=True)
class Pair(Generic[D]):
    """Both environments' parts."""

    production: Party[D]
    staging: Party[D]


Sights: TypeAlias = Mapping[str, Fact[bool]]
"""Whether a mark was seen, by channel: ``advisory lock``, ``application_name``."""


class Mark(NamedTuple):
    """A mark that stands as long as its context lasts."""

    token: str
    """What to look for: a fresh random name that tells nothing of the environment."""
    alive: Callable[[], Sights]
    """Ask again, over a connection of its own, whether its own side sees it."""


class Look(NamedTuple):
    """What one visit to the other side saw, through one query a channel."""

    own: Sights
    """A mark of this side's own: the control."""
    theirs: Sights
    """The mark of the side that holds one."""


class Marking(Protocol[D]):
    """How a kind marks and looks; nothing of it is stored, unless the canary says so."""

    def hold(self, party: Party[D], window: float) -> AbstractContextManager[Mark]:
        """Place a mark that stands for `window` seconds at least, and goes by itself soon after.

        Raises:
            ProbeError: it could not be placed.
        """
        ...

    def look(self, party: Party[D], token: str) -> Look:
        """Look for a mark of the other side's, and for one of this side's own.

        Raises:
            ProbeError: nobody answered, or refused every channel.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """What came of one mark of staging's in one channel."""

    channel: str
    held: Fact[bool]
    """Staging saw its own mark, before production was looked at and afterwards."""
    control: Fact[bool]
    """Production's observer saw a mark of its own through the same query."""
    seen: Fact[bool]
    """Production's observer saw staging's mark."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """What came of a canary, channel by channel."""

    channels: tuple[Sighting, ...]


class Seen(NamedTuple):
    """Staging's mark stands in production: one thing, whatever it is called."""

    channel: str


class Unseen(NamedTuple):
    """Staging's mark is not in production, and both controls held."""

    channel: str


class Blind(NamedTuple):
    """Nothing follows: a control failed, or nothing was tried."""

    reason: str
    remedy: str


Sight: TypeAlias = Seen | Unseen | Blind


def sight(found: Iterator[Fact[Sightings]]) -> Sight:
    """Fold every canary of a resource: seen anywhere is seen; unseen needs one channel with both controls."""
    blind = Blind("no canary was tried", "")
    unseen: Unseen | None = None
    for fact in found:
        match _folded(fact):
            case Seen() as seen:
                return seen
            case Unseen() as channel:
                unseen = unseen or channel
            case Blind() as why:
                blind = why if blind.reason == "no canary was tried" else blind
    return unseen or blind


def _folded(fact: Fact[Sightings]) -> Sight:
    match fact:
        case Unknown(reason, remedy):
            return Blind(reason, remedy)
        case Known(sightings):
            each = [_one(sighting) for sighting in sightings.channels]
            for wanted in (Seen, Unseen):
                if found := next((s for s in each if isinstance(s, wanted)), None):
                    return found
            return each[0] if each else Blind("no channel was open to a canary", "")


def _one(sighting: Sighting) -> Sight:
    """One channel; why nothing follows is told by the first control that failed."""
    if sighting.seen == Known(True):
        return Seen(sighting.channel)
    match both(sighting.held, both(sighting.control, sighting.seen)):
        case Known((True, (True, False))):
            return Unseen(sighting.channel)
        case Known((False, _)):
            return Blind(f"{sighting.channel}: staging did not see its own mark", "")
        case Known(_):
            return Blind(f"{sighting.channel}: production's observer did not see a mark of its own", "")
        case Unknown(reason, remedy):
            return Blind(f"{sighting.channel}: {reason}", remedy)


WINDOW_SECONDS = 5.0
"""For how long a mark must be able to stand where one process does everything."""

CANARY = "canary"
"""How the name of every canary begins, so that what came of a failed one is known to be of a canary."""

Trial: TypeAlias = Callable[[Pair[D]], object]


@dataclass(frozen=True, slots=True)
class Canary(Generic[D]):
    """A kind's way to place a mark in staging and to look for it in production."""

    name: str
    """Under which rules find what came of it; begins with ``canary``."""
    load: Callable[[], Marking[D]]
    """Client libraries load when it is called."""
    splits: bool = True
    """Whether the two sides may be two processes, which exchange nothing but the token."""
    stored: bool = False
    """True where the mark is stored or broadcast: tried only once it is proven not to be production's."""
    through: str = ""
    """The fact that is known where the server it asks let its own login in, if a resource has several."""
    applies: Callable[[D], bool] = lambda _declared: True

    @property
    def result(self) -> type[object]:
        """What comes of it."""
        return Sightings


@dataclass(frozen=True, slots=True)
class Experiment(Generic[D]):
    """A live test that is handed both sides: staging's credentials at production's door."""

    name: str
    """Under which rules find what came of it: ``reach``."""
    result: type[object]
    """What comes of it: a frozen dataclass or tuple, without secrets."""
    load: Callable[[], Trial[D]]
    stored: bool = False
    applies: Callable[[D], bool] = lambda _declared: True
    through: str = ""
    """As a canary's."""
    announces: str = ""
    """Told before it is made, where it tries ``{staging}``'s credentials at ``{place}``."""


class Reading(Protocol[D]):
    """How a kind reads what it holds; each side apart, and no value leaves its server."""

    def reading(self, party: Party[D], *, careful: bool) -> AbstractContextManager[Reader]:
        """Open one side. `careful`: it is production, or not proven to be another, and must not feel it.

        Raises:
            ProbeError: nobody answered, or it may not be read at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class Census(Generic[D]):
    """A kind's way to read everything that it holds, as digests to be compared with the other side's."""

    load: Callable[[], Reading[D]]
    terms: Callable[[D], Terms | None]
    """What a declaration asks for; None: no census."""
    alone: Callable[[D], D] = lambda declared: declared
    """The same declaration without what stands beside the declared: a baseline is learnt of that alone."""
    name: str = "census"
    through: str = ""
    """As a canary's."""
    stored: bool = False

    @property
    def result(self) -> type[object]:
        """What comes of it."""
        return Overlap

    def applies(self, declared: D) -> bool:
        """Whether one is asked for."""
        return self.terms(declared) is not None


Tests: TypeAlias = Canary[D] | Experiment[D] | Census[D]

NOT_TRIED: Unknown = Unknown("not tried", "run without --offline, where both sides can be reached")

Tried: TypeAlias = Mapping[str, Fact[Any]]
"""What came of each experiment about one resource, by name; Unknown where it failed or was not allowed."""


def saw(alive: Sights, looked: Look, again: Sights) -> Sightings:
    """Put the two halves of a canary together, channel by channel: those in which it was looked for."""
    return Sightings(tuple(_joined(name, alive, looked, again) for name in looked.theirs))


def _joined(name: str, alive: Sights, looked: Look, again: Sights) -> Sighting:
    silent = Unknown("this channel was not open on both sides")
    held = both(alive.get(name, silent), again.get(name, silent))
    return Sighting(
        name,
        held=Known(held.value == (True, True)) if isinstance(held, Known) else held,
        control=looked.own.get(name, silent),
        seen=looked.theirs.get(name, silent),
    )


def was_seen(found: Sightings) -> bool:
    """Whether staging's mark stands in production, whatever became of the controls."""
    return any(each.seen == Known(True) for each in found.channels)


def in_no_window(found: Sightings) -> Sightings:
    """What is left where no clock bears out that both halves were of one time: only what was seen."""
    why = Unknown("no server's clock was there to hold this machine's against")
    return Sightings(
        tuple(s if s.seen == Known(True) else Sighting(s.channel, why, why, why) for s in found.channels)
    )
