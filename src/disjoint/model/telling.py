"""A census whose digests are made outside the server, of the values themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from .census import Reader, Sieve, Task


class Values(NamedTuple):
    """A step of a task, as the values themselves. Digested where they are read, and then forgotten."""

    place: int
    values: Sequence[bytes]
    """UTF-8, folded where the sieve says so; the planted text among them."""
    rows: int
    """As a portion's."""


@runtime_checkable
class Telling(Reader, Protocol):
    """A side whose values may come into this process, for digests under a key that no server may see."""

    def tell(self, task: Task, sieve: Sieve) -> Iterator[Values]:
        """Read one task, as `read` does; every value, whatever the sieve keeps.

        Raises:
            ProbeError: it was refused, or time is up.
        """
        ...
