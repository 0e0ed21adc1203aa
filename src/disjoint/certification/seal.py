"""Seal production: observe it, and it alone, and write down what it is for those who may not see it."""

from __future__ import annotations

import dataclasses
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from disjoint.certify.belonging import SKEW_SECONDS
from disjoint.certify.guarded import SCHEMA, Held, name_of
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.seal import Seal, expect_lasting, written
from disjoint.certify.sign import Signer
from disjoint.certify.snapshot import written_snapshot
from disjoint.errors import UnprovenError, UsageError
from disjoint.journal import Journal
from disjoint.model.fact import Known, Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.snapshot import Snapshot
from disjoint.runner.run import Run
from disjoint.runner.tally import Tally
from disjoint.runner.work import unreached
from disjoint.sealed.policy import doors_of, policy_of
from disjoint.sealed.remembering import SEALED, body_of
from disjoint.sealed.strengthening import blinded, portable, secrets_in, strengthened
from disjoint.snapshots import blanks_of, digest_of, jobs_of, present_of, snapshot_of

BUDGET_SECONDS = 30.0


class Wish(NamedTuple):
    """How a seal is wanted."""

    lasts: timedelta
    blind: bool
    budget: float = BUDGET_SECONDS


class Sealed(NamedTuple):
    """A seal's text, and what people are told of it."""

    seal: Seal
    text: str
    guessable: tuple[str, ...]
    """Variables whose secrets a dictionary may find: digested by scrypt."""
    unread: tuple[str, ...]
    """Why a resource's server was not observed; its rows will be unproven."""


def seal(
    manifest: Manifest, environment: str, key: ProjectKey, signer: Signer, journal: Journal, wish: Wish
) -> Sealed:
    """Observe production by allow-listed reads, and seal what it is; the journal says so first.

    Raises:
        UsageError: another environment than the protected one is named, or a lifetime that is none.
        UnprovenError: this machine's clock and the servers' disagree, or no resource was reached.
        WriteError: the journal or the key cannot be used.
    """
    _expect_production(manifest, environment)
    expect_lasting(wish.lasts)
    journal.expect_writable()
    production, digests = manifest.production, stable_key(key)
    started = datetime.now(UTC).replace(microsecond=0)
    with Run((production,), wish.budget, key=digests) as run:
        snapshot, unread = _observed(manifest, run, started)
        tally = run.tally(production.name)
    _expect_clock(tally)
    held = secrets_in(production, manifest.public, digests)
    whole = portable(strengthened(snapshot, production, held))
    made = Seal(
        schema=SCHEMA,
        environment=production.name,
        manifest=digest_of(manifest),
        project_key=name_of(key.octets),
        serial=secrets.token_hex(16),
        sealed_at=started,
        expires_at=started + wish.lasts,
        clock=tally.ahead(),
        blind=wish.blind,
        snapshot=written_snapshot(blinded(whole, production) if wish.blind else whole),
        footprint=tally.footprint(),
        doors={} if wish.blind else doors_of(manifest, production),
        policy=policy_of(manifest, production, held, digests, blind=wish.blind),
    )
    text = written(made, key, signer)
    journal.append(SEALED, signer.keyid, body_of(made))
    return Sealed(made, text, _guessable(held), unread)


def _expect_production(manifest: Manifest, environment: str) -> None:
    if environment != manifest.production.name:
        raise UsageError(
            f"only the protected environment is sealed: --environment {manifest.production.name}"
        )


def _observed(manifest: Manifest, run: Run, started: datetime) -> tuple[Snapshot, tuple[str, ...]]:
    production = manifest.production
    jobs = [job for job in jobs_of(manifest) if job.target.environment is production]
    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    found = {**blanks_of(jobs), **run.observe(present)}
    asked = [job for job in present if job.kind.networked]
    silent = {job.target.resource: unreached(job, _answers(found[job.key].facts)) for job in asked}
    unread = tuple(f"{name}: {why.reason}" for name, why in silent.items() if isinstance(why, Unknown))
    if not present or (asked and len(unread) == len(asked)):
        raise UnprovenError(
            f"nothing of production was reached; {unread[0] if unread else 'no variable is set'}"
        )
    return snapshot_of(manifest, production, found, started), unread


_RESOLVED = ("place", "reached", "mark", "number")


def _answers(facts: Any) -> Any:
    """Facts without what a resolver knows, where no server has answered yet."""
    why = Unknown("no server answered")
    names = [f.name for f in dataclasses.fields(facts) if f.name in _RESOLVED]
    return dataclasses.replace(facts, **dict.fromkeys(names, why))


def _expect_clock(tally: Tally) -> None:
    """A seal's time is compared with the start of staging's servers, and with other machines' clocks."""
    ahead = tally.ahead()
    if ahead is not None and abs(ahead) > SKEW_SECONDS:
        raise UnprovenError(
            f"the clocks disagree: production's servers are {ahead:+.1f} s ahead of this machine; set its "
            "clock and seal again"
        )


def _guessable(held: tuple[Held, ...]) -> tuple[str, ...]:
    return tuple(sorted({s.label for s in held if s.stretched}))
