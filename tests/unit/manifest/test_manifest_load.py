"""A manifest is read strictly: whole, or refused with file, line, column, key and the nearest name."""

# ruff: noqa: E501  (messages stand whole)
from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from disjoint.errors import ManifestError, SourceError
from disjoint.judge import absent, cross, waive
from disjoint.kinds.registry import KINDS
from disjoint.manifest import waivers
from disjoint.manifest.environments import KEYS as ENVIRONMENT_KEYS
from disjoint.manifest.load import find, load
from disjoint.model.fact import Absent, Known
from disjoint.model.finding import Grade
from disjoint.model.manifest import Manifest, target
from disjoint.sources import read

SIDES = """\
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }
"""
"""Five lines: what a test appends begins at line 6."""

DATABASE = """\
[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with both files of variables."""
    (tmp_path / ".env.staging").write_text(
        "DATABASE_URL=postgresql://u:p@s/d\nONLY_STAGING=1\nSECRET_KEY=s\n"
    )
    (tmp_path / ".env.production").write_text("DATABASE_URL=postgresql://u:p@p/d\nSECRET_KEY=p\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(text: str | bytes) -> Manifest:
    Path("disjoint.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(Path("disjoint.toml"), KINDS, read)


def refused(text: str | bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        loaded(text)
    return str(caught.value)


@pytest.mark.usefixtures("directory")
def test_a_whole_manifest_is_read() -> None:
    """Every section has its place in the model."""
    manifest = loaded(
        'public = ["SENTRY_DSN"]\n'
        + SIDES
        + """
[environments.staging.reach_at]
"DB.Staging.Test.:5432" = "127.0.0.1:54321"
"[::1]:6379" = "[::1]:6380"

[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
sentinels = ["TABLE users"]
minimum = "canary"

[resources.variables]
minimum = "identity"

[[waivers]]
rule = "variables/secret-reused"
resource = "variables"
reason = "one account"
owner = "Ada"
approver = "Grace"
expires = 2999-01-31T12:00:00+02:00

[[waivers]]
rule = "absent-in-production"
resource = "database"
reason = "there is none"
owner = "Ada"
approver = "Grace"
expires = 2999-01-31
"""
    )
    assert (manifest.production.name, manifest.staging.name) == ("production", "staging")
    assert (manifest.production.protected, manifest.staging.protected) == (True, False)
    assert manifest.staging.reach_at == {
        "db.staging.test:5432": "127.0.0.1:54321",
        "[::1]:6379": "[::1]:6380",
    }
    assert manifest.source == "disjoint.toml"
    assert manifest.public == ("SENTRY_DSN",)
    database, variables = manifest.resources
    assert (database.name, database.kind, database.minimum) == ("database", "postgres", Grade.CANARY)
    assert database.where == "disjoint.toml:12"
    assert target(database, manifest.staging).text("url") == "postgresql://u:p@s/d"
    assert getattr(database.declared, "sentinels", None) == ("TABLE users",)
    assert (variables.name, variables.minimum) == ("variables", Grade.IDENTITY)
    assert getattr(variables.declared, "public", None) == ("SENTRY_DSN",)
    assert [w.expires for w in manifest.waivers] == [
        datetime(2999, 1, 31, 10, tzinfo=UTC),
        datetime(2999, 1, 31, tzinfo=UTC),
    ]


@pytest.mark.usefixtures("directory")
def test_the_variables_are_always_a_resource_that_text_alone_may_prove() -> None:
    """A manifest without resources still compares the variables."""
    (variables,) = loaded(SIDES).resources
    assert (variables.kind, variables.minimum) == ("variables", Grade.DECLARED)


@pytest.mark.usefixtures("directory")
def test_a_variable_that_only_one_side_sets_is_a_finding_not_an_error() -> None:
    """The judge says absent-in-production; the loader says nothing."""
    manifest = loaded(SIDES + '[resources.database]\nkind = "postgres"\nurl = "$ONLY_STAGING"\n')
    found = target(manifest.resources[0], manifest.production).setting("url")
    assert isinstance(found, Absent)
    assert isinstance(target(manifest.resources[0], manifest.staging).setting("url"), Known)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("enviroments = 1\n", '1:1: enviroments: unknown key; did you mean "environments"?'),
        (
            SIDES + '[resources.database]\nkind = "postgres"\nulr = "$DATABASE_URL"\n',
            '8:1: resources.database.ulr: unknown key; did you mean "url"?',
        ),
        (
            SIDES + '[resources.database]\nkind = "postgres"\nurl = "$DATABSE_URL"\n',
            (
                "8:1: resources.database.url: $DATABSE_URL is set in neither .env.production nor .env.staging; "
                'did you mean "DATABASE_URL"?'
            ),
        ),
        (
            SIDES + '[resources.database]\n  kind = "postgre"\n',
            "7:3: resources.database.kind: there is no kind 'postgre'; did you mean \"postgres\"?",
        ),
        (SIDES + "[resources.database]\nurl = 'x'\n", "6:1: resources.database: kind is missing"),
        (
            SIDES + '[resources.database]\nkind = "postgres"\n',
            '6:1: resources.database: url missing: kind = "postgres" needs it',
        ),
        (
            SIDES + '[resources.database]\nkind = "postgres"\nurl = 5\n',
            "8:1: resources.database.url: expected str, got int",
        ),
        (
            SIDES + '[resources.database]\nkind = "postgres"\nurl = " "\n',
            "8:1: resources.database.url: is empty",
        ),
        (
            SIDES + DATABASE + 'sentinels = [\n  "SELECT 1",\n  2,\n]\n',
            "11:3: resources.database.sentinels[1]: expected str, got int",
        ),
        (SIDES + DATABASE + "tables = -1\n", "9:1: resources.database.tables: is negative"),
        (
            SIDES + DATABASE + f"rows_seconds = {10**19}\n",
            "9:1: resources.database.rows_seconds: is more than 604,800",
        ),
        (
            SIDES + DATABASE + f"rows_at_most = {10**19}\n",
            "9:1: resources.database.rows_at_most: is more than 9,007,199,254,740,991",
        ),
        (
            SIDES + DATABASE + 'minimum = "identiy"\n',
            "9:1: resources.database.minimum: there is no grade 'identiy'; did you mean \"identity\"?",
        ),
        (
            SIDES + DATABASE + 'url = "again"\n',
            "9:1: resources.database.url: stands already at line 8",
        ),
        (
            SIDES + DATABASE + DATABASE,
            "9:1: resources.database: stands already at line 6",
        ),
        (
            SIDES + "resources.database = 5\n",
            f"6:1: environments.staging.resources: unknown key; expected one of: {', '.join(ENVIRONMENT_KEYS)}",
        ),
        (SIDES + '[resources]\ndatabase = "x"\n', "7:1: resources.database: expected a table"),
        (
            SIDES + '[resources."a b"]\nkind = "postgres"\n',
            "6:1: resources.'a b': a name is letters, digits, '-' and '_', at most 64 of them",
        ),
        (
            SIDES + '[resources."\\u001b[2J"]\nkind = "x"\n',
            "6:1: resources.'\\x1b[2J': a name is letters, digits, '-' and '_', at most 64 of them",
        ),
        (
            SIDES + '[resources.other]\nkind = "variables"\n',
            "7:1: resources.other.kind: variables are one resource, which is always there: [resources.variables]",
        ),
        (
            SIDES + '[resources.variables]\nkind = "postgres"\n',
            "7:1: resources.variables.kind: this name is kept for the variables themselves; rename the resource",
        ),
        (
            SIDES + '[resources.variables]\npublic = ["A"]\n',
            "7:1: resources.variables.public: stands at the top of the manifest, above every table",
        ),
        ('public = ["A", "$B"]\n' + SIDES, "1:16: public[1]: expected the name of a variable, without $"),
        ('public = ["A", "A"]\n' + SIDES, "1:16: public[1]: A stands twice"),
        ('public = "A"\n' + SIDES, "1:1: public: expected array, got str"),
    ],
)
@pytest.mark.usefixtures("directory")
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    """One error: file, line, column, the offending key, the nearest valid name."""
    assert refused(text) == f"disjoint.toml:{message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: environments: expected exactly two environments, found 0"),
        (
            '[environments.production]\nvariables = { dotenv = ".env.production" }\nprotected = true\n',
            "1:1: environments: expected exactly two environments, found 1",
        ),
        (
            SIDES + '[environments.qa]\nvariables = { dotenv = "x" }\n',
            "1:1: environments: expected exactly two",
        ),
        (
            SIDES.replace("protected = true", "protected = false"),
            "1:1: environments: none is protected; write protected = true in [environments.production]",
        ),
        (
            SIDES + "protected = true\n",
            "6:1: environments.staging.protected: only one environment can be protected, and production is",
        ),
        (
            SIDES.replace("[environments.staging]", "[environments.prod]"),
            "4:1: environments.prod: prod and production are two words for one environment: rename one",
        ),
        (SIDES + "protected = 1\n", "6:1: environments.staging.protected: expected bool, got int"),
        (
            SIDES + "portected = true\n",
            '6:1: environments.staging.portected: unknown key; did you mean "prot',
        ),
        (
            SIDES.replace('variables = { dotenv = ".env.staging" }', ""),
            "4:1: environments.staging: variables is",
        ),
        (
            SIDES.replace('dotenv = ".env.staging"', 'railway = "x"'),
            "5:15: environments.staging.variables.railway: is not available in this version;",
        ),
        (
            SIDES.replace('dotenv = ".env.staging"', 'sealed = "x"'),
            "5:1: environments.staging.variables: only the protected environment is sealed",
        ),
        (
            SIDES + 'sealed_by = "prover.pub.pem"\n',
            '6:1: environments.staging.sealed_by: stands beside variables = { sealed = "…" } only',
        ),
        (
            SIDES.replace('dotenv = ".env.production"', 'attested = "https://app.example"'),
            "2:1: environments.production.variables: only staging is attested",
        ),
        (
            SIDES.replace('dotenv = ".env.production"', 'sealed = "x"').replace(
                'dotenv = ".env.staging"', 'attested = "https://app.example"'
            ),
            "5:1: environments.staging.variables: an attested staging is looked for by production's own",
        ),
        *(
            (
                SIDES.replace('dotenv = ".env.staging"', f'attested = "{url}"'),
                "5:15: environments.staging.variables.attested: expected https, then ://host/path without a login",
            )
            for url in (
                "http://app.example/x",
                "https://me:secret@app.example",
                "https://",
                "app.example",
                "https://a#b",
                "https://app.example:x/",
                "http://127.0.0.1.example/",
                "ftp://127.0.0.1/",
            )
        ),
        (
            SIDES.replace('dotenv = ".env.staging"', 'dotnev = "x"'),
            '5:15: environments.staging.variables.dotnev: unknown key; did you mean "dotenv"?',
        ),
        (
            SIDES.replace('dotenv = ".env.staging"', 'dotenv = "x", process = true'),
            "5:1: environments.staging.variables: expected exactly one source",
        ),
        (
            SIDES.replace('{ dotenv = ".env.staging" }', '".env.staging"'),
            "5:1: environments.staging.variables: expected a table",
        ),
        (
            SIDES.replace('dotenv = ".env.staging"', "process = false"),
            "5:15: environments.staging.variables.process: is true, or does not stand at all",
        ),
        (
            SIDES.replace('dotenv = ".env.staging"', "process = true").replace(
                'dotenv = ".env.production"', "process = true"
            ),
            "5:1: environments.staging.variables: both environments read the variables of this process",
        ),
        (
            SIDES + '[environments.staging.reach_at]\n"db:5432" = "$TUNNEL:1"\n',
            "7:1: environments.staging.reach_at.'db:5432': takes no variables",
        ),
        (
            SIDES + '[environments.staging.reach_at]\n"db" = "127.0.0.1:1"\n',
            '7:1: environments.staging.reach_at.db: expected "host:port" = "address:port"',
        ),
        (
            SIDES + '[environments.staging.reach_at]\n"db:5432" = "localhost:1"\n',
            "7:1: environments.staging.reach_at.'db:5432': expected a numeric address and port",
        ),
        (
            SIDES + '[environments.staging.reach_at]\n"db:5432" = "127.0.0.1:70000"\n',
            "7:1: environments.staging.reach_at.'db:5432': expected \"host:port\"",
        ),
    ],
)
@pytest.mark.usefixtures("directory")
def test_the_two_sides_must_be_clear(text: str, message: str) -> None:
    """Exactly two, exactly one of them protected, one source each."""
    assert refused(text).startswith(f"disjoint.toml:{message}")


