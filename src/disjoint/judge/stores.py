"""An environment's stores: those that resources are made of, and those that variables alone name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.address import Address
from disjoint.model.engine import ForeignAddress, compare_foreign
from disjoint.model.fact import Known
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Endpoint, Snapshot

from .ask import Kinds
from .doors import is_server
from .near import Near
from .pairs import made_of

Named = tuple[str, Address]
"""What an address is called, and the address."""
_FILES = frozenset({"sftp", "ftp", "smb", "nfs"})
"""A partner's server of files has a folder for each of its customers."""


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


def held(side: Snapshot) -> Iterator[Named]:
    """The stores among an environment's variables, claimed by a resource or not."""
    return ((each.variable, each.address) for each in side.endpoints if each.owned)


def undeclared(kinds: Kinds, resources: tuple[Resource, ...], side: Snapshot) -> tuple[Named, ...]:
    """The stores on servers that no resource of the environment declares: nobody asks who those are."""
    claimed = frozenset(name for resource in resources for name in made_of(resource))
    asked = Near(kinds, declared_addresses(kinds, resources, side))

    def is_asked(address: Address) -> bool:
        return any(on_one_server(kinds, a, address) for _, a in asked.servers(address))

    return tuple((n, a) for n, a in held(side) if n not in claimed and not is_asked(a))


def composed(kinds: Kinds, resources: tuple[Resource, ...], side: Snapshot) -> Iterator[Endpoint]:
    """The addresses that no single variable holds (``redis://$HOST:$PORT``), by their resources."""
    written = {each.address for each in side.endpoints}
    for name, address in declared_addresses(kinds, resources, side):
        if address not in written:
            present = side.resources[name].present
            where = present.value if isinstance(present, Known) else "resource"
            yield Endpoint(name, where, address, owned=address.kind != "web")


def on_one_server(kinds: Kinds, theirs: Address, ours: Address) -> bool:
    """By text; one host may serve strangers where it serves pages, buckets or files."""
    if isinstance(theirs, ForeignAddress) and isinstance(ours, ForeignAddress):
        alone = is_server(kinds, ours) and ours.foreign.engine not in _FILES
        return alone and compare_foreign(theirs.foreign, ours.foreign).of_server == "same"
    if theirs.kind != ours.kind or ours.kind not in kinds or not kinds[ours.kind].lane:
        return False
    return kinds[ours.kind].compare(theirs, ours).of_server == "same"


def reaches(kinds: Kinds, theirs: Address, ours: Address) -> bool:
    if isinstance(theirs, ForeignAddress) and isinstance(ours, ForeignAddress):
        return compare_foreign(theirs.foreign, ours.foreign).verdict == "same"
    if theirs.kind != ours.kind or ours.fault or not ours.kind:
        return False
    return kinds[ours.kind].compare(theirs, ours).verdict == "same"
