"""Is an address of staging's variables production's? What is told, and of which variables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from disjoint.model.address import Address
from disjoint.model.fact import Absent, Known, Unknown
from disjoint.model.finding import Evidence, Finding, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Endpoint, Snapshot
from disjoint.model.words import counted, told

from .ask import Kinds
from .doors import Neighbours
from .hosts import MOST_TOLD, OWN_SERVER, judged, named_servers, named_stores
from .near import Near
from .pairs import Told, about, made_of
from .stores import Named, composed, declared_addresses, held, on_one_server, reaches, undeclared

Hit = tuple[Endpoint, str]
"""A place of staging's, and what production calls it."""
RESOURCE = "variables"
ENDPOINT_REUSED = "variables/endpoint-reused"


def endpoint_reused(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot
) -> Finding:
    """Production's address hides under another name, or inside a list, where no resource claims it.

    A value that reads as the very object production declares is reached by whatever code
    reads that variable, and so is a store that both environments' variables name and no resource
    declares. Values that differ prove nothing about where they lead.
    """
    theirs = tuple(declared_addresses(kinds, resources, production))
    near = Near(kinds, theirs)
    ours = (*staging.endpoints, *composed(kinds, resources, staging))
    hits = [(e, name) for e in ours for name, a in near.objects(e.address) if reaches(kinds, a, e.address)]
    hits += [*_undeclared(kinds, production, ours, Told(hits, resources))]
    hidden = "" if theirs else next(_hidden(kinds, resources, production), "")
    beside = tuple(_beside(kinds, resources, production, ours, Told(hits, resources)))
    looked = _looked_for(bool(theirs), hidden, production, staging)
    amiss = (
        _reused(hits, staging) if hits else None,
        _elsewhere(beside, staging) if beside else None,
        _alone(kinds, theirs, tuple(declared_addresses(kinds, resources, staging)), production, staging),
        looked if looked.outcome is Outcome.UNPROVEN else None,
    )
    return Finding(ENDPOINT_REUSED, RESOURCE, _together(amiss) or looked)


def _hidden(kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot) -> Iterator[str]:
    """Why an address of production's is not known, where a reason is given beside its being unset."""
    for resource in resources:
        match kinds[resource.kind].address_of(production.resources[resource.name].facts):
            case Absent() | Known():
                pass
            case Unknown(reason):
                yield f": {reason}"


def _undeclared(kinds: Kinds, production: Snapshot, places: Iterable[Endpoint], known: Told) -> Iterator[Hit]:
    """Stores that stand in both environments' variables, by the names that are not told yet."""
    theirs = Near(kinds, held(production))
    for ours in (e for e in places if e.owned and reaches(kinds, e.address, e.address)):
        near = ((n, a) for n, a in theirs.objects(ours.address) if not known.names(ours, n))
        met = (name for name, a in near if reaches(kinds, a, ours.address))
        yield from ((ours, name) for name in islice(met, MOST_TOLD))


def _beside(
    kinds: Kinds,
    resources: tuple[Resource, ...],
    production: Snapshot,
    places: Iterable[Endpoint],
    known: Told,
) -> Iterator[Hit]:
    """Stores of staging's on a server of production's, in another part of it, where nobody asks who it is."""
    declared = {each.name for each in resources}.union(*map(made_of, resources))
    unasked = undeclared(kinds, resources, production)
    every = (*declared_addresses(kinds, resources, production), *held(production))
    of_all, of_unasked = _Servers(kinds, every), _Servers(kinds, unasked)
    for ours in places:
        if ours.owned and not known.holds(ours):
            met = (of_unasked if ours.variable in declared else of_all).met(ours.address)
            yield from ((ours, name) for name in met if not known.names(ours, name))