WAIVER = """\
[[waivers]]
rule = "variables/secret-reused"
resource = "variables"
reason = "one account"
owner = "Ada Lovelace"
approver = "Grace"
expires = 2999-01-31
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"variables/secret-reused"', '"variables/secret-resued"', "7:1: waivers[0].rule: there is no rule"),
        (
            '"variables/secret-reused"',
            '"postgres/same-server"',
            "7:1: waivers[0].rule: postgres/same-server cannot",
        ),
        ('"variables"', '"database"', "8:1: waivers[0].resource: there is no resource 'database'"),
        ('reason = "one account"\n', "", "6:1: waivers[0]: reason is missing"),
        ('"one account"', '"  "', "9:1: waivers[0].reason: is empty"),
        ('"Grace"', '"ada  LOVELACE"', "11:1: waivers[0].approver: is the owner; a second person"),
        ("2999-01-31", "2999-01-31T00:00:00", "12:1: waivers[0].expires: says no zone"),
        ("2999-01-31", '"2999-01-31"', "12:1: waivers[0].expires: expected a TOML date"),
        ("2999-01-31", "0001-01-01T00:00:00+23:59", "12:1: waivers[0].expires: is no date"),
        ("expires = 2999-01-31\n", "", "6:1: waivers[0]: expires is missing"),
        (
            "2999-01-31",
            "2026-01-31",
            "12:1: waivers[0].expires: is over since 2026-01-31 00:00 UTC; mend what",
        ),
        (
            "2999-01-31",
            "2026-01-31T01:00:00+02:00",
            "12:1: waivers[0].expires: is over since 2026-01-30 23:00",
        ),
        ("expires", "expiers", '12:1: waivers[0].expiers: unknown key; did you mean "expires"?'),
        ("[[waivers]]", "[waivers]", "6:1: waivers: expected tables, each written as [[waivers]]"),
    ],
)
@pytest.mark.usefixtures("directory")
def test_a_waiver_names_what_who_and_until_when(old: str, new: str, message: str) -> None:
    """A waiver that is not whole is refused; it never quietly waives nothing."""
    assert refused(SIDES + WAIVER.replace(old, new, 1)).startswith(f"disjoint.toml:{message}")


@pytest.mark.usefixtures("directory")
def test_one_thing_is_waived_once_and_where_its_rule_looks() -> None:
    """Two waivers of one finding, or a rule of another kind's resource, are mistakes."""
    assert "waivers[1].rule: variables/secret-reused of variables is waived already" in refused(
        SIDES + WAIVER + WAIVER
    )
    assert "waivers[0].resource: variables/secret-reused asks about variables, not about database" in refused(
        SIDES + DATABASE + WAIVER.replace('"variables"', '"database"')
    )


