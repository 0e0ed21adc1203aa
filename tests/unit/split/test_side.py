"""Whose variables a side is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint.model.fact import Known
from disjoint.split import load_side

MANIFEST = """
[environments.production]
variables = {{ dotenv = "nowhere" }}
protected = true

[environments.staging]
variables = {staging}

[environments.staging.reach_at]
"db.staging.test:5432" = "127.0.0.1:5555"

[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
"""


@pytest.mark.parametrize(
    "staging", ['{ dotenv = ".env" }', "{ process = true }", '{ attested = "https://a.test" }']
)
def test_who_attests_takes_its_own_variables_and_no_tunnel(
    staging: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application never reads the file that a manifest in its image names, nor that manifest."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@db.staging.test/its_own")
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://a:b@db.staging.test/of_a_file\n")
    manifest = tmp_path / "disjoint.toml"
    manifest.write_text(MANIFEST.format(staging=staging))
    found = load_side(manifest, protected=False, attesting=True).staging
    match found.variable("DATABASE_URL"):
        case Known(url):
            assert url.reveal().endswith("/its_own")
        case why:
            pytest.fail(why.reason)
    assert found.reach_at == {}
    assert load_side(manifest, protected=False).staging.reach_at != {}
