"""Every world of the catalogue, judged by us, by the specification's own checks and by comparing URLs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import naive

from disjoint import pipeline
from disjoint.demo import stack
from disjoint.demo.catalogue.every import LEAKS
from disjoint.demo.catalogue.leak import Leak
from disjoint.demo.supervisor import Supervisor
from disjoint.demo.world import World, clean
from disjoint.model.finding import Outcome

JUDGES: dict[str, Callable[[World], bool]] = {
    "startup snippet": naive.startup_snippet,
    "whole checklist": naive.checklist,
    "URLs compared": naive.compared_urls,
}


def measure() -> dict[str, dict[str, object]]:
    """Broken worlds called isolated, and isolated worlds called broken, for each judge."""
    missed = dict.fromkeys(("disjoint", *JUDGES), 0)
    alarms = dict.fromkeys(("disjoint", *JUDGES), 0)
    named = 0
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as name:
        world = clean(stack.start(supervisor, lambda _part: None))
        print(f"{'world':32}{'truth':10}{'disjoint':10}" + "".join(f"{judge:18}" for judge in JUDGES))
        for leak in LEAKS:
            named += _judge(leak, leak.breaks(world), Path(name), missed, alarms)
    broken = sum(leak.outcome is not Outcome.ISOLATED for leak in LEAKS)
    return {
        f"catalogue/{judge}": {
            "broken": broken,
            "missed": missed[judge],
            "whole": len(LEAKS) - broken,
            "false_alarms": alarms[judge],
            **({"by_the_named_rule": named} if judge == "disjoint" else {}),
        }
        for judge in missed
    }


def _judge(leak: Leak, world: World, directory: Path, missed: dict[str, int], alarms: dict[str, int]) -> int:
    """Ask every judge about one world; 1 if ours was right by the rule the catalogue names."""
    place = directory / leak.name
    place.mkdir()
    proof = pipeline.verify(pipeline.load(world.write(place)))
    isolated = {"disjoint": proof.verdict is Outcome.ISOLATED}
    isolated |= {judge: judges(world) for judge, judges in JUDGES.items()}
    whole = leak.outcome is Outcome.ISOLATED
    for judge, says in isolated.items():
        missed[judge] += says and not whole
        alarms[judge] += whole and not says
    said = "".join(f"{'isolated' if isolated[judge] else 'broken':18}" for judge in JUDGES)
    print(f"{leak.name:32}{leak.outcome.value:10}{proof.verdict.value:10}{said}", flush=True)
    hit = any((f.rule, f.outcome) == (leak.rule, leak.outcome) for f in proof.findings)
    return not whole and proof.verdict is leak.outcome and hit