def test_the_waivable_rules_are_the_judges() -> None:
    """What the loader lets through is what the judge will attach."""
    rules = {rule.id for kind in KINDS for rule in kind.rules} | {*cross.RULES, *absent.IDS}
    assert set(waivers.waivable(KINDS)) == {rule for rule in rules if waive.waivable(rule)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = \n", "1:5: invalid value"),
        ("[a\n", "1:3: "),
        ("a = 1 b = 2\n", "1:7: "),
        ('a = "open\n', "1:10: "),
        ("a = '''open\n", "2:1: "),
        ("a = [1,\n", "2:1: "),
        (b"a = '\xff'\n", "1: is not UTF-8 text"),
        ("a = " + "[" * 20000 + "\n", "1:"),
        ("a" + ".a" * 200000 + " = 1\n", "1:1: a.a.a: nests deeper than 12 levels"),
        ("a = 1\na = 2\n", "2:1: a: stands already at line 1"),
        ("[a]\nb.c = 1\n[a.b]\n", "3:"),
    ],
)
@pytest.mark.usefixtures("directory")
def test_what_is_no_toml_is_told_with_its_place(text: str | bytes, message: str) -> None:
    """tomllib's own words, in our form."""
    assert refused(text).startswith(f"disjoint.toml:{message}")


