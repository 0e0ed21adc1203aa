"""Which resources of a manifest ask for a census, and the visits that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from disjoint.certify.belonging import There
from disjoint.certify.filed import LIFETIME
from disjoint.errors import UsageError
from disjoint.kinds.registry import BY_NAME
from disjoint.model.census import Detection, Reader, Strength, Terms
from disjoint.model.environment import Environment
from disjoint.model.experiment import Census, Party
from disjoint.model.fact import Fact, Known
from disjoint.model.host import MASKED
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.probe import ProbeError
from disjoint.model.snapshot import Observed, Snapshot
from disjoint.model.telling import Telling
from disjoint.overlap.keyed import Keyed
from disjoint.runner.deadline import Deadline
from disjoint.runner.run import Job, Run
from disjoint.runner.visit import Seats
from disjoint.runner.work import closed
from disjoint.snapshots import blanks_of, jobs_of, present_of, snapshot_of

BUDGET_SECONDS = 30.0
"""For asking the servers who they are; a census has seconds of its own."""


class Asked(NamedTuple):
    """A resource of which a census is wanted."""

    job: Job
    test: Census[Any]
    terms: Terms

    @property
    def resource(self) -> str:
        """Its name."""
        return self.job.target.resource


@dataclass(frozen=True, slots=True)
class Order:
    """How a census is to be taken."""

    detect: Detection | None = None
    resume: bool = False
    only: str | None = None
    """One resource, of several."""
    lifetime: timedelta = LIFETIME


def asked_of(manifest: Manifest, environment: Environment, order: Order) -> list[Asked]:
    """Every resource whose declaration asks for a census.

    Raises:
        UsageError: none does, or one asks for what no file can give.
    """
    asked = [
        Asked(job, test, _terms(test, job, order))
        for job in jobs_of(manifest)
        if job.target.environment is environment and order.only in {None, job.target.resource}
        for test in job.kind.experiments
        if isinstance(test, Census) and test.applies(job.target.declared)
    ]
    if not asked:
        which = f"resource {order.only!r} asks" if order.only else "no resource asks"
        raise UsageError(f'{which} for no census: state rows = "sampled" under [resources.NAME]')
    return asked


def _terms(test: Census[Any], job: Job, order: Order) -> Terms:
    terms = test.terms(job.target.declared)
    if terms is None or terms.strength is Strength.PRIVATE:
        raise UsageError(
            f'{job.target.resource}: rows = "private" leaves no digests in a file: see `disjoint private`'
        )
    return replace(terms, detect=order.detect) if order.detect else terms


def limited(manifest: Manifest, asked: Sequence[Asked]) -> Manifest:
    """The same, with those resources alone."""
    names = {each.resource for each in asked}
    return replace(manifest, resources=tuple(r for r in manifest.resources if r.name in names))


def observed(
    manifest: Manifest, environment: Environment, asked: Sequence[Asked], run: Run, now: datetime
) -> Snapshot:
    """What these resources' servers say of themselves."""
    jobs = [each.job for each in asked]
    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    found = {**blanks_of(jobs), **run.observe(present)}
    snapshot = snapshot_of(limited(manifest, asked), environment, found, now)
    return replace(snapshot, endpoints=(), override={}, unread=(), hosts=())


def shown(snapshot: Snapshot) -> Mapping[str, str]:
    """Where each of a side's resources is, by name; without those whose address is not known or shown."""
    facts = {name: BY_NAME[o.kind].address_of(o.facts) for name, o in snapshot.resources.items()}
    told = {name: fact.value.shown for name, fact in facts.items() if isinstance(fact, Known)}
    return {name: text for name, text in told.items() if not (MASKED in text or text.startswith("("))}


def there(snapshot: Snapshot) -> Mapping[str, There]:
    """The same, with what tells two servers of one name apart."""
    return {name: _there(snapshot.resources[name], place) for name, place in shown(snapshot).items()}


def _there(observed: Observed, place: str) -> There:
    """By the kind's first identity, which is the server's own; a copy of it is another one, and its kin."""
    kind = BY_NAME[observed.kind]
    address, identities = kind.address_of(observed.facts), kind.identities(observed.facts)
    one = isinstance(address, Known) and kind.compare(address.value, address.value).of_server == "same"
    marks = [each.marks.value if isinstance(each.marks, Known) else frozenset[str]() for each in identities]
    return There(place, one, marks[0] if marks else frozenset(), frozenset[str]().union(*marks))


def login(resource: Resource, snapshot: Snapshot) -> Fact[str]:
    """Digest of the login that decides what a census reads there; empty where none does."""
    facts = snapshot.resources[resource.name].facts
    return BY_NAME[resource.kind].as_whom(resource.declared, facts)


@contextmanager
def opened(asked: Asked, environment: Environment, snapshot: Snapshot, run: Run) -> Iterator[Reader]:
    """One side of a resource, open for reading, with the seconds that its declaration gives it.

    Read as production is: nobody here can know that it is not.

    Raises:
        ProbeError: nobody answered, or it may not be read.
    """
    facts = snapshot.resources[asked.resource].facts
    if (why := closed(asked.test, asked.job, facts)) is not None:
        raise ProbeError(why.reason, why.remedy)
    with Deadline(asked.terms.seconds) as deadline:
        party = Party(asked.job.target, run.visit_until(deadline, environment, Seats()), facts)
        with asked.test.load().reading(party, careful=True) as reader:
            yield reader


def keyed(reader: Reader, asked: Asked, *, accept_guessable: bool) -> Keyed:
    """A side whose digests are made here, under a key.

    Raises:
        ProbeError: its kind hands no values out.
    """
    if not isinstance(reader, Telling):
        raise ProbeError(
            f"a {asked.job.kind.name}'s digests are not made for going down",
            "compare it on production's side",
        )
    return Keyed(reader, accept_guessable=accept_guessable)
