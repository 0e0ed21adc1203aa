"""Compare one side with a file of the other's digests: production's with staging's, or the reverse."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from disjoint.certify import envelope
from disjoint.certify.filed import Opening
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.ledger import Entry, entered, noted
from disjoint.errors import UnprovenError, UsageError
from disjoint.model.census import Overlap, Reader, Terms
from disjoint.model.environment import Environment
from disjoint.model.experiment import Tried
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.probe import ProbeError
from disjoint.model.proof import Footprint, Proof
from disjoint.model.snapshot import Snapshot
from disjoint.overlap.digester import KEY
from disjoint.overlap.engine import Sides, census
from disjoint.overlap.file import File, Filed
from disjoint.overlap.read import Steps
from disjoint.overlap.survey import baseline_of
from disjoint.runner.long import TellStep, Voice, nobody
from disjoint.runner.run import Run

from .asked import BUDGET_SECONDS, Asked, Order, asked_of, keyed, limited, observed, opened
from .judging import CENSUS, Both, expected, proof_of, snapshot_in, terms_of

NOTHING = Footprint(0, 0, 0.0)
"""What production is asked where its digests are here already."""


class Compared(NamedTuple):
    """What came of it."""

    proof: Proof
    tried: Mapping[str, Tried]
    """What came of each census, by resource."""
    opening: Opening
    """What the file says of itself."""
    content: str
    """Its digest."""
    log: Path | None = None
    """Where it was written down."""


def compare(
    manifest: Manifest,
    key: ProjectKey,
    path: Path,
    order: Order,
    *,
    despite_limit: bool = False,
    tell: TellStep = nobody,
) -> Compared:
    """Read production's side as staging's file was read, and compare: nothing leaves but what is returned.

    Raises:
        UsageError: the file is not what `take` writes.
        TamperedError: it is not as it was signed.
        UnprovenError: it is not one to be compared now, or enough were compared today.
        WriteError: the comparison cannot be written down.
    """
    now = datetime.now(UTC)
    with File.open(path) as file:
        opening = expected(file, manifest, key, "up", now)
        entry = Entry(now, opening.started_at, opening.run, file.content.hex())
        log = entered(opening.manifest, entry, despite=despite_limit)
        comparison = _Comparison(manifest, key, order, tell, file, opening, now)
        found = comparison.made(manifest.production, path)
    noted(log, opening.run, {name: _counts(own[CENSUS]) for name, own in found.tried.items()})
    return found._replace(log=log)


def compare_sealed(
    manifest: Manifest,
    key: ProjectKey,
    path: Path,
    order: Order,
    reader: bytes,
    *,
    tell: TellStep = nobody,
) -> Compared:
    """Read staging's side as production's sealed file was read, and compare here.

    Raises:
        UsageError: the file is not what `seal` writes.
        TamperedError: it is not as it was sealed and signed.
        UnprovenError: it is for another reader, or not one to be compared now.
    """
    now = datetime.now(UTC)
    with tempfile.TemporaryFile(prefix="disjoint-") as plain:
        secret = _unsealed(path, reader, plain.write)
        plain.flush()
        with File(os.dup(plain.fileno()), str(path)) as file:
            opening = expected(file, manifest, key, "down", now)
            comparison = _Comparison(manifest, key, order, tell, file, opening, now, secret)
            return comparison.made(manifest.staging, path)


def _unsealed(path: Path, reader: bytes, write: Callable[[bytes], object]) -> bytes:
    try:
        with path.open("rb") as stream:
            secret, frames = envelope.opened(stream, reader, KEY, str(path))
            for frame in frames:
                write(frame)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return secret


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One file and the side that is here."""

    manifest: Manifest
    key: ProjectKey
    order: Order
    tell: TellStep
    file: File
    opening: Opening
    now: datetime
    secret: bytes | None = None

    def made(self, here: Environment, path: Path) -> Compared:
        """Read what is here, compare, and judge."""
        manifest, there = self.manifest, _other(self.manifest, here)
        theirs = snapshot_in(self.file, self.opening, manifest, there)
        asked = asked_of(manifest, here, self.order)
        _expect_all(asked, theirs, path)
        with Run((here,), BUDGET_SECONDS, forks=False, key=stable_key(self.key)) as run:
            ours = observed(manifest, here, asked, run, self.now)
            held = self.file.resources()
            tried: dict[str, Tried] = {
                each.resource: {CENSUS: self._tried(each, held.get(each.resource), (here, ours, run))}
                for each in asked
            }
            footprint = run.tally(here.name).footprint() if here.protected else NOTHING
        sides = Both(ours, theirs) if here.protected else Both(theirs, ours)
        proof = proof_of(limited(manifest, asked), sides, tried, self.opening, path, footprint, self.now)
        seconds = sum(each.terms.seconds for each in asked) + BUDGET_SECONDS
        return Compared(replace(proof, budget=seconds), tried, self.opening, self.file.content.hex())

    def _tried(
        self, each: Asked, found: Filed | None, site: tuple[Environment, Snapshot, Run]
    ) -> Fact[Overlap]:
        here, snapshot, run = site
        try:
            filed, terms = terms_of(each.terms, found, each.job.kind.name, self.file.where)
            with opened(each, here, snapshot, run) as reader:
                return Known(self._compared(each, filed, terms, here, reader))
        except ProbeError as error:
            return Unknown(error.reason, error.remedy)
        except Exception as error:  # noqa: BLE001  (a client library's failure is a fact; its text may hold secrets)
            return Unknown(f"the comparison failed: {type(error).__name__}")

    def _compared(
        self, each: Asked, filed: Filed, terms: Terms, here: Environment, reader: Reader
    ) -> Overlap:
        manifest = self.manifest
        baseline = baseline_of(terms, Path(manifest.directory), each.resource)
        voice, names = (
            Voice(here.name, each.resource, self.tell),
            (manifest.production.name, manifest.staging.name),
        )
        there = self.file.reader(filed, self.secret)
        if self.secret is None:
            return census(Sides(reader, there, names), terms, baseline, Steps(production=voice))
        own = keyed(reader, each, accept_guessable=self.opening.guessable)
        return census(Sides(there, own, names), terms, baseline, Steps(staging=voice))


def _other(manifest: Manifest, here: Environment) -> Environment:
    return manifest.staging if here is manifest.production else manifest.production


def _expect_all(asked: Sequence[Asked], theirs: Snapshot, path: Path) -> None:
    for each in asked:
        if each.resource not in theirs.resources:
            raise UnprovenError(
                f"{path} holds nothing of {each.resource}: take the census of it, too, or compare --resource"
            )


def _counts(came: Fact[object]) -> object:
    """What a log keeps of a census: numbers."""
    match came:
        case Known(Overlap() as found):
            shared = [{"values": hit.values, "confirmed": hit.confirmed} for hit in found.shared]
            return {"production": found.production.values, "staging": found.staging.values, "shared": shared}
        case _:
            return "nothing was compared"
