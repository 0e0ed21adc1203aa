"""Every isolated world, many times: what changes between two runs may not change the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.demo.catalogue.every import LEAKS
from disjoint.demo.catalogue.leak import Leak
from disjoint.demo.world import World
from disjoint.model.finding import Outcome
from lacking import lacking

pytestmark = [pytest.mark.live, pytest.mark.long]
WHOLE = [leak for leak in LEAKS if leak.outcome is Outcome.ISOLATED]
TIMES = 20


@pytest.mark.parametrize("leak", WHOLE, ids=[leak.name for leak in WHOLE])
def test_an_isolated_world_is_isolated_every_time(leak: Leak, world: World, tmp_path: Path) -> None:
    """Twenty proofs of one world, each with marks and digests of its own."""
    if leak.lacks:
        lacking(leak.lacks)
    manifest = leak.breaks(world).write(tmp_path)
    proofs = [pipeline.verify(pipeline.load(manifest)) for _ in range(TIMES)]
    alarms = [
        f"{number}: {finding.rule} {finding.outcome.value}: {finding.judgement.summary}"
        for number, proof in enumerate(proofs, 1)
        for finding in proof.findings
        if finding.outcome is not Outcome.ISOLATED and not finding.waiver
    ]
    assert not alarms, "\n".join(alarms)
    assert {proof.verdict for proof in proofs} == {Outcome.ISOLATED}
