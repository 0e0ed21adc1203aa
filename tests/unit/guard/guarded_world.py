"""A production as a seal's policy, made of nothing but a manifest and variables; and `verify` of the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from disjoint import pipeline
from disjoint.certify import guarded
from disjoint.guard.judging import found, once
from disjoint.guard.policy import Policy, policy_in
from disjoint.guard.verdict import Reason, worst
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.manifest import Manifest, variables_in
from disjoint.model.proof import Proof
from disjoint.model.secret import Secret
from disjoint.sealed.policy import policy_of
from disjoint.sealed.strengthening import secrets_in

PROJECT = bytes.fromhex("0f" * 32)
KEY = guarded.stable_key_of(PROJECT)
_MADE: dict[str, Policy] = {}
MANIFEST = """
[environments.production]
variables = { dotenv = "production.env" }
protected = true
[environments.staging]
variables = { dotenv = "staging.env" }
"""
ONE = {
    "postgres": '[resources.it]\nkind = "postgres"\nurl = "$IT"\n',
    "redis": '[resources.it]\nkind = "redis"\nurl = "$IT"\n',
    "celery": '[resources.it]\nkind = "celery"\nbroker = "$IT"\n',
    "bucket": '[resources.it]\nkind = "bucket"\nname = "$IT"\n',
    "web": '[resources.it]\nkind = "web"\nurl = "$IT"\n',
}


def declared(folder: Path, resources: str) -> Manifest:
    """A manifest whose variables are set by the test."""
    for name in ("production.env", "staging.env"):
        (folder / name).write_text("".join(f"{each}=x\n" for each in variables_in(resources)))
    path = folder / "disjoint.toml"
    path.write_text(MANIFEST + resources)
    return pipeline.load(path)


def environment(name: str, variables: Mapping[str, str]) -> Environment:
    """An environment with these variables, resolved."""
    made = {key: Variable(key, Known(Secret(value)), "the test") for key, value in variables.items()}
    return Environment(name, name == "production", made, "the test", {})


def policy(manifest: Manifest, production: Mapping[str, str], *, blind: bool = False) -> Policy:
    """What a seal of these variables states; made once, for guessable secrets take long to digest."""
    mark = (manifest.resources, tuple(production.items()), blind)
    if (known := _MADE.get(repr(mark))) is None:
        known = _MADE[repr(mark)] = policy_in({"policy": stated(manifest, production, blind=blind)})
    return known


def stated(manifest: Manifest, production: Mapping[str, str], *, blind: bool = False) -> Any:
    """As it is written."""
    theirs = environment("production", production)
    plain = policy_of(manifest, theirs, secrets_in(theirs, manifest.public, KEY), KEY, blind=blind)
    return json.loads(json.dumps(plain))


def asked(
    manifest: Manifest, production: Mapping[str, str], staging: Mapping[str, str]
) -> tuple[str, tuple[Reason, ...]]:
    """What the guard answers in staging."""
    reasons = once(found(policy(manifest, production), KEY, staging))
    return worst(reasons), reasons


def verified(manifest: Manifest, production: Mapping[str, str], staging: Mapping[str, str]) -> Proof:
    """What `verify` answers about the same variables without a network."""
    import dataclasses  # noqa: PLC0415

    whole = dataclasses.replace(
        manifest, production=environment("production", production), staging=environment("staging", staging)
    )
    return pipeline.verify(whole, offline=True)


def seal_text(
    policy_stated: Any, *, made: datetime | None = None, lasts: timedelta = timedelta(days=7), **other: Any
) -> str:
    """A seal's file, as far as a guard reads it."""
    sealed_at = made or datetime.now(UTC)
    payload = {
        "schema": guarded.SCHEMA, "projectKey": guarded.name_of(PROJECT), "policy": policy_stated,
        "sealedAt": sealed_at.isoformat(), "expiresAt": (sealed_at + lasts).isoformat(), **other,
    }  # fmt: skip
    octets = json.dumps(payload).encode()
    body = {"schema": guarded.SCHEMA, "payload": base64.b64encode(octets).decode(), "signature": {}}
    return json.dumps({**body, "mac": guarded.mac_of(PROJECT, octets)})
