"""What a guarded web application may find itself in: both environments' variables, and seals."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from disjoint.certify.guarded import key_in, mac_of
from disjoint.cli.main import run
from disjoint.demo import stack
from disjoint.demo.world import clean

PHRASE = "0f" * 32


class Sealed(NamedTuple):
    """Variables of both environments, and seals of production's."""

    folder: Path
    staging: Mapping[str, str]
    production: Mapping[str, str]
    expired: Path


def sealed_in(folder: Path, running: stack.Stack) -> Sealed:
    """Both environments over running servers, and production sealed."""
    world = clean(running)
    manifest = world.write(folder)
    seal = folder / "production.sealed.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("DISJOINT_SEAL_KEY", PHRASE)
        words = ["--manifest", str(manifest), "--environment", "production", "--output", str(seal)]
        assert run(["seal", *words]) == 0
    guard = {"DISJOINT_SEAL": str(seal), "DISJOINT_SEAL_KEY": PHRASE}
    staging, production = ({**side.variables, **guard} for side in (world.staging, world.production))
    return Sealed(folder, staging, production, _expired(seal))


def _expired(seal: Path) -> Path:
    """The same, as it will be a week after its end."""
    body = json.loads(seal.read_text())
    payload = json.loads(base64.b64decode(body["payload"]))
    now = datetime.now(UTC)
    payload |= {
        name: f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        for name, days in (("sealedAt", 14), ("expiresAt", 7))
    }
    octets = json.dumps(payload).encode()
    code = mac_of(key_in(PHRASE), octets)
    made = seal.with_name("expired.sealed.json")
    made.write_text(json.dumps({**body, "payload": base64.b64encode(octets).decode(), "mac": code}))
    return made


def situations(sealed: Sealed) -> dict[str, tuple[Mapping[str, str], str]]:
    """Variables of a process in staging, and what its refusal says; nothing where it starts."""
    theirs = sealed.production
    railway = "RAILWAY_ENVIRONMENT_NAME"
    return {
        "clean": (sealed.staging, ""),
        "shared": (
            {**sealed.staging, "DATABASE_URL": theirs["DATABASE_URL"]},
            "SHARED postgres/same-server: DATABASE_URL leads to production's database",
        ),
        "unproven": ({**sealed.staging, "DISJOINT_SEAL": str(sealed.expired)}, "UNPROVEN guard/seal: "),
        "mislabelled": (
            {**sealed.staging, "ENVIRONMENT": "production"},
            "the variables are not the ones production was sealed with",
        ),
        "mislabelled-by-platform": (
            {**sealed.staging, "ENVIRONMENT": "production", railway: "staging"},
            f"the platform's {railway} says it is not",
        ),
        "unset": ({**sealed.staging, "ENVIRONMENT": ""}, "no variable says which environment this is"),
        "typo": ({**sealed.staging, "ENVIRONMENT": "stagging"}, "ENVIRONMENT names neither environment"),
    }


def productions(sealed: Sealed) -> dict[str, Mapping[str, str]]:
    """Variables of a process that the table calls production, with whatever else may be wrong."""
    there = {**sealed.production, "RAILWAY_ENVIRONMENT_NAME": "production"}
    nowhere = str(sealed.folder / "missing.json")
    return {
        "itself": sealed.production,
        "no-seal": {**there, "DISJOINT_SEAL": nowhere},
        "expired-seal": {**there, "DISJOINT_SEAL": str(sealed.expired)},
        "no-key": {**there, "DISJOINT_SEAL_KEY": "short"},
        "calls-itself-staging": {**there, "ENVIRONMENT": "staging"},
        "unset": {**there, "ENVIRONMENT": "", "DISJOINT_SEAL": nowhere},
        "typo": {**there, "ENVIRONMENT": "prodution"},
    }


def secrets(variables: Mapping[str, str]) -> list[str]:
    """What no output may hold."""
    return [
        value
        for name, value in variables.items()
        if name.endswith(("_URL", "_KEY", "_KEY_ID", "BACKEND")) and len(value) > 8
    ]
