"""Production's digests go down to staging's side, sealed: under a key of their own, for one reader, a while.

seal       production's credentials  read what nobody can guess, digest it here, encrypt       -> file
compare    staging's credentials     decrypt, read its own under the file's key, and compare   -> proof
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from disjoint.certify import envelope
from disjoint.certify.filed import Opening, ending_written, opening_written
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.snapshot import written_snapshot
from disjoint.errors import UnprovenError, WriteError
from disjoint.model.manifest import Manifest
from disjoint.model.probe import ProbeError
from disjoint.overlap.digester import drawn
from disjoint.overlap.keyed import Keyed
from disjoint.overlap.records import OPENS, record
from disjoint.overlap.taking import Taken, Taking, after, section_of
from disjoint.overlap.writing import Writer
from disjoint.runner.long import TellStep, Voice, nobody
from disjoint.runner.run import Run
from disjoint.split import digest_of

from .asked import BUDGET_SECONDS, Asked, Order, asked_of, keyed, observed, opened


@dataclass(frozen=True, slots=True)
class Envelope:
    """For whom production's digests are sealed, and what may be in it."""

    to: bytes
    """The reader's public key."""
    accept_guessable: bool = False


def seal(
    manifest: Manifest, key: ProjectKey, output: Path, order: Order, sent: Envelope, tell: TellStep = nobody
) -> None:
    """Read production's side into a file that one reader can open.

    Raises:
        UsageError: nothing is asked for.
        UnprovenError: not everything could be read: nothing is kept of it.
        WriteError: it cannot be written or signed.
    """
    asked, now = asked_of(manifest, manifest.production, order), datetime.now(UTC)
    name, secret = secrets.token_hex(16), drawn()
    environment = manifest.production
    with (
        Run((environment,), BUDGET_SECONDS, forks=False, key=stable_key(key)) as run,
        # what stands here has no key beside it: digests that nobody can test a guess against
        tempfile.TemporaryDirectory(prefix="disjoint-") as folder,
    ):
        snapshot = observed(manifest, environment, asked, run, now)
        said = Opening(
            direction="down",
            run=name,
            manifest=digest_of(manifest),
            environment=environment.name,
            key=key_name(key),
            started_at=now,
            expires_at=now + order.lifetime,
            guessable=sent.accept_guessable,
            snapshot=written_snapshot(snapshot),
        )
        octets, place = opening_written(said), Path(folder) / "digests"
        with Writer.begin(place.with_suffix(".partial"), record(OPENS, octets), octets) as writer:
            for number, each in enumerate(asked):
                voice = Voice(environment.name, each.resource, tell)
                try:
                    with opened(each, environment, snapshot, run) as reader:
                        own = keyed(reader, each, accept_guessable=sent.accept_guessable)
                        taken = _read(own, each, _Place(writer, number, secret, voice))
                except ProbeError as error:
                    raise UnprovenError(f"{each.resource}: {error.reason}{_then(error.remedy)}") from None
                for what, reason, remedy in taken.failed:
                    raise UnprovenError(f"{each.resource}: {what} was not read: {reason}{_then(remedy)}")
            writer.finish(ending_written(writer.content(), datetime.now(UTC), key), place)
        _encrypted(place, secret, sent.to, output)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one resource is written."""

    writer: Writer
    number: int
    secret: bytes
    voice: Voice


def _read(own: Keyed, each: Asked, place: _Place) -> Taken:
    section = section_of(each.resource, each.job.kind.name, each.terms, own, place.secret)
    place.writer.section(place.number, section)
    first = max((found.attempt for found in place.writer.records), default=0)
    tasks = own.tasks(section.sieve)
    taken = Taking(own, place.writer, place.number, section, place.voice, tasks, first).take({})
    learnt = replace(own.survey, gaps=(*own.survey.gaps, *own.untold))
    place.writer.section(place.number, after(section, learnt, *own.withheld))
    return taken


def _encrypted(plain: Path, secret: bytes, to: bytes, output: Path) -> None:
    draft = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as into, plain.open("rb") as stream:
            envelope.sealed(stream, secret, to, into)
            into.flush()
            os.fsync(into.fileno())
        draft.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise WriteError(f"cannot write {output}: {error.strerror}") from None


def _then(remedy: str) -> str:
    return f" ({remedy})" if remedy else ""
