"""Read one side into a file, to be compared on the other."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from disjoint.certify.filed import Opening, ending_written, opening_read, opening_written
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.snapshot import read_snapshot, written_snapshot
from disjoint.errors import UnprovenError, UsageError
from disjoint.kinds.registry import BY_NAME
from disjoint.model.census import Reader, Task
from disjoint.model.manifest import Manifest
from disjoint.model.probe import ProbeError
from disjoint.model.snapshot import Snapshot
from disjoint.model.words import counted
from disjoint.overlap.file import Filed, filed_in
from disjoint.overlap.records import OPENS, payload, record
from disjoint.overlap.sections import Section
from disjoint.overlap.taking import Taken, Taking, after, resumed, section_of, still_asked
from disjoint.overlap.writing import Writer
from disjoint.runner.long import TellStep, Voice, nobody
from disjoint.runner.run import Run
from disjoint.split import digest_of

from .asked import BUDGET_SECONDS, Asked, Order, asked_of, observed, opened, shown

Say: TypeAlias = Callable[[str], None]
"""Tells a person one line."""


def take(
    manifest: Manifest, key: ProjectKey, output: Path, order: Order, say: Say, tell: TellStep = nobody
) -> None:
    """Read staging's side into a file: whole, or what was read so far beside it.

    Raises:
        UsageError: nothing is asked for, or what is to be gone on with is of something else.
        UnprovenError: not everything could be read; what was can be gone on with.
        WriteError: it cannot be written or signed.
    """
    asked, now = asked_of(manifest, manifest.staging, order), datetime.now(UTC)
    partial = partial_of(output)
    left = Writer.go_on(partial) if order.resume and partial.exists() else None
    name = secrets.token_hex(16) if left is None else _opening(left, key).run
    with Run((manifest.staging,), BUDGET_SECONDS, forks=False, key=stable_key(key)) as run:
        snapshot = observed(manifest, manifest.staging, asked, run, now)
        said = Opening(
            direction="up",
            run=name,
            manifest=digest_of(manifest),
            environment=manifest.staging.name,
            key=key_name(key),
            started_at=now,
            expires_at=now + order.lifetime,
            snapshot=written_snapshot(snapshot),
        )
        with _begun(partial, said, left, snapshot, key) as writer:
            for each in asked:
                _read(each, _Site(manifest, snapshot, run, writer), say, tell)
            writer.finish(ending_written(writer.content(), datetime.now(UTC), key), output)


def partial_of(output: Path) -> Path:
    """Where a census stands until it is whole."""
    return output.with_name(f"{output.name}.partial")


class _Site(NamedTuple):
    """What the reading of every resource shares."""

    manifest: Manifest
    snapshot: Snapshot
    run: Run
    writer: Writer


def _opening(writer: Writer, key: ProjectKey) -> Opening:
    where, first = str(writer.path), writer.records[:1]
    if not first or first[0].mark != OPENS:
        raise UsageError(f"{where} was hardly begun: begin anew, without --resume")
    return opening_read(payload(writer.descriptor, first[0], where), where, key)


def _begun(path: Path, said: Opening, left: Writer | None, snapshot: Snapshot, key: ProjectKey) -> Writer:
    if left is None:
        octets = opening_written(said)
        return Writer.begin(path, record(OPENS, octets), octets)
    before = _opening(left, key)
    where, own = str(path), said.environment
    then = read_snapshot(before.snapshot, BY_NAME, environment=own, protected=False, where=where)
    if (before.manifest, before.environment) != (said.manifest, own) or shown(then) != shown(snapshot):
        raise UsageError(f"{path} is of another manifest or server: begin anew, without --resume")
    if datetime.now(UTC) >= before.expires_at:
        raise UsageError(f"{path} has expired: begin anew, without --resume")
    return left


def _read(each: Asked, site: _Site, say: Say, tell: TellStep) -> None:
    try:
        with opened(each, site.manifest.staging, site.snapshot, site.run) as reader:
            taken = _taken(each, reader, site, say, tell)
    except ProbeError as error:
        raise UnprovenError(f"{each.resource}: {error.reason}{_then(error.remedy)}") from None
    for what, reason, remedy in taken.failed:
        raise UnprovenError(
            f"{each.resource}: {what} was not read: {reason}{_more(len(taken.failed) - 1)}{_then(remedy)}; "
            f"{site.writer.path} keeps the rest: --resume goes on with it"
        )


def _taken(each: Asked, reader: Reader, site: _Site, say: Say, tell: TellStep) -> Taken:
    number, section, done, tasks = _section(each, reader, site.writer)
    if done:
        say(f"{each.resource}: {counted(len(done), 'part')} of an earlier run stand: of another snapshot")
    elif (gaps := section.survey.gaps) != ():
        say(f"{each.resource}: {gaps[0].place} cannot be read: {gaps[0].reason}{_more(len(gaps) - 1)}")
    first = max((found.attempt for found in site.writer.records), default=0)
    voice = Voice(site.manifest.staging.name, each.resource, tell)
    taken = Taking(reader, site.writer, number, section, voice, tasks, first).take(done)
    if (told := after(section, reader.survey)) != section:
        site.writer.section(number, told)
    return taken


class _Begun(NamedTuple):
    """What the file says of a resource, what of it was read, and all that is to be read."""

    number: int
    section: Section
    done: Mapping[int, Task]
    tasks: Sequence[Task]


def _section(each: Asked, reader: Reader, writer: Writer) -> _Begun:
    """What stands of an earlier run; said now where that was of something else."""
    filed = [*filed_in(writer.descriptor, writer.records, str(writer.path))]
    for earlier in reversed(filed):
        if earlier.section.resource == each.resource and (tasks := still_asked(reader, earlier, each.terms)):
            return _gone_on(earlier, tasks, writer)
    section = section_of(each.resource, each.job.kind.name, each.terms, reader)
    writer.section(len(filed), section)
    return _Begun(len(filed), section, {}, reader.tasks(section.sieve))


def _gone_on(earlier: Filed, tasks: Sequence[Task], writer: Writer) -> _Begun:
    done = {reading.task.number: reading.task for reading in earlier.readings}
    section = resumed(earlier.section) if done else earlier.section
    if section != earlier.section:
        writer.section(earlier.number, section)
    return _Begun(earlier.number, section, done, tasks)


def _then(remedy: str) -> str:
    return f" ({remedy})" if remedy else ""


def _more(others: int) -> str:
    return f" (and {others} more)" if others > 0 else ""
