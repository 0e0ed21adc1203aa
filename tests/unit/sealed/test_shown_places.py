"""What a seal shows of production: no credential, in whichever way people write one into an address."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from disjoint.certification.history import open_journal
from disjoint.certification.seal import Wish, seal
from disjoint.certify.keys import ProjectKey
from disjoint.certify.sign import machine_signer
from disjoint.sealed.policy import policy_of
from disjoint.split import load_side

MANIFEST = """
[environments.production]
variables = { dotenv = "production" }
protected = true
[environments.staging]
variables = { dotenv = "staging" }
[resources.variables]
kind = "variables"
"""
SECRET = "S3cr3tT0KENxyz987AbQ"


def sealed(folder: Path, value: str) -> Any:
    """The payload of a seal of a production that has this one variable."""
    (folder / "disjoint.toml").write_text(MANIFEST)
    (folder / "production").write_text(f"STORE_DSN='{value}'\n")
    key = ProjectKey(b"k" * 32, "a test")
    manifest = load_side(folder / "disjoint.toml", protected=True)
    wish = Wish(timedelta(days=1), blind=False)
    text = seal(manifest, "production", key, machine_signer(), open_journal(key), wish).text
    return json.loads(base64.b64decode(json.loads(text)["payload"]))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize(
    "value",
    [
        f"jdbc:sqlserver://db.example.com;user=sa;password={SECRET}",
        f"jdbc:sqlserver://db.example.com;databaseName=shop;password={SECRET}",
        f"oracle://db.example.com;{SECRET}",
        f"mysql://db.example.com/shop;password={SECRET}",
        f"discord://123456/{SECRET}",
        f"slack://token/{SECRET}/c",
        f"tgram://{SECRET}/chat",
        f"gotify://push.example.com/{SECRET}",
        f"otpauth://totp/{SECRET}",
        f"vault://{SECRET}",
    ],
)
def test_no_piece_of_a_url_that_may_be_a_credential_is_shown(value: str, tmp_path: Path) -> None:
    """A host that is no name, an object with options behind it, a scheme that nobody knows."""
    assert SECRET.lower() not in json.dumps(sealed(tmp_path, value)).lower()


def test_a_plain_address_is_shown(tmp_path: Path) -> None:
    """The control: what staging is compared with stands in clear, IPv6 too."""
    payload = sealed(tmp_path, "mysql://u:p4ssw0rdp4ssw0rd@db.example.com/shop,redis://[2001:db8::1]:6379/0")
    shown = {each.get("shown") for each in payload["policy"]["endpoints"]}
    assert {"mysql://db.example.com:3306/shop", "redis://[2001:db8::1]:6379/0"} <= shown


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("postgres://$DBUSER:$DBPASS@db.corp.example/shop", True),
        ("postgres://$DBUSER:$DBPASS@$DBHOST/shop", True),
        ("${DATABASE_URL}", False),
        ("postgres://$DBUSER:$DBPASS@$DBHOST:5432/$DBNAME?sslmode=require", False),
    ],
)
def test_a_blind_seal_names_nothing_that_the_manifest_spells_out(
    template: str, names: bool, tmp_path: Path
) -> None:
    """A host or a database in the manifest is one all the same; what only takes variables is shown."""
    database = f'[resources.database]\nkind = "postgres"\nurl = "{template}"\n'
    (tmp_path / "disjoint.toml").write_text(MANIFEST + database)
    (tmp_path / "production").write_text("ENVIRONMENT=production\n")
    manifest = load_side(tmp_path / "disjoint.toml", protected=True)
    for blind in (True, False):
        policy = json.dumps(policy_of(manifest, manifest.production, (), b"k" * 32, blind=blind))
        assert (template in policy) is not (blind and names)
