"""Rules over all kinds at once, in model words: what variables reach, and where. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from disjoint.model.address import Address
from disjoint.model.engine import ForeignAddress, compare_foreign
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.finding import (
    Evidence,
    Finding,
    Grade,
    Judgement,
    Note,
    Outcome,
    isolated,
    shared,
    unproven,
)
from disjoint.model.manifest import Resource
from disjoint.model.names import canonical
from disjoint.model.snapshot import Endpoint, Snapshot
from disjoint.model.words import counted, told

from .ask import Kinds
from .doors import Neighbours
from .hosts import MOST_TOLD, OWN_SERVER, judged, named_servers, named_stores
from .near import Near
from .pairs import Told, about, made_of

RESOURCE = "variables"
ENDPOINT_REUSED = "variables/endpoint-reused"
OVERRIDE = "variables/override"
MARKER = "variables/marker"
UNCLAIMED = "variables/unclaimed"
RULES = (ENDPOINT_REUSED, OVERRIDE)
LINTS = (MARKER, UNCLAIMED)
NOTED = (*LINTS, OVERRIDE)
"""What may stand among the notes: an override that does not lead to production is one."""


def cross_findings(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot
) -> Iterator[Finding]:
    """Findings of the rules that look at all kinds."""
    yield endpoint_reused(kinds, resources, production, staging)
    yield from override(kinds, resources, production, staging)


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
    hits = [
        (e, name)
        for e in staging.endpoints
        for name, a in near.objects(e.address)
        if _reaches(kinds, a, e.address)
    ]
    hits += [*_undeclared(kinds, production, staging, Told(hits, resources))]
    hidden = "" if theirs else next(_hidden(kinds, resources, production), "")
    beside = tuple(_beside(kinds, resources, production, staging, Told(hits, resources)))
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


def _undeclared(
    kinds: Kinds, production: Snapshot, staging: Snapshot, known: Told
) -> Iterator[tuple[Endpoint, str]]:
    """Stores that stand in both environments' variables, by the names that are not told yet."""
    theirs = Near(kinds, _stores(production))
    for ours in (e for e in staging.endpoints if e.owned):
        near = ((n, a) for n, a in theirs.objects(ours.address) if not known.names(ours, n))
        met = (name for name, a in near if _reaches(kinds, a, ours.address))
        yield from ((ours, name) for name in islice(met, MOST_TOLD))


def _stores(side: Snapshot) -> Iterator[tuple[str, Address]]:
    return ((each.variable, each.address) for each in side.endpoints if each.owned)


def _beside(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot, known: Told
) -> Iterator[tuple[Endpoint, str]]:
    """Undeclared stores of staging's on a server that production's variables name, in another part of it."""
    claimed = frozenset(name for resource in resources for name in made_of(resource))
    theirs = (*declared_addresses(kinds, resources, production), *_stores(production))
    near, neighbours = Near(kinds, theirs), Neighbours(kinds, theirs)
    for ours in staging.endpoints:
        if ours.owned and ours.variable not in claimed and not known.holds(ours):
            served = near.servers(ours.address)
            met = (name for name, a in served if _on_one_server(kinds, a, ours.address))
            told = dict.fromkeys((*islice(met, MOST_TOLD), *islice(neighbours.of(ours.address), MOST_TOLD)))
            yield from ((ours, name) for name in told if not known.names(ours, name))


