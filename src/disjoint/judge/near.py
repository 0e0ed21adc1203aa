"""Many addresses to be compared with many: those that cannot be the same are left out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from disjoint.model.address import Address
from disjoint.model.engine import ForeignAddress, near_foreign

from .ask import Kinds

Named: TypeAlias = tuple[str, Address]
"""What an address is called, and the address."""


class Near:
    """Production's addresses, by what they have in common with whichever is the same."""

    def __init__(self, kinds: Kinds, theirs: Iterable[Named]) -> None:
        self._kinds = kinds
        self._theirs = tuple(theirs)
        self._at: dict[tuple[str, str], list[int]] = {}
        for number, (_, address) in enumerate(self._theirs):
            for place in self._places(address):
                self._at.setdefault(place, []).append(number)

    def to(self, ours: Address) -> Iterator[Named]:
        """All that may be the same as one of staging's, or on its server, in their order."""
        met = {number for place in self._places(ours) for number in self._at.get(place, ())}
        return (self._theirs[number] for number in sorted(met))

    def _places(self, address: Address) -> set[tuple[str, str]]:
        """Two kinds are never compared; each kind says what two equal addresses of it have in common."""
        if isinstance(address, ForeignAddress):
            return {("", name) for name in near_foreign(address.foreign)}
        kind = self._kinds.get(address.kind)
        names = kind.near(address) if kind is not None else frozenset({""})
        return {(address.kind, name) for name in names}
