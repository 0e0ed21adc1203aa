"""May this be deployed? Only with a certificate that holds, about what staging is at this very moment.

The certificate is checked before any server is asked; staging alone is asked, with reads alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from disjoint.canonical import canonical, digest_of
from disjoint.certify.claims import Proof
from disjoint.certify.drift import Part
from disjoint.certify.gate import (
    expect_apart,
    expect_clock,
    expect_identified,
    expect_project,
    expect_same,
)
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.lines import OCTETS
from disjoint.certify.names import PRODUCTION, STAGING
from disjoint.certify.trust import Trust, Verified, Wanted
from disjoint.certify.verify import verified
from disjoint.errors import BarredError, DisjointError, UnprovenError, UsageError
from disjoint.files import read_octets
from disjoint.journal import Journal, frozen
from disjoint.kinds.registry import BY_NAME
from disjoint.model.fact import Known
from disjoint.model.manifest import Manifest
from disjoint.model.snapshot import Snapshot
from disjoint.model.stable import marks
from disjoint.report.inert import inert
from disjoint.runner.run import Run
from disjoint.snapshots import blanks_of, jobs_of, present_of, snapshot_of
from disjoint.snapshots import digest_of as policy_of

from .borrowed import expect_nothing_borrowed
from .history import CERTIFIED, actor
from .opposed import expect_unopposed
from .parts import stable_octets

PASSED, REFUSED = "gate-passed", "gate-refused"
LARGEST = 1 << 20
"""Octets of a stable part."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What must be shown before this is deployed."""

    certificate: Path
    trust: Trust
    wanted: Wanted
    budget: float
    """Seconds for asking staging."""


def gate(manifest: Manifest, project: ProjectKey, journal: Journal | None, asked: Asked) -> Verified:
    """A certificate that holds, about staging as it is.

    Args:
        manifest: with staging's variables and nobody else's.
        project: under whose key staging is compared.
        journal: of freezes, and of who passed; None where nobody asks whether a freeze stands.
        asked: whom to believe, and what is wanted.

    Raises:
        BarredError: a freeze stands, or staging's server is one of production's.
        TamperedError, UnprovenError: the certificate does not hold, or is about another staging.
        WriteError: the journal cannot be read or written.
    """
    with _written_down(journal) as about:
        _expect_no_freeze(journal)
        content = _content(asked.certificate)
        about["certificate"] = digest_of(content)
        found = verified(content, asked.trust, _wanted(manifest, asked.wanted), datetime.now(UTC))
        expect_project(found.proof, key_name(project), project.source)
        _expect_known(journal, found.proof)
        snapshot = _observed(manifest, project, asked.budget)
        now = marks(BY_NAME, snapshot)
        expect_apart(found.proof, now)
        expect_identified(found.proof, now)
        before = _beside(asked.certificate, STAGING)
        expect_same(found.proof, stable_octets(manifest, project, snapshot), before)
        production = _production(asked.certificate, journal, found.proof)
        expect_nothing_borrowed(manifest, production, stable_key(project), datetime.now(UTC))
        _expect_no_freeze(journal)  # one may have been written while staging was asked
    return found


def _expect_no_freeze(journal: Journal | None) -> None:
    for stands in () if journal is None else frozen(journal.entries()):
        reason = str(stands.body.get("reason", "no reason was given"))
        raise BarredError(
            f"frozen since {stands.at:%Y-%m-%d %H:%M} UTC by {stands.actor}: {reason}; when it is over: "
            f"`disjoint journal lift --freeze {stands.seq} --reason WHY`"
        )


def _expect_known(journal: Journal | None, proof: Proof) -> None:
    """A journal that never heard of the certificate may lack a freeze, too; one that did may oppose it."""
    if journal is None:
        return
    if journal.last(CERTIFIED, proof=proof.digest) is None:
        raise UnprovenError(
            f"the journal {journal.where} does not know this certificate: set DISJOINT_JOURNAL to the one "
            "that certify wrote, or say --no-journal"
        )
    expect_unopposed(proof, journal.entries())


def _wanted(manifest: Manifest, wanted: Wanted) -> Wanted:
    return wanted._replace(
        environment=manifest.staging.name,
        reference=manifest.production.name,
        policy=policy_of(manifest).removeprefix("sha256:"),
    )


def _content(path: Path) -> bytes:
    if not path.exists():
        raise UnprovenError(f"there is no certificate: {path} does not exist; run `disjoint certify`")
    return read_octets(path, str(path), UsageError, OCTETS)


def _beside(certificate: Path, name: str) -> bytes | None:
    """What `certify` put beside the certificate: only its digest says whether it is that."""
    try:
        part = certificate.with_name(name)
        return read_octets(part, str(part), UsageError, LARGEST)
    except UsageError:
        return None


def _production(certificate: Path, journal: Journal | None, proof: Proof) -> Part:
    """What production was when this was certified, from the journal or from beside the certificate."""
    entry = None if journal is None else journal.last(CERTIFIED, proof=proof.digest)
    noted = None if entry is None else canonical(entry.body.get("production"))
    for octets in (noted, _beside(certificate, PRODUCTION)):
        if octets is not None and digest_of(octets) == proof.production:
            part: Part = json.loads(octets)
            return part
    raise UnprovenError(
        f"whether staging was given a secret of {proof.reference}'s since is not known: put {PRODUCTION}, as "
        "`disjoint certify` wrote it, beside the certificate, or use the journal that certify wrote"
    )


def _observed(manifest: Manifest, project: ProjectKey, budget: float) -> Snapshot:
    """Staging, with nothing but allow-listed reads: its servers are not proven to be its own yet."""
    started, staging = datetime.now(UTC), manifest.staging
    jobs = [job for job in jobs_of(manifest) if job.target.environment is staging]
    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    with Run((staging,), budget, guarded=True, forks=False, key=stable_key(project)) as run:
        results = {**blanks_of(jobs), **run.observe(present)}
        if not run.deadline.left():
            raise UnprovenError(f"{staging.name} did not answer within {budget:g} s: raise --budget")
        expect_clock(staging.name, run.tally(staging.name).ahead())
    return snapshot_of(manifest, staging, results, started)


@contextmanager
def _written_down(journal: Journal | None) -> Iterator[dict[str, str]]:
    """Whoever passes stands in the journal before they are told; so does who was refused, and why."""
    about: dict[str, str] = {}
    try:
        yield about
    except DisjointError as why:
        _write(journal, REFUSED, {**about, "why": inert(str(why))})
        raise
    _write(journal, PASSED, about)


def _write(journal: Journal | None, event: str, body: dict[str, str]) -> None:
    if journal is not None:
        journal.append(event, actor(), dict(body))
