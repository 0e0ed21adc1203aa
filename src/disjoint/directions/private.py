"""Compare by private set intersection where no process holds both sides: three steps, two messages.

ask       staging's credentials     its elements, under a number of its own     -> request, sent up
answer    production's credentials  both sides' elements, under another number  -> answer, sent down
count     no credentials            how many are on both sides                  -> proof, on staging's side

Neither message holds a digest: whoever has one, or both, can test no guess. What staging's side learns is one
number for each answer, of elements that it chose: so answers are few, and every one is written down.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from disjoint.certify import message
from disjoint.certify.filed import LIFETIME, Opening
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.ledger import Entry, entered
from disjoint.certify.message import expect_ours
from disjoint.certify.snapshot import read_snapshot, written_snapshot
from disjoint.errors import UnprovenError, UsageError
from disjoint.kinds.registry import BY_NAME
from disjoint.model.census import WHOLE, Method, Reader, Sieve, Strength, Survey
from disjoint.model.environment import Environment
from disjoint.model.experiment import Census
from disjoint.model.fact import Known
from disjoint.model.manifest import Manifest
from disjoint.model.plain import built, plain
from disjoint.model.probe import ProbeError
from disjoint.model.proof import Footprint, Proof
from disjoint.model.snapshot import Snapshot
from disjoint.overlap import psi
from disjoint.overlap.bound import missed, one_in
from disjoint.overlap.private import Looked, Pool, overlap
from disjoint.overlap.read import Side
from disjoint.overlap.sections import Section
from disjoint.overlap.sections import read as section_read
from disjoint.overlap.sections import written as section_written
from disjoint.overlap.sketch import Sketch
from disjoint.overlap.survey import baseline_of
from disjoint.runner.long import TellStep, Voice, nobody
from disjoint.runner.run import Run
from disjoint.snapshots import jobs_of
from disjoint.split import digest_of

from .asked import BUDGET_SECONDS, Asked, Order, limited, observed, opened
from .judging import CENSUS, Both, proof_of


class Asking(NamedTuple):
    """What `ask` makes."""

    request: bytes
    """For production's side."""
    state: bytes
    """For this side's eyes alone, until the answer is there."""
    elements: int


def ask(manifest: Manifest, key: ProjectKey, order: Order, tell: TellStep = nobody) -> Asking:
    """Read a sample of staging's side, and make a request of it.

    Raises:
        UsageError: it is not clear of which resource.
        UnprovenError: it could not be read, or is too large.
    """
    run, now, here = secrets.token_hex(16), datetime.now(UTC), manifest.staging
    asked = _asked(manifest, here, order)
    with _told(asked), _open(manifest, here, asked, key, now) as (reader, snapshot, _):
        asker = psi.Asker()
        section = _section(asked, reader)
        pool = _read(here, asked, reader, section, tell, own=False)
        pool.excuse(baseline_of(asked.terms, Path(manifest.directory), asked.resource))
        request = asker.request(pool.elements.kept)
        looked = pool.looked()
    elements = len(pool.elements.kept)
    head = {**_head("request", manifest, here, key, run, now), "elements": elements}
    written = message.written({**head, "section": json.loads(section_written(section))}, [request], key)
    state = {
        "run": run,
        "number": asker.key.hex(),
        "elements": elements,
        "section": json.loads(section_written(section)),
        "looked": plain(looked),
        "snapshot": written_snapshot(snapshot),
        "request": message.read(written, "request", key, "the request").digest,
    }
    return Asking(written, json.dumps(state, sort_keys=True).encode(), elements)


