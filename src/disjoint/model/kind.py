"""What a kind of resource is: its declaration, its facts, its rules."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from .address import Address, Likeness, Nearness
from .environment import Target
from .experiment import CANARY, NOT_TRIED, Sight, Sightings, Tests, Tried, sight
from .fact import Fact, Known, Unknown
from .finding import Evidence, Judgement
from .plain import Plain
from .probe import Probe

D = TypeVar("D")
F = TypeVar("F")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Side(Generic[F]):
    """One environment's facts about one resource, with the time they were taken."""

    environment: str
    protected: bool
    taken_at: datetime
    facts: F

    def saw(self, what: str, fact: Fact[Any], how: str) -> Evidence:
        """Turn a fact into evidence: its value, or why it is unknown."""
        shown = _shown(fact.value) if isinstance(fact, Known) else f"unknown: {fact.reason}"
        return Evidence(self.environment, what, shown, how, self.taken_at)


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Question(Generic[F, D]):
    """What a rule is asked: two sides in no particular order, and what the manifest expects."""

    left: Side[F]
    right: Side[F]
    declared: D
    experiments: Tried = field(default_factory=dict)

    @property
    def production(self) -> Side[F]:
        """The protected side."""
        return self.left if self.left.protected else self.right

    @property
    def staging(self) -> Side[F]:
        """The side that must not touch the protected one."""
        return self.right if self.left.protected else self.left

    def saw(self, what: str, pick: Callable[[F], Fact[Any]], how: str) -> tuple[Evidence, ...]:
        """The same fact of both sides as evidence, production first."""
        return tuple(s.saw(what, pick(s.facts), how) for s in (self.production, self.staging))

    def tried(self, name: str, result: type[R]) -> Fact[R]:
        """What came of an experiment; Unknown where it was not tried or failed."""
        match self.experiments.get(name):
            case Known(value) if isinstance(value, result):
                return Known(value)
            case Unknown() as why:
                return why
            case _:
                return NOT_TRIED

    def sight(self) -> Sight:
        """What came of every canary about this resource, folded."""
        return sight(found for name, found in self.experiments.items() if name.startswith(CANARY))

    def sighted(self) -> tuple[Evidence, ...]:
        """Every channel of every canary as evidence: whether each side saw its own mark, and staging's."""
        return tuple(e for found in self.experiments.values() for e in self._channels(found))

    def _channels(self, found: Fact[Any]) -> Iterator[Evidence]:
        if isinstance(found, Known) and isinstance(found.value, Sightings):
            for each in found.value.channels:
                how = f"canary: {each.channel}"
                yield self.production.saw(f"{each.channel}: own mark", each.control, how)
                yield self.staging.saw(f"{each.channel}: own mark", each.held, how)
                yield self.production.saw(f"{each.channel}: staging's mark", each.seen, how)
                yield self.staging.saw(f"{each.channel}: staging's mark", each.held, how)


class Asks(enum.Enum):
    """What a proof rule asks about; decides which laws it is held to."""

    RELATION = "relation"
    """Do the sides share something? An environment is never disjoint from itself."""
    EXPECTATION = "expectation"
    """Does each side look as it must?"""


@dataclass(frozen=True, slots=True)
class Rule(Generic[F, D]):
    """A proof rule: pure; its outcome enters the verdict."""

    id: str
    judge: Callable[[Question[F, D]], Judgement]
    asks: Asks = Asks.RELATION
    waivable: bool = False
    applies: Callable[[D], bool] = lambda _declared: True
    """From the declaration alone: False means not asked, and listed in coverage.notTried."""
    needs: str = ""
    """The experiment it judges; where a run cannot make it at all, the rule is not asked."""


@dataclass(frozen=True, slots=True)
class Lint(Generic[F, D]):
    """Advice and unasked counts: notes, never findings. Its id may be a rule's own."""

    id: str
    look: Callable[[Question[F, D]], tuple[str, ...]]


class Identity(NamedTuple):
    """Who one server of a resource says it is, whatever the resource is called."""

    rule: str
    """The rule that speaks of it: ``redis/same-server``."""
    what: str
    """For people: ``server``, ``result backend``."""
    marks: Fact[frozenset[str]]
    """Digests of what is minted for one server. Whoever shares one is that server, or its copy."""


