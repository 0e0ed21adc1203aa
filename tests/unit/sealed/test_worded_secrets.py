"""A secret of words stands in a seal stretched alone: so are staging's texts, to be compared with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.cli.main import run
from disjoint.model.finding import Finding, Outcome
from disjoint.sealed.strengthening import MOST

WORDED = "CorrectHorseBatteryStaple"
MANIFEST = """public = ["DSN"]
[environments.production]
variables = { VARIABLES }
protected = true
[environments.staging]
variables = { dotenv = "staging" }
[resources.variables]
kind = "variables"
"""


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (f"VENDOR={WORDED}", Outcome.SHARED),
        (f"VENDOR=--password={WORDED}", Outcome.SHARED),
        (f"VENDOR_PASSWORD={WORDED}", Outcome.SHARED),
        (f"VENDOR={WORDED}Two", Outcome.ISOLATED),
        (f"DSN={WORDED}", Outcome.ISOLATED),
    ],
)
def test_no_name_hides_it(
    held: str, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As beside production's variables themselves."""
    for manifest in made(tmp_path, held, monkeypatch):
        assert reused(manifest).outcome is outcome, manifest


def test_too_many_texts_are_not_compared_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a moment, on purpose; a file of settings may hold thousands."""
    held = "TEXTS=" + " ".join(f"descriptionofsomething{number}" for number in range(MOST + 1))
    _, beside = made(tmp_path, held, monkeypatch)
    found = reused(beside)
    assert found.outcome is Outcome.UNPROVEN
    assert "texts that a dictionary may find" in found.judgement.summary
    assert "draw the secrets anew" in found.judgement.remedy


def reused(manifest: Path) -> Finding:
    """What is said of secrets."""
    found = pipeline.verify(pipeline.load(manifest), offline=True).findings
    [reused] = [each for each in found if each.rule == "variables/secret-reused"]
    return reused


def made(tmp_path: Path, held: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A manifest with production's variables at hand, and one beside their seal."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "5a" * 32)
    (tmp_path / "production").write_text(f"ENVIRONMENT=production\nADMIN_PASSWORD={WORDED}\n")
    (tmp_path / "staging").write_text(f"ENVIRONMENT=staging\nSECRET_KEY=jW3n5Kq8Zr1Xc7Vb2Lm9Pd4T\n{held}\n")
    here, sealed, beside = (tmp_path / name for name in ("here.toml", "sealed.json", "beside.toml"))
    here.write_text(MANIFEST.replace("VARIABLES", 'dotenv = "production"'))
    beside.write_text(MANIFEST.replace("VARIABLES", 'sealed = "sealed.json"'))
    asked = ["seal", "--manifest", str(here), "--environment", "production", "--output", str(sealed)]
    assert run(asked) == 0
    return here, beside
