"""Let the workers of a Dask cluster carry a manifest's censuses out, each with variables of its own.

What travels is where the manifest lies and which resource is meant: a worker reads its side's
variables itself, asks the server who it is, and reads only where that is the server that was meant.
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disjoint.errors import DisjointError
from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.manifest.load import load as load_manifest
from disjoint.model.census import Overlap, Reader, Terms
from disjoint.model.environment import Environment, Target
from disjoint.model.experiment import Census, Pair, Party
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.manifest import Manifest, target
from disjoint.model.probe import ProbeError
from disjoint.model.sharing import Sharing
from disjoint.overlap.distributed import Afar, cluster
from disjoint.overlap.engine import Gather
from disjoint.overlap.errand import Job, Visited
from disjoint.overlap.survey import survey
from disjoint.runner.deadline import Deadline
from disjoint.runner.run import Job as Visit
from disjoint.runner.run import Run
from disjoint.runner.visit import Seats
from disjoint.sources import read

ELSEWHERE = frozenset({"postgres"})
"""Kinds whose tasks any process can carry out; the others' are a walk of one connection, made here."""
BUDGET_SECONDS = 30.0
"""For asking a server who it is."""


def surveyed(manifest: Manifest, asked: Census[Any], pair: Pair[Any], careful: bool, dask: str) -> Overlap:
    """What came of a census, made here or by the workers at `dask`. Raises as `survey` does."""
    directory = Path(manifest.directory)
    if not dask or pair.staging.target.kind not in ELSEWHERE:
        return survey(asked, pair, careful, directory)
    alone = dataclasses.replace(pair, staging=dataclasses.replace(pair.staging, apart=True))
    with gathering(manifest, asked, alone, careful, dask) as gather:
        return survey(asked, alone, careful, directory, gather)


@contextlib.contextmanager
def gathering(
    manifest: Manifest, asked: Census[Any], pair: Pair[Any], careful: bool, where: str
) -> Iterator[Gather]:
    """Who reads and compares both sides of a resource: the workers of a scheduler.

    Raises:
        ProbeError: there is none, or the servers do not say who they are.
    """
    terms = asked.terms(pair.staging.target.declared)
    seconds = terms.seconds if isinstance(terms, Terms) else 0.0
    meant = [
        _meant(manifest, party.target, careful=party.target.environment.protected or careful, seconds=seconds)
        for party in (pair.production, pair.staging)
    ]
    with cluster(where) as client:
        sent = (pair.production.probe.sent, pair.staging.probe.sent)
        yield Afar(client, meant[0], meant[1], sent=sent)


@dataclass(frozen=True, slots=True)
class Meant:
    """One side of a resource, as a worker finds it."""

    manifest: str
    """The manifest's file, on every worker."""
    protected: bool
    resource: str
    careful: bool
    seconds: float
    key: bytes
    """Of this job's digests, drawn for it."""
    server: frozenset[str]
    """Who answered where the job began; digests under that key."""
    moment: str = ""

    def at(self, moment: str) -> Meant:
        """The same at the moment that an opened side shares."""
        return dataclasses.replace(self, moment=moment)

    @contextlib.contextmanager
    def visit(self, job: Job) -> Iterator[Visited]:  # noqa: ARG002  (narrowed by whoever is sent)
        """Open it with this process's own variables.

        Raises:
            ProbeError: it cannot be opened, or another server answers.
        """
        where = _found(self.manifest, self.resource, protected=self.protected)
        with _run(where.environment, self.key) as run, Deadline(self.seconds) as deadline:
            facts = _observed(run, where)
            if (server := _server(where, facts)) != Known(self.server):
                raise ProbeError(*_another(server))
            probe = run.visit_until(deadline, where.environment, Seats())
            census = _census(where)
            alone = dataclasses.replace(where, declared=census.alone(where.declared))
            with census.load().reading(Party(alone, probe, facts), careful=self.careful) as reader:
                yield _visited(reader, self.moment, lambda: _sent(run, where.environment))


def _visited(reader: Reader, moment: str, sent: Callable[[], Mapping[str, int]]) -> Visited:
    """What shares a moment has connections, and can be ended from elsewhere."""
    if not isinstance(reader, Sharing):
        return Visited(reader, sent)
    if moment:
        reader.join(moment)
    return Visited(reader, sent, reader.end)


def _meant(manifest: Manifest, where: Target[Any], *, careful: bool, seconds: float) -> Meant:
    key, protected = secrets.token_bytes(32), where.environment.protected
    with _run(where.environment, key) as run:
        match _server(where, _observed(run, where)):
            case Unknown(reason, remedy):
                why = f"workers could not be held against {where.environment.name}'s server: {reason}"
                raise ProbeError(why, remedy)
            case Known(server):
                path = str(Path(manifest.source).absolute())  # a worker was started in another folder
                return Meant(path, protected, where.resource, careful, seconds, key, server)


def _run(environment: Environment, key: bytes) -> Run:
    return Run((environment,), BUDGET_SECONDS, forks=False, key=key)


def _found(manifest: str, resource: str, *, protected: bool) -> Target[Any]:
    """A resource as this process has it; the other side's variables are not even opened."""

    def read_own(spec: Mapping[str, Any], **side: Any) -> Environment:
        if side["protected"] is protected:
            return read(spec, **side)
        reach_at: Mapping[str, str] = side["reach_at"]
        return Environment(side["name"], side["protected"], {}, "not read here", reach_at, held=False)

    try:
        stated = load_manifest(Path(manifest), KINDS, read_own)
    except DisjointError:
        why = "a worker cannot read the manifest, or its side's variables"
        raise ProbeError(why, "put both at the same path on every worker") from None
    environment = stated.production if protected else stated.staging
    for declared in stated.resources:
        if declared.name == resource:
            return target(declared, environment)
    raise ProbeError("a worker's manifest has no such resource", "give every worker the same manifest")


def _observed(run: Run, where: Target[Any]) -> Any:
    job = Visit(BY_NAME[where.kind], where)
    return run.observe([job])[job.key].facts


def _server(where: Target[Any], facts: Any) -> Fact[frozenset[str]]:
    for identity in BY_NAME[where.kind].identities(facts):
        return identity.marks
    return Unknown("its kind of server does not say who it is")


def _another(server: Fact[frozenset[str]]) -> tuple[str, str]:
    if isinstance(server, Unknown):
        return f"a worker does not know which server it reaches: {server.reason}", server.remedy
    return "a worker reaches another server", "let every worker reach the same one"


def _census(where: Target[Any]) -> Census[Any]:
    return next(test for test in BY_NAME[where.kind].experiments if isinstance(test, Census))


def _sent(run: Run, environment: Environment) -> Mapping[str, int]:
    return dict(run.tally(environment.name).footprint().commands)
