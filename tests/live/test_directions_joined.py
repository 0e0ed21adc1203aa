"""A split run that judges rows, too: held, looked for, compared, and joined without a credential."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_directions import KEY, RULE, Sides, asking, holding, names, refusal, sides
from test_split import Hold, looked

from disjoint import split
from disjoint.demo.world import HALVES, World
from disjoint.directions.half import half_of, rows_of
from disjoint.errors import TamperedError
from disjoint.model.finding import Outcome
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Joined:
    """Everything that a join takes, made apart."""

    def __init__(self, apart: Sides) -> None:
        hold = Hold(apart.manifest("staging"))
        apart.take()
        self.manifest = self._without(apart)
        self.half = half_of(
            split.load_side(apart.manifest("production"), protected=True), KEY, apart.compare()
        )
        self.looked = looked(apart.manifest("production"), hold.texts[0])
        self.held = hold.end()

    @staticmethod
    def _without(apart: Sides) -> Manifest:
        folder = apart.folder / "nobody"
        folder.mkdir()
        (folder / "disjoint.toml").write_text(apart.manifest("staging").read_text())
        return split.load_side(folder / "disjoint.toml", protected=None)

    def proof(self, half: str | None) -> Proof:
        rows = None if half is None else rows_of(self.manifest, KEY, half, "overlap.json")
        return split.join(self.manifest, KEY, self.held, self.looked, ("hold.json", "look.json"), rows)


@pytest.mark.parametrize(
    ("copied", "outcome"), [pytest.param(0, Outcome.ISOLATED, marks=pytest.mark.long), (2, Outcome.SHARED)]
)
def test_rows_are_judged_where_they_were_compared(
    world: World, tmp_path: Path, copied: int, outcome: Outcome
) -> None:
    """The rule is asked, and its finding stands beside those of the marks; without it, it is unproven."""
    joined = Joined(sides(world, tmp_path, copied))
    told = json.loads(joined.half)["found"]["cache"]["known"]
    assert told["looked"] == [], "names of all that production holds stay there"
    proof = joined.proof(joined.half)
    found = {finding.rule: finding.outcome for finding in proof.findings}
    assert found[RULE] is outcome
    assert found["redis/same-server"] is Outcome.ISOLATED
    assert RULE not in proof.coverage.not_tried
    without = joined.proof(None)
    assert {f.rule: f.outcome for f in without.findings}[RULE] is Outcome.UNPROVEN
    assert without.verdict is not Outcome.ISOLATED  # what the manifest asks for is not passed over


@pytest.mark.long
def test_a_half_of_rows_that_does_not_belong_is_refused(world: World, tmp_path: Path) -> None:
    """Changed, of another manifest, of another database, of yesterday."""
    joined = Joined(sides(world, tmp_path, 1))
    stated = json.loads(joined.half)
    stated["found"]["cache"]["known"]["shared"] = []
    with pytest.raises(TamperedError):
        joined.proof(json.dumps(stated))
    world = asking(world)
    for half in HALVES:
        world = holding(world, half, names(9), 11)
    elsewhere = Sides(world, tmp_path / "elsewhere")
    elsewhere.take()
    manifest = split.load_side(elsewhere.manifest("production"), protected=True)
    other = half_of(manifest, KEY, elsewhere.compare())
    assert "is judged: make everything" in refusal(lambda: joined.proof(other))
