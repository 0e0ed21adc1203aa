"""What a person accepted covers what they named, and nothing that comes later."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.errors import ManifestError
from disjoint.snapshots import digest_of

MAIL, KEY, OWN = "u83kdLw9dQm2Xz0pVbTr5", "Zk39dkQpw01mXy7aGhLL2", "kkk3kdLw9dQm2Xz0pVbTr"
MANIFEST = """
[environments.production]
variables = {{ dotenv = "production.env" }}
protected = true
[environments.staging]
variables = {{ dotenv = "staging.env" }}
[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
[[waivers]]
rule = "{rule}"
resource = "variables"
reason = "one mail account"
owner = "Ada"
approver = "Grace"
expires = {year}-01-01
{more}
"""


def manifest(folder: Path, more: str, staging: dict[str, str], rule: str = "variables/secret-reused") -> Path:
    sides = {
        "production": {
            "MAIL_PASSWORD": MAIL,
            "SECRET_KEY": KEY,
            "DATABASE_URL": "postgres://a.example.com/x",
        },
        "staging": {"MAIL_PASSWORD": MAIL, "DATABASE_URL": "postgres://b.example.com/x", **staging},
    }
    for name, variables in sides.items():
        lines = [f"ENVIRONMENT={name}", *(f"{key}={value}" for key, value in variables.items()), ""]
        (folder / f"{name}.env").write_text("\n".join(lines))
    path = folder / "disjoint.toml"
    path.write_text(MANIFEST.format(year=datetime.now(UTC).year + 2, more=more, rule=rule))
    return path


def status(path: Path) -> str:
    proof = pipeline.verify(pipeline.load(path), offline=True)
    (row,) = [row for row in proof.matrix if row.resource == "variables"]
    return row.status


NAMED = 'variables = ["MAIL_PASSWORD"]'


@pytest.mark.parametrize(
    ("more", "staging", "expected"),
    [
        (NAMED, {"SECRET_KEY": OWN}, "WAIVED (FAILED)"),
        (NAMED, {"SECRET_KEY": KEY}, "FAILED"),
        (NAMED, {"SECRET_KEY": OWN, "HARMLESS": KEY}, "FAILED"),
        (NAMED, {"SECRET_KEY": OWN, "MAIL_URL": f"smtp://u:{MAIL}@mail.example.com"}, "FAILED"),
        ('variables = ["MAIL_PASSWORD", "SECRET_KEY"]', {"SECRET_KEY": KEY}, "WAIVED (FAILED)"),
        ("", {"SECRET_KEY": KEY}, "WAIVED (FAILED)"),
    ],
)
def test_a_waiver_that_names_variables_is_about_no_other(
    tmp_path: Path, more: str, staging: dict[str, str], expected: str
) -> None:
    """A second secret that is reused later is nobody's acceptance."""
    assert status(manifest(tmp_path, more, staging)) == expected


def test_an_address_and_a_live_key_may_be_named_as_well(tmp_path: Path) -> None:
    named = 'variables = ["REPORTS_URL"]'
    ours = {"SECRET_KEY": OWN, "MAIL_PASSWORD": OWN, "REPORTS_URL": "postgres://a.example.com/x"}
    rule = "variables/endpoint-reused"
    assert status(manifest(tmp_path, named, ours, rule)) == "WAIVED (FAILED)"
    more = {**ours, "OTHER_URL": "postgres://a.example.com/x"}
    assert status(manifest(tmp_path, named, more, rule)) == "FAILED"
    keys = {"SECRET_KEY": OWN, "MAIL_PASSWORD": OWN, "STRIPE": "sk_live_0123456789"}
    live = manifest(tmp_path, 'variables = ["STRIPE"]', keys, "variables/live-key")
    assert status(live) == "WAIVED (FAILED)"


@pytest.mark.parametrize(
    ("more", "rule", "says"),
    [
        ("variables = []", "variables/secret-reused", "expected names"),
        ('variables = [" "]', "variables/secret-reused", "expected names"),
        ("variables = 3", "variables/secret-reused", "expected array"),
        (NAMED, "variables/environment-name", "about no single variable"),
        (NAMED, "absent-in-production", "about no single variable"),
    ],
)
def test_names_stand_where_a_rule_is_about_variables(tmp_path: Path, more: str, rule: str, says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        pipeline.load(manifest(tmp_path, more, {}, rule))


def test_a_waiver_without_names_is_told_as_it_was(tmp_path: Path) -> None:
    """Certificates of before hold; one that names variables is another declaration."""
    plain, named = (digest_of(pipeline.load(manifest(tmp_path, more, {}))) for more in ("", NAMED))
    assert plain != named
    waivers = pipeline.load(manifest(tmp_path, "", {})).waivers
    assert [each.variables for each in waivers] == [()]


@pytest.mark.parametrize(
    ("rule", "accepted", "open_"),
    [
        ("secret-reused", "MAIL_PASSWORD", {"OTHER_TOKEN": "${{shared.TOKEN}}"}),
        ("endpoint-reused", "REPORTS", {"OTHER_URL": "${{Warehouse.URL}}"}),
    ],
)
def test_whoever_accepts_a_variable_accepts_nothing_that_was_not_read(
    rule: str, accepted: str, open_: dict[str, str], tmp_path: Path
) -> None:
    """A reference that only the platform resolves may be production's; the finding of both says so."""
    ours = {"SECRET_KEY": OWN} if rule == "secret-reused" else {
        "MAIL_PASSWORD": OWN, "SECRET_KEY": OWN[::-1], "REPORTS": "postgres://a.example.com/x"
    }  # fmt: skip
    named, of = f'variables = ["{accepted}"]', f"variables/{rule}"
    assert status(manifest(tmp_path, named, ours, of)).startswith("WAIVED")
    assert status(manifest(tmp_path, named, {**ours, **open_}, of)) == "FAILED"
