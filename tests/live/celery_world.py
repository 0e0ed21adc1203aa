"""Two environments on real brokers, and what the runner does with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.kinds.celery.facts import CeleryDeclared
from disjoint.kinds.celery.kind import KIND
from disjoint.model.environment import Environment, Target, Variable
from disjoint.model.fact import Fact, Known
from disjoint.model.finding import Judgement
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit
from disjoint.runner.work import Job, Trial, observed, tried

KEY = RunKey()
TAKEN_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
DECLARED = CeleryDeclared(broker="$BROKER", result_backend="$RESULTS", queues=("orders",))


def url(server: ValkeyServer, database: int = 0) -> str:
    """A server's address as its default user."""
    return server.url(f"127.0.0.1:{server.port}", database)


@dataclass
class World:
    """One run over both environments: broker and result backend of each, and what it sent."""

    production: tuple[str, str]
    staging: tuple[str, str]
    declared: CeleryDeclared = DECLARED
    budget: float = 10.0

    def __post_init__(self) -> None:
        self.tallies = {True: Tally(protected=True), False: Tally(protected=False)}
        self._seats = Seats()

    def target(self, *, protected: bool) -> Target[Any]:
        """One side's resource."""
        values = dict(zip(("BROKER", "RESULTS"), self.production if protected else self.staging, strict=True))
        variables = {name: Variable(name, Known(Secret(text)), ".env:1") for name, text in values.items()}
        environment = Environment("production" if protected else "staging", protected, variables, ".env")
        return target(Resource("tasks", "celery", self.declared), environment)

    def tried(self, name: str) -> Fact[Any]:
        """What came of one live test."""
        test = next(test for test in KIND.experiments if test.name == name)
        assert test.applies(self.declared)
        with Deadline(self.budget) as deadline:
            sides = self.target(protected=True), self.target(protected=False)
            learnt = {("staging", "tasks"): self.facts(protected=False)} if test.stored else {}
            return tried(Trial(KIND, test, *sides), lambda side: self._visit(side, deadline), learnt)

    def _visit(self, side: Target[Any], deadline: Deadline) -> Visit:
        return Visit(side.environment, deadline, self._seats, self.tallies[side.environment.protected], KEY)

    def facts(self, *, protected: bool) -> Any:
        """What one side's observer learns."""
        with Deadline(self.budget) as deadline:
            side = self.target(protected=protected)
            return observed(Job(KIND, side), self._visit(side, deadline))

    def judged(self, rule: str, *names: str) -> Judgement:
        """Both observers, these live tests, and a rule asked about what they learned."""
        sides = (
            Side("production", True, TAKEN_AT, self.facts(protected=True)),
            Side("staging", False, TAKEN_AT, self.facts(protected=False)),
        )
        judge = next(r.judge for r in KIND.rules if r.id == f"celery/{rule}")
        return judge(Question(*sides, self.declared, {name: self.tried(name) for name in names}))


def asking(**more: Any) -> CeleryDeclared:
    """The declaration with what is asked over and above."""
    return replace(DECLARED, **more)
