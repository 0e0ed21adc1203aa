"""Many addresses to be compared with many: those that cannot be the same are left out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from disjoint.model.address import Address, Nearness
from disjoint.model.engine import ForeignAddress, near_foreign

from .ask import Kinds

Named: TypeAlias = tuple[str, Address]
"""What an address is called, and the address."""
_Places: TypeAlias = dict[tuple[str, str], list[int]]
_ANY = frozenset({""})


class Near:
    """Production's addresses, by what they have in common with whichever is the same."""

    def __init__(self, kinds: Kinds, theirs: Iterable[Named]) -> None:
        self._kinds = kinds
        self._theirs = tuple(theirs)
        self._objects: _Places = {}
        self._servers: _Places = {}
        for number, (_, address) in enumerate(self._theirs):
            common = self._common(address)
            _enter(self._objects, address, common.objects, number)
            _enter(self._servers, address, common.servers, number)

    def objects(self, ours: Address) -> Iterator[Named]:
        """All that may be the same object as one of staging's, in their order."""
        return self._met(self._objects, ours, self._common(ours).objects)

    def servers(self, ours: Address) -> Iterator[Named]:
        """All that may be on one server with it, or the same object."""
        return self._met(self._servers, ours, self._common(ours).servers)

    def _met(self, places: _Places, ours: Address, common: Collection[str]) -> Iterator[Named]:
        each = [at for name in common if (at := places.get((ours.kind, name)))]
        # nearly always one: whoever stops at the first that is the same has then looked at no other
        numbers = each[0] if len(each) == 1 else sorted({number for at in each for number in at})
        return (self._theirs[number] for number in numbers)

    def _common(self, address: Address) -> Nearness:
        """Two kinds are never compared; each says what two equal addresses of it have in common."""
        if isinstance(address, ForeignAddress):
            return near_foreign(address.foreign)
        kind = self._kinds.get(address.kind)
        return kind.near(address) if kind is not None else Nearness(_ANY, _ANY)


def _enter(places: _Places, address: Address, common: Collection[str], number: int) -> None:
    for name in common:
        places.setdefault((address.kind, name), []).append(number)
