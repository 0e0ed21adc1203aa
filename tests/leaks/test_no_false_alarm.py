"""Worlds that only look broken, again and again: a rule that cries wolf once in twenty is seen here."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_catalogue import prove, told

from disjoint.demo.catalogue.every import LEAKS
from disjoint.demo.catalogue.leak import Leak
from disjoint.demo.world import World
from disjoint.model.finding import Outcome

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.timeout(300)]
TIMES = 20
WHOLE = [leak for leak in LEAKS if leak.outcome is Outcome.ISOLATED]


@pytest.mark.parametrize("leak", WHOLE, ids=[leak.name for leak in WHOLE])
def test_an_isolated_world_is_isolated_every_time(leak: Leak, world: World, tmp_path: Path) -> None:
    """Made once, proven twenty times: each verdict ISOLATED, nothing written on production."""
    made = leak.breaks(world)
    for turn in range(TIMES):
        proof = prove(made, tmp_path)
        assert proof.verdict is Outcome.ISOLATED, (turn, told(proof))
        assert proof.footprint.writes == 0
