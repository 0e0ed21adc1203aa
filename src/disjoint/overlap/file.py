"""One side that was read before, elsewhere: its digests stream from a file, as a server's would."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

from disjoint.errors import UsageError
from disjoint.model.census import HALF, WHOLE, Match, Planted, Portion, Sieve, Survey, Task
from disjoint.model.probe import ProbeError

from .numbers import np
from .records import DONE, ENDS, OPENS, PART, SECTION, Record, content, payload, record, scan
from .sections import Section, read, task_read


class Reading(NamedTuple):
    """One task that was read to its end."""

    task: Task
    parts: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """A resource as the file has it."""

    number: int
    section: Section
    readings: tuple[Reading, ...]


class File:
    """An open file of digests, scanned once: nothing of it is believed before its stamp was looked at."""

    def __init__(self, descriptor: int, where: str) -> None:
        self._descriptor = descriptor
        self.where = where
        self._records = [*scan(descriptor, where)]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a regular file.

        Raises:
            UsageError: there is none, or it is not what `disjoint census` writes.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        try:
            return cls(descriptor, str(path))
        except OSError as error:
            os.close(descriptor)
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except BaseException:
            os.close(descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)

    @property
    def content(self) -> bytes:
        """The digest of everything that it says."""
        return content(self._records)

    @property
    def opening(self) -> bytes:
        """What it says of itself.

        Raises:
            UsageError: it says nothing.
        """
        if not self._records or self._records[0].mark != OPENS:
            _refuse(self.where)
        return payload(self._descriptor, self._records[0], self.where)

    @property
    def ending(self) -> bytes:
        """How it ends.

        Raises:
            UsageError: it was never finished.
        """
        if not self._records or self._records[-1].mark != ENDS:
            raise UsageError(f"{self.where} was never finished: `disjoint census --resume` goes on with it")
        said = payload(self._descriptor, self._records[-1], self.where)
        if self._records[-1].head != record(ENDS, said).head:
            _refuse(self.where)
        return said

    def resources(self) -> Mapping[str, Filed]:
        """Everything that it holds, by resource; of two sections about one, the later.

        Raises:
            UsageError: its records contradict each other.
        """
        return {
            filed.section.resource: filed for filed in filed_in(self._descriptor, self._records, self.where)
        }

    def reader(self, resource: Filed, secret: bytes | None = None) -> FileReader:
        """One of its resources, open for reading; with the key of its digests, where they have one."""
        section = resource.section
        if secret is not None:
            section = replace(section, sieve=replace(section.sieve, salt=secret))
        return FileReader(self._descriptor, replace(resource, section=section), self.where)


def filed_in(descriptor: int, records: Sequence[Record], where: str) -> Iterator[Filed]:
    """What records say of each resource, in their order.

    Raises:
        UsageError: they contradict each other.
    """
    stated: dict[int, Section] = {}
    parts: dict[tuple[int, int], list[Record]] = {}
    done: dict[int, dict[int, Reading]] = {}
    for each in records:
        if each.mark == SECTION:
            stated[each.section] = read(payload(descriptor, each, where), where)
            done.setdefault(each.section, {})
        elif each.mark == PART and each.section in stated:
            parts.setdefault((each.section, each.attempt), []).append(each)
        elif each.mark == DONE and each.section in stated:
            own = tuple(parts.pop((each.section, each.attempt), ()))
            task = task_read(payload(descriptor, each, where), stated[each.section], where)
            done[each.section][task.number] = _reading(each, task, own, where)
        elif each.mark in {PART, DONE}:
            _refuse(where)
    for number, section in stated.items():
        yield Filed(number, section, tuple(done[number].values()))


def _reading(end: Record, task: Task, parts: tuple[Record, ...], where: str) -> Reading:
    sound = all(p.task == task.number and p.place in task.places and p.length % WHOLE == 0 for p in parts)
    if end.task != task.number or end.values != len(parts) or not sound:
        _refuse(where)
    return Reading(task, parts)


def _refuse(where: str) -> NoReturn:
    raise UsageError(f"{where}: its records contradict each other; make it anew")


class FileReader:
    """A `Reader` of what was read already."""

    def __init__(self, descriptor: int, filed: Filed, where: str) -> None:
        self._descriptor = descriptor
        self._where = where
        self._section = filed.section
        self._readings = {reading.task.number: reading for reading in filed.readings}

    @property
    def survey(self) -> Survey:
        """As it was when it was read; it can be compared by one method alone."""
        survey, method = self._section.survey, self._section.sieve.method
        known = tuple(each for each in survey.header.known if each[0] == method.value)
        return replace(survey, header=survey.header._replace(methods=(method,), known=known))

    @property
    def abreast(self) -> int:
        """One: a disk is read in order."""
        return 1

    @property
    def drawn(self) -> Sieve | None:
        """What its digests were made with."""
        return self._section.sieve

    def narrow(self, theirs: Survey) -> None:
        """Nothing is left out: it is read already."""

    def plant(self, sieve: Sieve) -> Planted:  # noqa: ARG002  (as a reader has it)
        """Nothing can be added to a file.

        Raises:
            ProbeError: always.
        """
        raise ProbeError(f"{self._where} was made with a planted value of its own")

    def tasks(self, sieve: Sieve) -> Sequence[Task]:
        """Everything that was read to its end.

        Raises:
            ProbeError: another sieve is asked for than the file was made with.
        """
        if replace(sieve, width=WHOLE) != self._section.sieve:
            raise ProbeError(f"{self._where} was made with another sieve")
        return [reading.task for reading in self._readings.values()]

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """The digests of one task.

        Raises:
            ProbeError: the file was changed meanwhile.
        """
        for part in self._readings[task.number].parts:
            whole = self._payload(part)
            packed = whole if sieve.width == WHOLE else _halves(whole)
            yield Portion(part.place, packed, part.values, part.rows)

    def confirm(
        self,
        sieve: Sieve,  # noqa: ARG002  (as above)
        wanted: Mapping[int, Sequence[bytes]],
        salt: bytes,  # noqa: ARG002  (as above)
    ) -> Iterator[Match]:
        """Each distinct digest that has a wanted selector; what a baseline calls it, the other side says.

        Raises:
            ProbeError: the file was changed meanwhile.
        """
        sought = {place: np.sort(_numbers(b"".join(own), HALF)) for place, own in wanted.items() if own}
        met: set[tuple[int, bytes]] = set()
        for reading in self._readings.values():
            for part in reading.parts:
                if part.place in sought:
                    found = _with(self._payload(part), sought[part.place])
                    fresh = {(part.place, digest) for digest in found} - met
                    met |= fresh
                    yield from (Match(place, digest) for place, digest in fresh)

    def _payload(self, part: Record) -> bytes:
        try:
            return payload(self._descriptor, part, self._where)
        except UsageError as error:
            raise ProbeError(str(error), "make the file anew") from None


def _numbers(packed: bytes, width: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """The selectors among packed digests."""
    return np.frombuffer(packed, ">u8").reshape(-1, width // HALF)[:, 0].astype(np.uint64)


def _halves(whole: bytes) -> bytes:
    return np.frombuffer(whole, ">u8").reshape(-1, WHOLE // HALF)[:, 0].tobytes()


def _with(whole: bytes, sought: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> Iterator[bytes]:
    own = _numbers(whole, WHOLE)
    at = np.minimum(np.searchsorted(sought, own), sought.size - 1)
    for index in np.flatnonzero(sought[at] == own):
        yield whole[index * WHOLE : (index + 1) * WHOLE]
