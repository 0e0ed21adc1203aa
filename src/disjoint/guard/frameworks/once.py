"""A check that several hooks of one process share, and that runs again only where its variables changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from disjoint.guard import check
from disjoint.guard.places import looked_at
from disjoint.guard.verdict import Checked


class Once:
    """Asked by every hook; says and finds something once."""

    __slots__ = ("_checked", "_seen", "_taken")

    def __init__(self, taken: Callable[[], Mapping[str, str]]) -> None:
        self._taken = taken
        """What the framework is configured with, besides the environment."""
        self._seen: dict[str, str] | None = None
        self._checked: Checked | None = None

    def __call__(self) -> Checked:
        """What this process is.

        Raises:
            Refused: it must not start.
        """
        seen = {**os.environ, **self._own()}
        if self._checked is None or seen != self._seen:
            self._seen, self._checked = seen, check(variables=self._own())
        return self._checked

    def _own(self) -> dict[str, str]:
        """A configuration that cannot be read is its framework's to complain of: it stops nothing here."""
        try:
            held = {value for name, value in os.environ.items() if looked_at(name)}
            return {name: value for name, value in self._taken().items() if value and value not in held}
        except Exception:  # noqa: BLE001  (whatever a user's configuration raises)
            return {}