def _on_one_server(kinds: Kinds, theirs: Address, ours: Address) -> bool:
    """By text; one host may serve strangers where an engine is none of ours."""
    if theirs.kind != ours.kind or ours.kind not in kinds or not kinds[ours.kind].lane:
        return False
    return kinds[ours.kind].compare(theirs, ours).of_server == "same"


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
    known = (*ours, *_stores(staging))
    where = {each.variable: each.where for each in staging.endpoints}
    hits = (
        *named_servers(kinds, (*declared, *_stores(production)), production, staging),
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


def declared_addresses(
    kinds: Kinds, resources: tuple[Resource, ...], snapshot: Snapshot
) -> Iterator[tuple[str, Address]]:
    """The known, valid addresses of an environment's declared resources, by resource."""
    for resource in resources:
        match kinds[resource.kind].address_of(snapshot.resources[resource.name].facts):
            case Known(address) if not address.fault:
                yield resource.name, address
            case _:
                pass


def _reaches(kinds: Kinds, theirs: Address, ours: Address) -> bool:
    if isinstance(theirs, ForeignAddress) and isinstance(ours, ForeignAddress):
        return compare_foreign(theirs.foreign, ours.foreign).verdict == "same"
    if theirs.kind != ours.kind or ours.fault or not ours.kind:
        return False
    return kinds[ours.kind].compare(theirs, ours).verdict == "same"


def override(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot
) -> Iterator[Finding]:
    """PGHOSTADDR or `?host=` sends a clean-looking URL to production, in every client built on libpq.

    A finding only where the redirected address is production's; elsewhere a set variable is a note.
    """
    theirs = dict(declared_addresses(kinds, resources, production))
    near = Near(kinds, ((name, _followed(kinds, address)) for name, address in theirs.items()))
    for name, ours in declared_addresses(kinds, resources, staging):
        follow = kinds[ours.kind].followed
        met = near.servers(follow(ours)) if follow is not None else ()
        if follow is not None and any(_redirected(kinds, follow, theirs[other], ours) for other, _ in met):
            yield Finding(OVERRIDE, RESOURCE, _leads_to_production(name, staging))


def _followed(kinds: Kinds, address: Address) -> Address:
    follow = kinds[address.kind].followed
    return address if follow is None else follow(address)


def _redirected(kinds: Kinds, follow: Callable[[Address], Address], theirs: Address, ours: Address) -> bool:
    """Production's server for the client that follows, and for others not surely so."""
    if theirs.kind != ours.kind:
        return False
    compare, there, here = kinds[ours.kind].compare, follow(theirs), follow(ours)
    if (there, here) == (theirs, ours):
        return False  # nothing redirects: what both name is told by other rules
    return compare(there, here).of_server == "same" and compare(theirs, ours).of_server != "same"


def _leads_to_production(name: str, staging: Snapshot) -> Judgement:
    names = ", ".join(sorted(staging.override)) or "a parameter of the URL"
    evidence = tuple(
        Evidence(staging.environment, variable, _text(value), "read from the variables", staging.taken_at)
        for variable, value in sorted(staging.override.items())
    )
    summary = f"{names} redirects staging's {name} to production in clients built on libpq"
    remedy = f"take {names} out of staging's variables and images"
    return shared(Grade.DECLARED, summary, evidence, remedy)


def _text(fact: Fact[str]) -> str:
    return fact.value if isinstance(fact, Known) else f"unknown: {fact.reason}"


def cross_notes(staging: Snapshot, unclaimed: tuple[str, ...], found: tuple[Finding, ...]) -> Iterator[Note]:
    """Lints over all kinds: they can never prove anything."""
    if staging.override and not any(f.rule == OVERRIDE for f in found):
        names = ", ".join(sorted(staging.override))
        yield Note(OVERRIDE, RESOURCE, f"set in staging, where clients built on libpq follow it: {names}")
    if (shown := _marked(staging)) is not None:
        yield Note(MARKER, RESOURCE, shown)
    if unclaimed:
        yield Note(UNCLAIMED, RESOURCE, f"like a resource, yet claimed by none: {', '.join(unclaimed)}")


def _marked(staging: Snapshot) -> str | None:
    total = len(staging.endpoints)
    word = canonical(staging.environment)
    marked = sum(word in e.address.shown.lower() for e in staging.endpoints)
    if not total:
        return None
    where = f"{marked} of its {counted(total, 'address')}"
    return f"{staging.environment}'s name stands in {where}: information, proves nothing"
