"""A canary of one process: what was seen before staging was lost was seen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from disjoint.kinds.postgres.facts import PostgresDeclared
from disjoint.kinds.postgres.kind import KIND
from disjoint.model.environment import Environment
from disjoint.model.experiment import Blind, Canary, Look, Mark, Party, Seen, Sight, Sights, sight
from disjoint.model.fact import Known
from disjoint.model.manifest import Resource, target
from disjoint.model.probe import ProbeError
from disjoint.runner.visit import Visit
from disjoint.runner.work import Trial, tried

GONE = ProbeError("the server broke the connection off")


class Losing:
    """A mark whose own side is lost once production has looked."""

    def __init__(self, *, seen: bool, on_leaving: bool) -> None:
        self.seen, self.on_leaving, self.looked = seen, on_leaving, False

    @contextlib.contextmanager
    def hold(self, _party: Party[Any], _window: float) -> Iterator[Mark]:
        yield Mark("ab", self._alive)
        if self.on_leaving:
            raise GONE

    def _alive(self) -> Sights:
        if self.looked and not self.on_leaving:
            raise GONE
        return {"lock": Known(True)}

    def look(self, _party: Party[Any], _token: str) -> Look:
        self.looked = True
        return Look({"lock": Known(True)}, {"lock": Known(self.seen)})


def came_of(marking: Losing) -> Sight:
    load: Callable[[], Losing] = lambda: marking  # noqa: E731
    sides = [Environment(name, name == "production", {}, ".env", {}) for name in ("production", "staging")]
    resource = Resource("db", "postgres", PostgresDeclared(url="$URL"))
    production, staging = (target(resource, side) for side in sides)
    with Visit.alone(sides[0]) as visit:
        return sight(
            iter([tried(Trial(KIND, Canary("canary", load), production, staging), lambda _side: visit)])
        )


@pytest.mark.parametrize("on_leaving", [False, True], ids=["asking again", "taking it away"])
def test_a_mark_that_was_seen_is_seen_though_staging_was_lost_then(*, on_leaving: bool) -> None:
    """A second session that fails, or a mark that cannot be taken away, takes nothing back."""
    assert came_of(Losing(seen=True, on_leaving=on_leaving)) == Seen("lock")
    assert came_of(Losing(seen=False, on_leaving=on_leaving)) == Blind(GONE.reason, "")