def answer(
    manifest: Manifest,
    key: ProjectKey,
    octets: bytes,
    where: str,
    *,
    despite_limit: bool = False,
    tell: TellStep = nobody,
) -> bytes:
    """Read the same sample of production's side, and answer a request.

    Raises:
        UsageError, TamperedError: it is no request, or was changed.
        UnprovenError: it is not one to be answered now, or enough were answered today.
    """
    now, here = datetime.now(UTC), manifest.production
    asked_for = message.read(octets, "request", key, where)
    made_at = expect_ours(asked_for, _of(manifest, manifest.staging, key), where, now)
    section = section_read(json.dumps(asked_for.head.get("section")).encode(), where)
    asked = _asked(manifest, here, Order(only=section.resource))
    run = str(asked_for.head["run"])
    with _told(asked):
        _expect_as_asked(asked, section)
        elements = psi.asked_in(asked_for.parts[0])
    entered(digest_of(manifest), Entry(now, made_at, run, asked_for.digest), despite=despite_limit)
    with _told(asked), _open(manifest, here, asked, key, now) as (reader, snapshot, site):
        _expect_same_answers(reader.survey, section)
        reader.narrow(section.survey)
        pool = _read(here, asked, reader, section, tell)
        answered = psi.answer(asked_for.parts[0], pool.elements.kept)
        looked, footprint = pool.looked(), site.tally(here.name).footprint()
    head = {
        **_head("answer", manifest, here, key, run, now),
        "request": asked_for.digest,
        "elements": elements,
        "looked": plain(looked),
        "snapshot": written_snapshot(snapshot),
        "footprint": plain(footprint),
    }
    return message.written(head, [*answered], key)


def count(manifest: Manifest, key: ProjectKey, octets: bytes, state: bytes, file: Path) -> Proof:
    """How many of staging's elements production's side has, and what that proves.

    Raises:
        UsageError, TamperedError: it is no answer to this request, or was changed.
        UnprovenError: it is too old.
    """
    now, where = datetime.now(UTC), str(file)
    answered = message.read(octets, "answer", key, where)
    made_at = expect_ours(answered, _of(manifest, manifest.production, key), where, now)
    own = _state(state)
    if answered.head.get("request") != own["request"] or len(answered.parts) != 2:
        raise UsageError(f"{where} answers another request than --state is of")
    section = section_read(json.dumps(own["section"]).encode(), "--state")
    asked = _asked(manifest, manifest.staging, Order(only=section.resource))
    with _told(asked):
        asker = psi.Asker(bytes.fromhex(own["number"]))
        found = asker.count(psi.Answer(*answered.parts), int(own["elements"]))
    looked = (_built(Looked, answered.head.get("looked"), where), _built(Looked, own["looked"], "--state"))
    came = overlap(section.sieve, section.detect.confidence, *looked, found)
    name, run = asked.resource, str(own["run"])
    sides = Both(
        _snapshot(answered.head.get("snapshot"), manifest.production, where),
        _snapshot(own["snapshot"], manifest.staging, "--state"),
    )
    opening = Opening(
        direction="up",
        run=run,
        manifest=digest_of(manifest),
        environment=manifest.staging.name,
        key=key_name(key),
        started_at=made_at,
        expires_at=made_at + LIFETIME,
        snapshot=None,
    )
    footprint = _built(Footprint, answered.head.get("footprint"), where)
    tried = {name: {CENSUS: Known(came)}}
    return proof_of(limited(manifest, [asked]), sides, tried, opening, file, footprint, made_at)


def _asked(manifest: Manifest, environment: Environment, order: Order) -> Asked:
    """The one resource that is meant.

    Raises:
        UsageError: none, or several; or every value is asked for.
    """
    every = [
        Asked(job, test, terms)
        for job in jobs_of(manifest)
        if job.target.environment is environment and order.only in {None, job.target.resource}
        for test in job.kind.experiments
        if isinstance(test, Census) and (terms := test.terms(job.target.declared)) is not None
    ]
    if len(every) != 1:
        names = ", ".join(each.resource for each in every) or 'none: state rows = "private"'
        raise UsageError(f"name one resource that has rows (--resource): {names}")
    (asked,) = every
    if asked.terms.strength is Strength.EXACT:
        raise UsageError(f'{asked.resource}: rows = "exact" asks for every value; a sample is compared here')
    terms = replace(asked.terms, detect=order.detect or asked.terms.detect, strength=Strength.PRIVATE)
    return asked._replace(terms=terms)