class Lead(NamedTuple):
    """Where a resource leads those who use it: a redirect, a host that its pages call."""

    rule: str
    """The rule that speaks of it: ``web/redirect``."""
    what: str
    """For people: ``its pages redirect to``."""
    marks: Fact[frozenset[str]]
    """Digests as `Kind.mark` has them."""


Observer = Callable[[Target[D], Probe], F]


@dataclass(frozen=True, slots=True)
class Kind(Generic[D, F]):
    """One vertical slice of the product. Client libraries load when `load_observer` is called."""

    name: str
    declared: type[D]
    """Frozen dataclass of what a user may declare; text fields with metadata SETTING take ``$VARIABLE``."""
    facts: type[F]
    """Frozen dataclass; every field a Fact."""
    rules: tuple[Rule[F, D], ...]
    lints: tuple[Lint[F, D], ...]
    from_text: Callable[[Target[D], str], F]
    """What the text alone says (the address); every other fact Unknown for the given reason."""
    load_observer: Callable[[], Observer[D, F]]
    read: Callable[[str], Address]
    """Text -> address; never raises."""
    compare: Callable[[Any, Any], Likeness]
    """Two addresses that `read` made: a = production's, b = staging's, each in its own network."""
    near: Callable[[Any], Nearness]
    """What an address that `read` made has in common with all that `compare` may call the same."""
    compare_text: Callable[[str | None, str | None], Likeness]
    """As `compare`, from text; None = unset. Never raises."""
    address_of: Callable[[F], Fact[Address]]
    """The address among the facts."""
    stable: Callable[[F], Mapping[str, Fact[Plain | Address]]]
    """Those of its facts, by field, that say what a resource is: a restart leaves them as they are."""
    schemes: tuple[str, ...] = ()
    """URL schemes, without ``+driver``, whose values this kind reads as its addresses."""
    beside: Callable[[str, Target[D]], Address] | None = None
    """A bare value read as it would be beside a declared target (a bucket's name under its endpoint)."""
    followed: Callable[[Any], Address] | None = None
    """An address as the client alone reads it that follows every redirection; None where none does."""
    identities: Callable[[F], tuple[Identity, ...]] = lambda _facts: ()
    """The servers among the facts, to be looked for behind every resource of the other side."""
    leads: Callable[[F], tuple[Lead, ...]] = lambda _facts: ()
    """Where a resource leads, to be compared with every resource of the other side."""
    mark: Callable[[F], Fact[str]] = lambda _facts: Known("")
    """Digest of the place that a lead would lead to; empty where none can."""
    as_whom: Callable[[D, F], Fact[str]] = lambda _declared, _facts: Known("")
    """Digest of the login that decides which part of staging a census reads; empty where none does."""
    experiments: tuple[Tests[D], ...] = ()
    """Live tests across both environments, each on its own."""
    apart: tuple[str, ...] = ()
    """Rules that must find staging ISOLATED by identity before anything is stored or broadcast there."""
    beyond: tuple[str, ...] = ()
    """Rule ids of this kind that this version cannot ask yet; every report lists them as not tried."""
    lane: str = ""
    """Kinds that may meet on one server, or load one client library, name one lane: it may run in a process
    of its own. Without a name they stay in this one."""
    recipes: Callable[[], Mapping[str, str]] = dict
    """The least privilege, as text to copy: what it is for -> SQL, an ACL line, a policy, a sentence.
    What is for ``look`` alone begins with that word."""
    dialled: tuple[str, ...] = ()
    """The text fields that hold a server's address: what `selftest` gives another name."""
    aged: Callable[[F, F, datetime], F] = lambda theirs, _ours, _sealed_at: theirs
    """Production's facts as they were sealed, beside staging's of now: without what a restart or a deployment
    since then may have changed, so that no difference counts that time alone may have made."""
    networked: bool = True
    """False where the observer asks no server: it then runs offline, too."""


SETTING: Mapping[str, bool] = {"setting": True}
"""dataclasses.field(metadata=SETTING): a text field that takes ``$VARIABLE`` and may hold a secret."""

ADDED: Mapping[str, bool] = {"added": True}
"""Of a field that came later: where nobody states it, a manifest is the one that was certified before."""
