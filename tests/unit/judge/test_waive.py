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


def manifest(
    folder: Path,
    more: str,
    staging: dict[str, str],
    rule: str = "variables/secret-reused",
    production: dict[str, str] | None = None,
) -> Path:
    sides = {
        "production": {
            "MAIL_PASSWORD": MAIL,
            "SECRET_KEY": KEY,
            "DATABASE_URL": "postgres://a.example.com/x",
            **(production or {}),
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
    return judged(path)[0]


def judged(path: Path) -> tuple[str, str]:
    """The row's status, and what it says."""
    proof = pipeline.verify(pipeline.load(path), offline=True)
    (row,) = [row for row in proof.matrix if row.resource == "variables"]
    return row.status, row.method


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
    named = 'variables = ["REPORTS_URL", "database"]'
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
        ("endpoint-reused", 'REPORTS", "database', {"OTHER_URL": "${{Warehouse.URL}}"}),
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


DB, SHOP = "qW3rTy7uIoP9aSdF5gHjK", "postgres://a.example.com/x"
NOTHING_SHARED = {"MAIL_PASSWORD": OWN, "SECRET_KEY": OWN[::-1]}
CELL = dict[str, str]


def covers(
    folder: Path, names: str, ours: CELL, theirs: CELL, rule: str = "variables/secret-reused"
) -> tuple[str, str]:
    """What becomes of a waiver that names these, in a row without any other finding."""
    named = f"variables = [{', '.join(f'{name!r}' for name in names.split())}]"
    return judged(manifest(folder, named, {**NOTHING_SHARED, **ours}, rule, theirs))


@pytest.mark.parametrize(
    ("names", "theirs", "lacks"),
    [
        ("VENDOR_KEY", {"VENDOR_KEY": DB}, ""),
        ("VENDOR_KEY", {"DB_PASSWORD": DB}, "DB_PASSWORD"),
        ("VENDOR_KEY", {"VENDOR_KEY": DB, "DB_PASSWORD": DB}, "DB_PASSWORD"),
        ("VENDOR_KEY DB_PASSWORD", {"VENDOR_KEY": DB, "DB_PASSWORD": DB}, ""),
        ("VENDOR_KEY DB_PASSWORD", {"DB_PASSWORD": DB}, ""),
        ("DB_PASSWORD", {"DB_PASSWORD": DB}, "VENDOR_KEY"),
        ("VENDOR_KEY", {"REPORTS_URL": f"mysql://app:{DB}@dw.example.com/dw"}, "REPORTS_URL"),
        ("VENDOR_KEY", {f"K{n}_SECRET": DB for n in range(7)}, "K0_SECRET, K1_SECRET, K2_SECRET, K3_SECRET"),
    ],
)
def test_a_waiver_is_about_what_stands_there_and_not_only_where(
    names: str, theirs: CELL, lacks: str, tmp_path: Path
) -> None:
    """Production's own name of the secret is named as well: each, where it has several."""
    found, says = covers(tmp_path, names, {"VENDOR_KEY": DB}, theirs)
    assert found == ("FAILED" if lacks else "WAIVED (FAILED)")
    assert (f"; the waiver does not name {lacks}" in says) is bool(lacks), says


def test_a_second_secret_in_one_variable_is_another_one(tmp_path: Path) -> None:
    """A password was accepted there, in the URL; a token beside it that bears no secret's name was not."""
    ours = {"APP_URL": f"https://app:{MAIL}@app.example.com/?next={DB}"}
    theirs = {"DB_PASSWORD": DB}
    assert covers(
        tmp_path, "APP_URL MAIL_PASSWORD", {"APP_URL": f"https://app:{MAIL}@app.example.com/"}, theirs
    )[0].startswith("WAIVED")
    found, says = covers(tmp_path, "APP_URL MAIL_PASSWORD", ours, theirs)
    assert found == "FAILED"
    assert "APP_URL is production's DB_PASSWORD" in says


EVENTS = "mysql://dw.example.com/events"


@pytest.mark.parametrize(
    ("names", "ours", "theirs", "lacks"),
    [
        # a declared resource: by its own name, or by all the variables that it is made of
        ("REPORTS", {"REPORTS": SHOP}, {}, "database"),
        ("REPORTS database", {"REPORTS": SHOP}, {}, ""),
        ("REPORTS DATABASE_URL", {"REPORTS": SHOP}, {}, ""),
        ("REPORTS DATABASE_URL", {"REPORTS": SHOP}, {"ORDERS": SHOP}, "ORDERS"),
        # a store that no resource declares: by each of its variables
        ("REPORTS", {"REPORTS": EVENTS}, {"REPORTS": EVENTS}, ""),
        ("REPORTS", {"REPORTS": EVENTS}, {"WAREHOUSE": EVENTS}, "WAREHOUSE"),
        ("REPORTS", {"REPORTS": EVENTS}, {"REPORTS": EVENTS, "WAREHOUSE": EVENTS}, "WAREHOUSE"),
        ("REPORTS WAREHOUSE", {"REPORTS": EVENTS}, {"REPORTS": EVENTS, "WAREHOUSE": EVENTS}, ""),
        # two addresses in one variable
        ("REPORTS DATABASE_URL", {"REPORTS": f"{SHOP},{EVENTS}"}, {"WAREHOUSE": EVENTS}, "WAREHOUSE"),
        ("REPORTS WAREHOUSE DATABASE_URL", {"REPORTS": f"{SHOP},{EVENTS}"}, {"WAREHOUSE": EVENTS}, ""),
        ("REPORTS database", {"REPORTS": f"{SHOP} postgres://c.example.com/y"},
         {"C": "postgres://c.example.com/z"}, "C"),
    ],
)  # fmt: skip
def test_an_address_is_accepted_for_what_production_has_there(
    names: str, ours: CELL, theirs: CELL, lacks: str, tmp_path: Path
) -> None:
    found, says = covers(tmp_path, names, ours, theirs, "variables/endpoint-reused")
    assert found == ("FAILED" if lacks else "WAIVED (FAILED)"), says
    assert says.endswith(f"; the waiver does not name {lacks}") is bool(lacks), says


@pytest.mark.parametrize(
    ("names", "ours", "theirs", "lacks"),
    [
        ("REPORTS_DB_HOST", {"REPORTS_DB_HOST": "dw.example.com"}, {"WAREHOUSE": EVENTS}, "WAREHOUSE"),
        ("REPORTS_DB_HOST WAREHOUSE", {"REPORTS_DB_HOST": "dw.example.com"}, {"WAREHOUSE": EVENTS}, ""),
        ("LEGACY_DB_HOST", {"LEGACY_DB_HOST": "o.example.com"}, {"LEGACY_DB_HOST": "o.example.com"}, ""),
        ("LEGACY_DB_HOST", {"LEGACY_DB_HOST": "o.example.com"}, {"ERP_DB_HOST": "o.example.com"},
         "ERP_DB_HOST"),
        ("COPY", {"COPY": "postgres://a.example.com/y"}, {}, "DATABASE_URL, database"),
        ("COPY database", {"COPY": "postgres://a.example.com/y"}, {}, ""),
        ("COPY DATABASE_URL", {"COPY": "postgres://a.example.com/y"}, {}, ""),
        ("COPY", {"COPY": "postgres://db.b.example.com/b"}, {"OLD_DB_HOST": "db.b.example.com"},
         "OLD_DB_HOST"),
    ],
)  # fmt: skip
def test_a_server_is_accepted_for_what_production_has_there(
    names: str, ours: CELL, theirs: CELL, lacks: str, tmp_path: Path
) -> None:
    """By a host alone, or by another part of it; nobody asked that server."""
    found, says = covers(tmp_path, names, ours, theirs, "variables/endpoint-reused")
    assert found == ("PENDING" if lacks else "WAIVED (PENDING)"), says
    assert says.endswith(f"; the waiver does not name {lacks}") is bool(lacks), says


def test_more_names_than_are_told_are_accepted_by_none(tmp_path: Path) -> None:
    """Whoever named the first few would accept every later one unseen."""
    theirs = {f"TENANT{n}": EVENTS for n in range(9)}
    few = dict(list(theirs.items())[:7])
    ours, rule = {"REPORTS": EVENTS}, "variables/endpoint-reused"
    assert covers(tmp_path, " ".join(["REPORTS", *few]), ours, few, rule)[0] == "WAIVED (FAILED)"
    found, says = covers(tmp_path, " ".join(["REPORTS", *theirs]), ours, theirs, rule)
    assert (found, says.endswith("; the waiver names variables, and not all of this has a name")) == (
        "FAILED",
        True,
    )