@contextmanager
def _told(asked: Asked) -> Iterator[None]:
    """What a probe cannot do is what nobody can conclude from."""
    try:
        yield
    except ProbeError as error:
        remedy = f" ({error.remedy})" if error.remedy else ""
        raise UnprovenError(f"{asked.resource}: {error.reason}{remedy}") from None


@contextmanager
def _open(
    manifest: Manifest, here: Environment, asked: Asked, key: ProjectKey, now: datetime
) -> Iterator[tuple[Reader, Snapshot, Run]]:
    with Run((here,), BUDGET_SECONDS, forks=False, key=stable_key(key)) as site:
        snapshot = observed(manifest, here, [asked], site, now)
        with opened(asked, here, snapshot, site) as reader:
            yield reader, snapshot, site


def _section(asked: Asked, reader: Reader) -> Section:
    """A fresh sieve by what is to be found alone: how large the other side is nobody here knows."""
    survey, terms = reader.survey, asked.terms
    methods = [method for method in survey.header.methods if method is not Method.HMAC]
    if not methods:
        raise ProbeError(f"no digest of {survey.header.speaks} can be made elsewhere")
    numbers = [int.from_bytes(secrets.token_bytes(8), "big", signed=True) for _ in range(2)]
    kept = one_in(terms.detect, 1, small=0)
    sieve = Sieve(methods[0], numbers[0], numbers[1], secrets.token_bytes(16), kept, terms.fold, WHOLE)
    planted = replace(sieve, planted=reader.plant(sieve))
    kind = asked.job.kind.name
    return Section(asked.resource, kind, Strength.PRIVATE, terms.detect, planted, survey)


def _read(
    here: Environment, asked: Asked, reader: Reader, section: Section, tell: TellStep, *, own: bool = True
) -> Pool:
    side = Side(here.name, reader, Sketch(), Voice(here.name, asked.resource, tell))
    pool = Pool.of(side, section.sieve, section.detect.confidence, own=own)
    side.read(section.sieve)
    return pool


def _expect_as_asked(asked: Asked, section: Section) -> None:
    terms, sieve = asked.terms, section.sieve
    if section.kind != asked.job.kind.name or sieve.fold != terms.fold:
        raise ProbeError("the request reads it otherwise than the manifest says", "make it anew")
    if missed(sieve.one_in, terms.detect.confidence) > max(terms.detect.values, 1):
        raise ProbeError("the request's sample is thinner than detect allows", "make it anew")


def _expect_same_answers(survey: Survey, section: Section) -> None:
    method = section.sieve.method.value
    ours, theirs = dict(survey.header.known), dict(section.survey.header.known)
    if ours.get(method) is None or ours[method] != theirs.get(method):
        speak = f"{survey.header.speaks} and {section.survey.header.speaks}"
        raise ProbeError(f"no digest is the same on both sides ({speak})", "compare servers of one encoding")


def _head(
    step: str, manifest: Manifest, side: Environment, key: ProjectKey, run: str, now: datetime
) -> dict[str, Any]:
    return {"step": step, "run": run, "madeAt": now.isoformat(), **_of(manifest, side, key)}


def _of(manifest: Manifest, side: Environment, key: ProjectKey) -> dict[str, str]:
    """Whose message it is."""
    return {"manifest": digest_of(manifest), "environment": side.name, "key": key_name(key)}


def _state(state: bytes) -> dict[str, Any]:
    try:
        own = json.loads(state)
        return {name: own[name] for name in ("number", "elements", "section", "looked", "snapshot", *_NAMES)}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError("--state is not what `disjoint private request` left") from None


_NAMES = ("run", "request")


def _built(kind: type[Any], stated: Any, where: str) -> Any:
    try:
        return built(kind, stated)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(f"{where} says what this version does not know: make it anew") from None


def _snapshot(stated: Any, side: Environment, where: str) -> Snapshot:
    return read_snapshot(stated, BY_NAME, environment=side.name, protected=side.protected, where=where)