def test_what_cannot_be_read_is_one_error(directory: Path) -> None:
    """A missing file, a folder, a pipe, a huge file, a device: no traceback and no waiting."""
    os.mkfifo("pipe")
    Path("huge").write_bytes(b"#" * ((1 << 20) + 1))
    for name, why in (
        ("gone.toml", "gone.toml: there is no such file"),
        (str(directory), f"{directory}: is a directory, not a regular file"),
        ("pipe", "pipe: is a pipe, not a regular file"),
        ("/dev/null", "/dev/null: is a device, not a regular file"),
        ("huge", "huge: is larger than 1 MiB"),
    ):
        with pytest.raises(ManifestError) as caught:
            load(Path(name), KINDS, read)
        assert str(caught.value) == why


@pytest.mark.usefixtures("directory")
def test_a_missing_file_of_variables_is_a_source_error() -> None:
    """The path in the message is the manifest's own."""
    with pytest.raises(SourceError, match=r"^\.env\.gone: there is no such file$"):
        loaded(SIDES.replace(".env.staging", ".env.gone"))


def test_paths_are_relative_to_the_manifest(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest means the same from everywhere."""
    (directory / "disjoint.toml").write_text(SIDES)
    (directory / "below").mkdir()
    monkeypatch.chdir(directory / "below")
    assert load(Path("../disjoint.toml"), KINDS, read).staging.source == ".env.staging"


def test_pyproject_may_hold_the_manifest(directory: Path) -> None:
    """Under [tool.disjoint], with the same strictness and the file's own lines."""
    body = SIDES.replace("[environments", "[tool.disjoint.environments")
    (directory / "pyproject.toml").write_text('[project]\nname = "x"\n' + body)
    assert find(Path()) == Path("pyproject.toml")
    assert load(Path("pyproject.toml"), KINDS, read).source == "pyproject.toml"
    (directory / "pyproject.toml").write_text(body + "potrected = true\n")
    with pytest.raises(
        ManifestError, match=r"^pyproject\.toml:6:1: tool\.disjoint\.environments\.staging\.pot"
    ):
        load(Path("pyproject.toml"), KINDS, read)
    (directory / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert find(Path()) is None
    with pytest.raises(ManifestError, match=r"there is no \[tool\.disjoint\]"):
        load(Path("pyproject.toml"), KINDS, read)
    (directory / "disjoint.toml").write_text(SIDES)
    assert find(Path()) == Path("disjoint.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class FussyDeclared:
    """A declaration that refuses values of the right type."""

    share: float = 0.5
    names: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError("share is at most 1")


@pytest.mark.usefixtures("directory")
def test_a_kinds_own_refusal_is_told_with_its_place() -> None:
    """A declaration may check more than types."""
    import dataclasses  # noqa: PLC0415

    fussy = dataclasses.replace(KINDS[0], name="fussy", declared=FussyDeclared)
    Path("disjoint.toml").write_text(SIDES + '[resources.x]\nkind = "fussy"\nshare = 2.0\n')
    with pytest.raises(ManifestError, match=r"^disjoint\.toml:6:1: resources\.x: share is at most 1$"):
        load(Path("disjoint.toml"), [fussy], read)
