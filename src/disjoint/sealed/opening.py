"""Open a seal: believe it, or refuse it with the reason."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from disjoint.certify.keys import ProjectKey, project_key
from disjoint.certify.public import public_key_of
from disjoint.certify.seal import OCTETS, Seal, Wanted, read_seal, told
from disjoint.certify.snapshot import read_snapshot
from disjoint.errors import UsageError
from disjoint.files import read_text
from disjoint.kinds.registry import BY_NAME
from disjoint.model.environment import Environment
from disjoint.model.manifest import Manifest
from disjoint.model.snapshot import Snapshot
from disjoint.snapshots import digest_of

from .elsewhere import expect_elsewhere
from .remembering import expect_newest, open_journal


class Opened(NamedTuple):
    """A seal that holds now, and production as it was sealed."""

    seal: Seal
    production: Snapshot
    key: ProjectKey
    where: str

    @property
    def source(self) -> str:
        """Where production's side of a report comes from, for people."""
        blind = ", blind" if self.seal.blind else ""
        times = f"sealed on {told(self.seal.sealed_at)}, expires {told(self.seal.expires_at)}"
        return f"{self.where} ({times}{blind})"


def opened(manifest: Manifest, now: datetime) -> Opened:
    """The seal that a manifest names for production.

    Raises:
        UsageError: it is no seal, or of another version.
        TamperedError: it, or the journal, is not as it was written.
        UnprovenError: it is over, of something else, or not the newest.
        WriteError: a key or the journal cannot be used.
    """
    side, key = manifest.production, project_key()
    text = read_text(Path(side.seal), side.source, UsageError, OCTETS).text
    wanted = Wanted(side.name, digest_of(manifest), trusted(side))
    seal = read_seal(text, side.source, key, wanted, now)
    expect_elsewhere(manifest)
    expect_newest(open_journal(key, create=False), seal, side.source)
    return Opened(seal, _snapshot(seal, manifest, side.source), key, side.source)


def trusted(side: Environment) -> bytes | None:
    """The public key (PEM) that what production sends must bear, where the manifest names one.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    if not (path := side.sealed_by):
        return None
    pem = read_text(Path(path), path, UsageError).text.encode()
    try:
        public_key_of(pem)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    return pem


def _snapshot(seal: Seal, manifest: Manifest, where: str) -> Snapshot:
    name = manifest.production.name
    snapshot = read_snapshot(seal.snapshot, BY_NAME, environment=name, protected=True, where=where)
    held = {name: each.kind for name, each in snapshot.resources.items()}
    if held != {resource.name: resource.kind for resource in manifest.resources}:
        raise UsageError(f"{where} holds other resources than the manifest declares: seal production anew")
    return snapshot


NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def aged(opened: Opened, staging: Snapshot, *, timed: bool) -> Snapshot:
    """Production without what a restart or a deployment since the seal may have changed.

    Args:
        opened: production as it was sealed.
        staging: as it is now.
        timed: whether staging's servers bear this machine's clock out. Where a clock is borne out by no
            server, nothing is known to be older than the seal.
    """
    known = timed and opened.seal.clock is not None
    sealed_at = opened.seal.sealed_at if known else NEVER
    resources = {
        name: dataclasses.replace(
            each,
            facts=BY_NAME[each.kind].aged(each.facts, staging.resources[name].facts, sealed_at),
        )
        for name, each in opened.production.resources.items()
    }
    return dataclasses.replace(opened.production, resources=resources)
