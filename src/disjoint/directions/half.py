"""What came of staging's digests, for a proof that is made without them: counts, and no digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from disjoint.certify.belonging import NOWHERE, fresh_census, of_one_manifest, of_these_places
from disjoint.certify.half import Compared as Half
from disjoint.certify.half import key_name, read_half, written
from disjoint.certify.keys import ProjectKey
from disjoint.certify.meeting import Rows, counted_in
from disjoint.certify.sign import Signer
from disjoint.model.census import Gap, Left, Overlap
from disjoint.model.fact import Fact, Known, mapped
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.plain import plain
from disjoint.model.snapshot import Snapshot
from disjoint.sealed.opening import trusted
from disjoint.split import digest_of

from .asked import login, there
from .compare import Compared
from .judging import CENSUS


def half_of(manifest: Manifest, key: ProjectKey, found: Compared, signer: Signer | None = None) -> str:
    """The half's text, signed: by this machine where nobody is named.

    Raises:
        WriteError: the key cannot be used.
    """
    theirs, ours = there(found.proof.production), there(found.proof.staging)
    judged = {each.name: each for each in manifest.resources if each.name in found.tried}
    sides = {name: (theirs.get(name, NOWHERE), ours.get(name, NOWHERE)) for name in found.tried}
    half = Half(
        run=found.opening.run,
        manifest=digest_of(manifest),
        environment=manifest.production.name,
        key=key_name(key),
        started_at=found.proof.started_at,
        clock=None,
        snapshot=None,
        footprint=found.proof.footprint,
        census=found.content,
        made_at=found.opening.started_at,
        staging=manifest.staging.name,
        places={name: (their.shown, our.shown) for name, (their, our) in sides.items()},
        servers={n: (_sorted(their.server), _sorted(our.server)) for n, (their, our) in sides.items()},
        kin={n: (_sorted(their.kin), _sorted(our.kin)) for n, (their, our) in sides.items()},
        logins={name: _named(login(each, found.proof.staging)) for name, each in judged.items()},
        found={name: plain(_told(own[CENSUS])) for name, own in found.tried.items()},
    )
    return written(half, key, signer)


def _named(login: Fact[str]) -> str:
    return login.value if isinstance(login, Known) else ""


def _sorted(marks: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(marks))


def _told(came: Fact[Any]) -> Fact[Any]:
    """Without the names of all that production holds: whoever joins is to learn what was found of it."""
    match came:
        case Known(Overlap() as found):
            return Known(replace(found, looked=()))
        case _:
            return came


def rows_of(manifest: Manifest, key: ProjectKey, text: str, where: str) -> Rows:
    """What the half says, for a proof: told only where it is about the very servers that are judged.

    Where production is sealed and the manifest names who seals it, the half must be signed by that key.

    Raises:
        UsageError: the text is no such half, or the named key cannot be read.
        TamperedError: it is not as it was signed.
        UnprovenError: it is of another manifest, signed by somebody else, or stale.
    """
    half = read_half(Half, text, where, key, trusted(manifest.production))
    of_one_manifest(half, digest_of(manifest), manifest.production.name)
    fresh_census(half, datetime.now(UTC))

    def rows(production: Snapshot, staging: Snapshot) -> Mapping[str, Fact[Any]]:
        of_these_places(half, there(production), there(staging))
        found = {name: mapped(came, partial(_until, half)) for name, came in counted_in(half).items()}
        less = {
            each.name
            for each in manifest.resources
            if each.name in found and not _by_one_login(half, each, staging)
        }
        return {n: mapped(came, partial(_beside, half)) if n in less else came for n, came in found.items()}

    return rows


def _by_one_login(half: Half, resource: Resource, staging: Snapshot) -> bool:
    judged = login(resource, staging)
    return judged in {Known(""), Known(half.logins.get(resource.name, ""))}


def _beside(half: Half, found: Overlap) -> Overlap:
    """What the login that is judged may reach beside staging's own, another one may not."""
    gap = Gap(f"{half.staging}: what stands beside its own", _OTHER_LOGIN, _ONE_LOGIN)
    return replace(found, gaps=(*found.gaps, gap))


_OTHER_LOGIN = "its rows were read by another login than is judged, or by one that nobody named"
_ONE_LOGIN = 'make both with one login of staging\'s, or state databases = "own"'


def _until(half: Half, found: Overlap) -> Overlap:
    """Staging as it was when its digests were taken: what came in since is not looked through."""
    since = Left(half.staging, f"what came into it after {half.made_at:%Y-%m-%d %H:%M} UTC")
    return replace(found, left=(*found.left, since))
