"""Rules over all kinds at once, in model words: what variables reach, and where. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from disjoint.model.address import Address
from disjoint.model.fact import Fact, Known
from disjoint.model.finding import Evidence, Finding, Grade, Judgement, Note, shared
from disjoint.model.manifest import Resource
from disjoint.model.names import canonical
from disjoint.model.snapshot import Snapshot
from disjoint.model.words import counted

from .ask import Kinds
from .near import Near
from .reused import ENDPOINT_REUSED, RESOURCE, endpoint_reused
from .stores import declared_addresses

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
