"""A census that several processes read: they must all read the same moment. Pure."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Sharing(Protocol):
    """A reader of which others, elsewhere, may read the same moment's tasks."""

    def share(self) -> str:
        """What the others must name to read what this one would; empty where each task has its own moment."""
        ...

    def join(self, moment: str) -> None:
        """Read at the moment that another reader of the same server shares."""
        ...

    def keep(self) -> None:
        """Tell the server that the moment is still needed.

        Raises:
            ProbeError: it is gone.
        """
        ...

    def end(self) -> None:
        """End every statement and connection, in whichever thread."""
        ...
