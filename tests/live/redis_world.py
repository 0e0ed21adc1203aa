"""Two environments on real Redis servers, and what the runner does with them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.kinds.redis.facts import RedisDeclared
from disjoint.kinds.redis.kind import KIND
from disjoint.model.environment import Environment, Setting, Target
from disjoint.model.experiment import Tests
from disjoint.model.fact import Fact, Known
from disjoint.model.finding import Judgement
from disjoint.model.kind import Question, Side
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit
from disjoint.runner.work import Job, Trial, observed, tried

KEY = RunKey()
TAKEN_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)


@dataclass
class World:
    """One run over both environments: their addresses, and what it sent to each."""

    production: str
    staging: str
    budget: float = 10.0
    reach: bool = False

    def __post_init__(self) -> None:
        self.tallies = {True: Tally(protected=True), False: Tally(protected=False)}
        self.declared = RedisDeclared(url="$REDIS_URL", reach=self.reach)

    def target(self, *, protected: bool) -> Target[RedisDeclared]:
        """One side's resource."""
        environment = Environment("production" if protected else "staging", protected, {}, ".env")
        url = self.production if protected else self.staging
        settings: dict[str, Fact[Setting]] = {"url": Known(Setting(Secret(url), ("REDIS_URL",), ".env:1"))}
        return Target("cache", "redis", environment, self.declared, settings)

    def tried(self, *names: str) -> dict[str, Fact[Any]]:
        """What came of these live tests, all at once."""
        learnt = {("staging", "cache"): self.facts(protected=False)} if "canary:message" in names else {}
        with Deadline(self.budget) as deadline:
            seats = Seats()

            def visit(target: Target[Any]) -> Visit:
                tally = self.tallies[target.environment.protected]
                return Visit(target.environment, deadline, seats, tally, KEY)

            sides = self.target(protected=True), self.target(protected=False)
            trials = [Trial(KIND, called(name), *sides) for name in names]
            with ThreadPoolExecutor() as pool:
                found = pool.map(lambda trial: tried(trial, visit, learnt), trials)
                return dict(zip(names, found, strict=True))

    def facts(self, *, protected: bool) -> Any:
        """What one side's observer learns."""
        target = self.target(protected=protected)
        with Deadline(self.budget) as deadline:
            visit = Visit(target.environment, deadline, Seats(), self.tallies[protected], KEY)
            return observed(Job(KIND, target), visit)

    def judged(self, rule: str, *names: str) -> Judgement:
        """Both observers, these live tests, and a rule asked about what they learned."""
        sides = (
            Side("production", True, TAKEN_AT, self.facts(protected=True)),
            Side("staging", False, TAKEN_AT, self.facts(protected=False)),
        )
        judge = next(r.judge for r in KIND.rules if r.id == f"redis/{rule}")
        return judge(Question(*sides, self.declared, self.tried(*names)))


def called(name: str) -> Tests[Any]:
    """One of the kind's live tests."""
    return next(test for test in KIND.experiments if test.name == name)


def url_of(server: ValkeyServer, database: int = 0, user: str = "", password: str = "") -> str:
    """A server's address, as its default user or as another."""
    if user:
        return f"redis://{user}:{password}@127.0.0.1:{server.port}/{database}"
    return server.url(f"127.0.0.1:{server.port}", database)


@contextlib.contextmanager
def administered(server: ValkeyServer) -> Iterator[Any]:
    """The server's own administrator; redis-py types too little of it."""
    with contextlib.closing(server.admin()) as client:
        yield client


def user(server: ValkeyServer, name: str, *rules: str) -> str:
    """The address of a new user with these ACL rules."""
    server.ask("ACL", "SETUSER", name, "reset", "on", ">pass-word", *rules)
    return url_of(server, 0, name, "pass-word")
