"""What `verify-certificate` does once its options are read: files in, lines to show out.

Loaded without click, which takes longer to import than a certificate to verify (docs/adr/0015).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from disjoint.certify.spki import keyid_of
from disjoint.certify.trust import Trust, Verified, Wanted
from disjoint.certify.verify import verified
from disjoint.errors import UnprovenError, UsageError

LARGEST = 64 << 20
"""Octets of a file that came with a certificate."""
EARLIEST, LATEST = 1970, 9000
"""Years: others have moments that cannot be written in UTC."""
STRICT = 2
"""People, for --strict."""
_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Asked(NamedTuple):
    """The options, as they were written."""

    certificate: str = "certificate.intoto.jsonl"
    key: tuple[str, ...] = ()
    allowed_signers: str | None = None
    environment: str | None = None
    reference: str | None = None
    manifest: str | None = None
    staging_part: str | None = None
    production_part: str | None = None
    challenge: str | None = None
    at: str | None = None
    max_age: str | None = None
    approvals: str | None = None
    strict: bool = False
    evidence: str | None = None


_SINGLE = {
    f"--{name.replace('_', '-')}": name
    for name in Asked._fields
    if name not in {"certificate", "key", "strict"}
}
"""Options that have one value."""


def asked_in(words: list[str]) -> Asked:
    """Options that are written plainly, each name before its value.

    Raises:
        LookupError: they are not: click says what is wrong, if anything is.
    """
    left, keys, single, strict = list(reversed(words)), list[str](), dict[str, str](), False
    while left:
        word = left.pop()
        name = _SINGLE.get(word, "" if word.startswith("-") else "certificate")
        if word == "--key":
            keys.append(left.pop())
        elif word == "--strict":
            strict = True
        elif name and name not in single:
            single[name] = word if name == "certificate" else left.pop()
        else:
            raise LookupError(word)
    return _asked(single, tuple(keys), strict=strict)


def _asked(single: Mapping[str, str], keys: tuple[str, ...], *, strict: bool) -> Asked:
    return Asked(
        certificate=single.get("certificate", Asked().certificate),
        key=keys,
        allowed_signers=single.get("allowed_signers"),
        environment=single.get("environment"),
        reference=single.get("reference"),
        manifest=single.get("manifest"),
        staging_part=single.get("staging_part"),
        production_part=single.get("production_part"),
        challenge=single.get("challenge"),
        at=single.get("at"),
        max_age=single.get("max_age"),
        approvals=single.get("approvals"),
        strict=strict,
        evidence=single.get("evidence"),
    )


def answered(asked: Asked) -> list[str]:
    """What there is to say of a certificate that holds.

    Raises:
        UsageError: an option cannot be used, or names no file.
        TamperedError, UnprovenError: it does not hold; the text says why.
    """
    wanted, now = _wanted(asked), _moment(asked.at)
    content = _content(asked.certificate)
    return list(_told(verified(content, _trust(asked), wanted, now), wanted, now))


def _content(path: str) -> bytes:
    """A certificate that is not there is missing, not misused: nothing can be said."""
    try:
        return _octets(path)
    except FileNotFoundError:
        raise UnprovenError(
            f"there is no certificate: {path} does not exist; run `disjoint certify`"
        ) from None


def _trust(asked: Asked) -> Trust:
    from disjoint.certify import engines  # noqa: PLC0415  (which starts programs)

    if not asked.key:
        raise UsageError("name the prover's public key: --key prover.pub.pem")
    keys = tuple(map(_key, asked.key))
    return Trust(
        keys,
        engines.machine,
        None if asked.allowed_signers is None else engines.people(asked.allowed_signers),
    )


def _key(path: str) -> bytes:
    pem = _file(path)
    try:
        keyid_of(pem)
    except ValueError as error:
        raise UsageError(f"{path}: {error}; name the .pub.pem that `disjoint keygen` made") from None
    return pem


def _wanted(asked: Asked) -> Wanted:
    for option in ("environment", "reference", "challenge"):
        if getattr(asked, option) == "":
            raise UsageError(f"--{option} is empty, and would ask for nothing: is its variable set?")
    environment, reference, policy = _declared(asked.manifest)
    return Wanted(
        environment=asked.environment or environment,
        reference=asked.reference or reference,
        policy=policy,
        staging=_digest(asked.staging_part),
        production=_digest(asked.production_part),
        challenge=asked.challenge,
        max_age=None if asked.max_age is None else _span(asked.max_age),
        approvals=_approvals(asked),
        evidence=None if asked.evidence is None else _Evidence(asked.evidence),
    )


def _declared(manifest: str | None) -> tuple[str | None, str | None, str | None]:
    """What a manifest asks of a certificate: which environments, and what it must have declared."""
    if manifest is None:
        return None, None, None
    from pathlib import Path  # noqa: PLC0415  (as pipeline, is for this option alone)

    from disjoint.split import digest_of, load_side  # noqa: PLC0415

    declared = load_side(Path(manifest), protected=None)
    policy = digest_of(declared).removeprefix("sha256:")
    return declared.staging.name, declared.production.name, policy


def _approvals(asked: Asked) -> int:
    stated = asked.approvals or ("2" if asked.strict else "1")
    if not re.fullmatch(r"[0-9]", stated):
        raise UsageError(f"--approvals {stated}: a number of people from 0 to 9")
    if asked.strict and int(stated) < STRICT:
        raise UsageError(f"--strict wants two people: leave out --approvals {stated}")
    return int(stated)


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if not found:
        raise UsageError(f"--max-age {text}: a number with its unit: 30m, 24h, 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(f"--at {text}: a time with its zone: 2026-12-31T12:00:00Z")
    if not EARLIEST <= found.year <= LATEST:
        raise UsageError(f"--at {text}: no time that a certificate could be of")
    return found.astimezone(UTC)


def _digest(path: str | None) -> str | None:
    return None if path is None else _sha256(path)


def _sha256(path: str) -> str:
    import hashlib  # noqa: PLC0415  (the verification has it loaded)

    return hashlib.sha256(_file(path)).hexdigest()


class _Evidence(Mapping[str, str]):
    """A folder's files by name; each is digested when it is asked for, so that no other need be readable."""

    def __init__(self, folder: str) -> None:
        try:
            with os.scandir(folder) as found:
                self._names = frozenset(each.name for each in found if each.is_file())
        except OSError as error:
            raise UsageError(f"{folder}: {error.strerror}") from None
        self._folder = folder

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        return _sha256(os.path.join(self._folder, name))  # noqa: PTH118  (no pathlib)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _file(path: str) -> bytes:
    try:
        return _octets(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None


def _octets(path: str) -> bytes:
    """A regular file's content, octet for octet; a pipe is an answer, not a wait."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{path!r}: no file can have this name") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{path}: is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise UsageError(f"{path}: is larger than {LARGEST >> 20} MiB")
    return content


def _told(found: Verified, wanted: Wanted, now: datetime) -> Iterator[str]:
    from disjoint.report.inert import inert  # noqa: PLC0415  (only what holds is shown)

    proof = found.proof
    yield f"HOLDS until {_shown(found.until)}, read as of {_shown(now)}"
    yield inert(f"{proof.environment} is isolated from {proof.reference}: proven {_shown(proof.finished_at)}")
    yield inert("how: " + ", ".join(f"{row.resource} {row.grade or row.status}" for row in proof.matrix))
    yield inert(f"by {proof.prover}, key {found.keyid[:16]}, asked for by {', '.join(proof.requested_by)}")
    for each in found.approvals:
        when = f"{_shown(each.signed_at)}, until {_shown(each.valid_until)}"
        yield inert(f"signed off by {each.principal} ({each.role}) {when}")
    if not wanted.approvals and not found.approvals:
        yield "signed off by nobody: none was asked for"
    for waiver in found.waivers:
        who = f"owner {waiver.owner}, approved by {waiver.approver}, until {_shown(waiver.expires)}"
        yield inert(f"waived: {waiver.name}: {waiver.reason} ({who})")


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
