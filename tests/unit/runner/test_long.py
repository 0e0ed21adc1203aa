"""A census takes its own time: after all others of its lane, one at a time, and never past its deadline."""

from __future__ import annotations

import dataclasses
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from disjoint.kinds.postgres.facts import PostgresDeclared, from_text
from disjoint.kinds.postgres.kind import KIND
from disjoint.model.census import Overlap, Read, Strength
from disjoint.model.environment import Environment
from disjoint.model.experiment import Census, Experiment, Pair
from disjoint.model.fact import Known, Unknown
from disjoint.model.kind import Kind
from disjoint.model.manifest import Resource, target
from disjoint.runner.long import Step, Voice, surveys_of
from disjoint.runner.run import Found, Job, Run

NOTHING = Read(0, 0, 0, "", 0.0, 0)
FOUND = Overlap(Strength.EXACT, 1, 0.999, 1, False, NOTHING, NOTHING, (), 0, (), (), ())


@dataclass
class Log:
    """When each began and ended, and whether staging was read with care."""

    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    careful: dict[str, bool] = field(default_factory=dict)
    steps: list[tuple[str, Step]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lasting(self, name: str, seconds: float) -> None:
        with self.lock:
            self.began[name] = time.monotonic()
        time.sleep(seconds)
        with self.lock:
            self.ended[name] = time.monotonic()


def kind(log: Log, observing: float, trying: float) -> Kind[Any, Any]:
    """PostgreSQL's, with an observer and a test of login that only take time."""

    def observe(asked: Any, _probe: Any) -> Any:
        log.lasting(f"observe {asked.resource} {asked.environment.name}", observing)
        return dataclasses.replace(from_text(asked, "x"), version=Known("18"))

    def reach(pair: Pair[Any]) -> str:
        log.lasting(f"reach {pair.staging.target.resource}", trying)
        return "let in"

    tests = (
        Experiment("reach", str, lambda: reach),
        next(t for t in KIND.experiments if isinstance(t, Census)),
    )
    return dataclasses.replace(KIND, experiments=tests, load_observer=lambda: observe)


def carried_out(
    log: Log, *, reading: float = 0.1, observing: float = 0.0, trying: float = 0.2, budget: float = 5.0,
    seconds: int = 5, permit: Any = None, names: tuple[str, ...] = ("a", "b"),
) -> tuple[Found, float]:  # fmt: skip
    sides = [Environment(name, name == "production", {}, ".env", {}) for name in ("production", "staging")]
    own = kind(log, observing, trying)
    resources = [
        Resource(
            name,
            "postgres",
            PostgresDeclared(url="postgresql://u@127.0.0.1:1/x", rows="exact", rows_seconds=seconds),
        )
        for name in names
    ]
    jobs = [Job(own, target(resource, side)) for resource in resources for side in sides]

    def surveyor(_census: Any, pair: Pair[Any], careful: bool) -> Overlap:
        name = pair.staging.target.resource
        log.careful[name] = careful
        pair.staging.probe.progressed("public.users", 1, 2)
        log.lasting(f"census {name}", reading)
        pair.staging.probe.remaining()
        return FOUND

    surveys = surveys_of(jobs, surveyor, lambda environment, step: log.steps.append((environment, step)))
    started = time.monotonic()
    with Run(sides, budget, forks=False, surveys=surveys) as run:
        found = run.carry_out(jobs, permit or (lambda _facts, _trial: Known("apart")))
    return found, time.monotonic() - started


def test_a_census_begins_when_all_others_have_ended() -> None:
    """It takes both seats of both servers, so it waits for every other test, and censuses for each other."""
    log = Log()
    found, _ = carried_out(log)
    assert found.tried["a"]["census"] == found.tried["b"]["census"] == Known(FOUND)
    censuses = sorted((log.began[name], log.ended[name]) for name in log.began if name.startswith("census"))
    others = [ended for name, ended in log.ended.items() if not name.startswith("census")]
    assert max(others) <= censuses[0][0]
    assert censuses[0][1] <= censuses[1][0]


@pytest.mark.alone
def test_a_census_may_outlast_the_budget_and_not_its_own_seconds() -> None:
    """What takes longer is unknown; the run ends all the same."""
    found, _ = carried_out(Log(), reading=0.6, budget=0.4, names=("a",))
    assert found.tried["a"]["census"] == Known(FOUND)
    found, seconds = carried_out(Log(), reading=9.0, budget=0.4, seconds=1, names=("a",))
    assert found.tried["a"]["census"] == Unknown("not read within the 1.4 s allowed", "raise rows_seconds")
    assert seconds < 2.5


def test_a_census_waits_for_what_hangs_no_longer_than_the_budget() -> None:
    """A test that never comes back holds nobody past the budget."""
    log = Log()
    found, seconds = carried_out(log, trying=30.0, budget=0.5, names=("a",))
    assert found.tried["a"]["census"] == Known(FOUND)
    assert isinstance(found.tried["a"]["reach"], Unknown)
    assert seconds < 7.0


def test_nobody_who_is_not_proven_another_is_read_without_care() -> None:
    """The permit decides; no permit, no ranges."""
    free, tied = Log(), Log()
    carried_out(free, names=("a",))
    carried_out(tied, names=("a",), permit=lambda _facts, _trial: Unknown("one server answers for both"))
    assert (free.careful, tied.careful) == ({"a": False}, {"a": True})


def test_a_server_that_did_not_answer_is_not_read() -> None:
    """Observers failed: no census is begun."""
    log = Log()
    found, seconds = carried_out(log, observing=9.0, budget=0.3, names=("a",))
    assert isinstance(found.tried["a"]["census"], Unknown)
    assert seconds < 2.0, "the census's own seconds are not waited out"
    assert not any(name.startswith("census") for name in log.began)


def test_progress_is_told_by_resource() -> None:
    """What a reader tells reaches whoever waits, with the resource's name."""
    log = Log()
    carried_out(log, names=("a",))
    assert [(environment, step.resource, step.done, step.of) for environment, step in log.steps] == [
        ("staging", "a", 1, 2)
    ]


def test_a_voice_is_not_a_torrent() -> None:
    """Many steps a second are told now and then; the last always."""
    told: list[int] = []
    voice = Voice("staging", "a", lambda _environment, step: told.append(step.done))
    for done in range(1001):
        voice("t", done, 1000)
    assert told[0] == 0
    assert told[-1] == 1000
    assert len(told) < 10
