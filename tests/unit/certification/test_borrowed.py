"""A secret of production's that staging was given since it was certified, under a name that tells nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.certification.borrowed import expect_nothing_borrowed
from disjoint.certification.parts import stable_octets, stable_parts
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.errors import BarredError
from disjoint.model.finding import Waiver

PROJECT = ProjectKey(bytes.fromhex("5a" * 32), "")
KEY = stable_key(PROJECT)
NOW = datetime(2026, 11, 26, tzinfo=UTC)
DRAWN, WORDED = "s9Kd2lQx7Zp4Vb8Nw3Tt6Yy1", "CorrectHorseBatteryStaple"
MANIFEST = """public = ["DSN"]
[environments.production]
variables = { dotenv = "production" }
protected = true
[environments.staging]
variables = { dotenv = "staging" }
[resources.variables]
kind = "variables"
"""
CERTIFIED = "ENVIRONMENT=staging\nSECRET_KEY=jW3n5Kq8Zr1Xc7Vb2Lm9Pd4T\nVENDOR=one-text-of-ours\n"
Gate = Callable[..., None]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Staging as it is now, held against production as it was certified; its stable part is what it was."""

    def gate(now: str, *waivers: Waiver) -> None:
        held = f"ENVIRONMENT=production\nSECRET_KEY={DRAWN}\nADMIN_PASSWORD={WORDED}\nDSN={DRAWN}x\n"
        (tmp_path / "production").write_text(held)
        (tmp_path / "disjoint.toml").write_text(MANIFEST)
        (tmp_path / "staging").write_text(CERTIFIED)
        manifest = pipeline.load(tmp_path / "disjoint.toml")
        certified = stable_parts(manifest, pipeline.verify(manifest, offline=True, key=KEY), PROJECT)
        (tmp_path / "staging").write_text(now)
        manifest = replace(pipeline.load(tmp_path / "disjoint.toml"), waivers=waivers)
        snapshot = pipeline.verify(manifest, offline=True, key=KEY).staging
        if not waivers:
            assert stable_octets(manifest, PROJECT, snapshot) == certified[0]
        expect_nothing_borrowed(manifest, json.loads(certified[1]), KEY, NOW)

    return gate


@pytest.mark.parametrize("given", [DRAWN, f"--to={DRAWN}", WORDED, f"x {DRAWN.encode().hex()}"])
def test_no_other_name_hides_a_secret_of_productions(given: str, gate: Gate) -> None:
    """Drawn at random or made of words, alone, in a text or encoded: the stable part knows none of it."""
    with pytest.raises(BarredError, match=r"staging's VENDOR is production's (SECRET_KEY|ADMIN_PASSWORD)"):
        gate(CERTIFIED.replace("one-text-of-ours", given))


@pytest.mark.parametrize(
    "given", [f"VENDOR={DRAWN[::-1]}", f"DSN={DRAWN}", f"DISJOINT_X={DRAWN}", "VENDOR=another-longer-text"]
)
def test_another_text_is_no_reason(given: str, gate: Gate) -> None:
    """Nor is what nobody calls a secret."""
    gate(CERTIFIED.replace("VENDOR=one-text-of-ours", given))


def waiver(*variables: str, rule: str = "variables/secret-reused", days: int = 1) -> Waiver:
    """Somebody's word for a day."""
    return Waiver(rule, "variables", "why", "dave", "erin", NOW + timedelta(days), variables)


def test_what_people_accepted_passes(gate: Gate) -> None:
    """By the name on each side, and while it counts."""
    now = CERTIFIED.replace("one-text-of-ours", DRAWN)
    gate(now, waiver())
    gate(now, waiver("VENDOR", "SECRET_KEY"))
    for other in (
        waiver("VENDOR"),
        waiver("VENDOR", "ADMIN_PASSWORD"),
        waiver(days=0),
        waiver(rule="variables/endpoint-reused"),
    ):
        with pytest.raises(BarredError):
            gate(now, other)
