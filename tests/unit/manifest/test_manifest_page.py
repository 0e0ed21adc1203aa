"""docs/manifest.md shows a manifest that loads, and names every key."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from disjoint.kinds.registry import KINDS
from disjoint.manifest import environments, load, waivers
from disjoint.sources import read

PAGE = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text(encoding="utf-8")
VARIABLES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND",
             "STORAGE_BUCKET_NAME", "STORAGE_ENDPOINT_URL", "API_URL")  # fmt: skip


def test_the_example_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied as it stands, beside two files of variables."""
    monkeypatch.chdir(tmp_path)
    for name in ("production", "staging"):
        (tmp_path / f".env.{name}").write_text("".join(f"{variable}=x\n" for variable in VARIABLES))
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (tmp_path / "disjoint.toml").write_text(found[1])
    manifest = load.load(Path("disjoint.toml"), KINDS, read)
    assert {resource.kind for resource in manifest.resources} == {kind.name for kind in KINDS}
    assert manifest.staging.reach_at
    assert manifest.waivers


def test_every_key_is_explained() -> None:
    """A key that loading takes and the page does not name is a defect of the page."""
    keys = {*load.KEYS, *environments.KEYS, *waivers.KEYS, "kind", "minimum"}
    keys |= {field.name for kind in KINDS for field in fields(kind.declared)}
    assert [key for key in sorted(keys) if not re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", PAGE)] == []