class _Servers:
    """Production's servers: by text, and by another port of one host."""

    def __init__(self, kinds: Kinds, theirs: tuple[Named, ...]) -> None:
        self._kinds = kinds
        self._near, self._neighbours = Near(kinds, theirs), Neighbours(kinds, theirs)

    def met(self, ours: Address) -> Iterable[str]:
        """What production calls the first of those that an address is on."""
        # whatever is not surely on one server with itself is on none with another: all were asked in vain
        served = self._near.servers(ours) if on_one_server(self._kinds, ours, ours) else ()
        same = (name for name, a in served if on_one_server(self._kinds, a, ours))
        return dict.fromkeys((*islice(same, MOST_TOLD), *islice(self._neighbours.of(ours), MOST_TOLD)))


def _elsewhere(beside: tuple[tuple[Endpoint, str], ...], staging: Snapshot) -> Judgement:
    names = ", ".join(sorted({f"{e.variable} names the server of production's {name}" for e, name in beside}))
    summary = f"in staging {names}, in another part of it, and no resource declares it"
    return _about(unproven(summary, _parsed(beside, staging), OWN_SERVER), beside)


def _alone(
    kinds: Kinds,
    declared: tuple[tuple[str, Address], ...],
    ours: tuple[tuple[str, Address], ...],
    production: Snapshot,
    staging: Snapshot,
) -> Judgement | None:
    """Hosts of either side's without a scheme, which no address is made of."""
    known = (*ours, *held(staging))
    where = {each.variable: each.where for each in staging.endpoints}
    hits = (
        *named_servers(kinds, (*declared, *held(production)), production, staging),
        *named_stores(kinds, production, known, where),
    )
    return (
        replace(judged(hits, staging), about=about((h.variable, name) for h, name in hits)) if hits else None
    )


def _together(amiss: Iterable[Judgement | None]) -> Judgement | None:
    """The gravest, which also says what the others do: whoever accepts a variable of it accepts no other.

    Where something is about no variable, because it is not known, no variable's acceptance is enough.
    """
    if not (found := [each for each in amiss if each]):
        return None
    all_told = all(each.about for each in found)
    return replace(
        found[0],
        summary="; ".join(each.summary for each in found),
        evidence=tuple(evidence for each in found for evidence in each.evidence),
        about=tuple(sorted({name for each in found for name in each.about})) if all_told else (),
    )


def _looked_for(declared: bool, hidden: str, production: Snapshot, staging: Snapshot) -> Judgement:
    if not declared:
        summary = f"production declares no address that could be looked for in staging's variables{hidden}"
        return unproven(summary, remedy=_DECLARE)
    if unread := [(s.environment, ", ".join(s.unread)) for s in (production, staging) if s.unread]:
        summary = f"references that were not resolved may lead anywhere: {told(unread)}"
        return unproven(summary, remedy=_RESOLVE)
    values = counted(len(staging.endpoints), "address-like value")
    return isolated(Grade.DECLARED, f"of staging's {values} none is one of production's", limits=_TEXT_ONLY)


_RESOLVE = "write the values as the platform resolves them, or take the variables out where they are not used"
_DECLARE = "declare production's resources, with addresses that are known"
_TEXT_ONLY = "names that differ may lead to one server; addresses in files and code are not seen"


def _reused(hits: list[tuple[Endpoint, str]], staging: Snapshot) -> Judgement:
    names = ", ".join(sorted({f"{e.variable} reaches production's {name}" for e, name in hits}))
    evidence = _parsed(hits, staging)
    remedy = "give staging its own: " + ", ".join(sorted({f"{e.variable} ({e.where})" for e, _ in hits}))
    return _about(shared(Grade.DECLARED, f"in staging {names}", evidence, remedy), hits)


def _about(judgement: Judgement, hits: Iterable[tuple[Endpoint, str]]) -> Judgement:
    return replace(judgement, about=about((e.variable, name) for e, name in hits))


def _parsed(hits: Iterable[tuple[Endpoint, str]], staging: Snapshot) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(staging.environment, f"{e.where} {e.variable}", e.address.shown, "parsed", staging.taken_at)
        for e, _ in hits
    )
