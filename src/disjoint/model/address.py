"""What two addresses say about each other. Parsing lives with each kind.

Importable without dataclasses: the start-up guard reads addresses in a bare process.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol, runtime_checkable

Sameness = Literal["same", "different", "unknown", "invalid"]


class Likeness(NamedTuple):
    """The answer to: may these two texts reach one thing?

    Text proves *same*, hardly ever *different*: `different` means another object by
    name, intermediaries excepted. `server` is set where the server's answer differs
    from the object's (two databases of one server: different, server same).
    """

    verdict: Sameness
    why: str
    """One clause without credentials."""
    server: Sameness | None = None

    @property
    def of_server(self) -> Sameness:
        """The server's verdict: `server` where it differs, else the object's."""
        return self.server or self.verdict


class Nearness(NamedTuple):
    """What an address has in common with every other one of its kind that is the same, by comparison.

    Whoever has many to compare leaves out those with nothing in common; `compare` says of the others.
    """

    objects: frozenset[str]
    """In common where the objects are the same."""
    servers: frozenset[str]
    """In common where the servers are, or the objects."""


@runtime_checkable
class Address(Protocol):
    """A parsed, normalised endpoint without credentials; each kind has its own."""

    @property
    def kind(self) -> str:
        """The kind whose `compare` understands this address."""
        ...

    @property
    def shown(self) -> str:
        """The address for people: host, port, object. Never a credential; may be shortened."""
        ...

    @property
    def fault(self) -> str:
        """Why no client would accept the text; empty if it is valid. Never quotes the text."""
        ...
