"""What is told of a journal's URL: where it leads, and nothing of a password that was not encoded."""

from __future__ import annotations

import pytest

from disjoint.cli.main import run
from disjoint.errors import UsageError
from disjoint.journal.postgres import PostgresStore, head_name


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://journal:half@of-a-password@db.internal/ops",
        "postgresql://db.internal;password=of-a-password/ops",
        "postgresql://db.internal/ops;password=of-a-password",
        "postgresql:///ops?host=half@of-a-password",
        "postgresql:///ops?port=of-a-password",
        "postgresql://db.internal,of-a-password/ops",
    ],
)
def test_a_password_that_was_not_encoded_is_no_host(url: str) -> None:
    """A reader cuts at another ``@`` than its writer meant."""
    with pytest.raises(UsageError, match="%40") as refused:
        PostgresStore(url, "project")
    assert "of-a-password" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://journal:p%40w@db.internal/ops", "db.internal:5432/ops"),
        ("postgres://[2001:db8::1]:6000/ops_2-x", "2001:db8::1:6000/ops_2-x"),
        ("postgresql:///ops?host=/run/postgresql", "/run/postgresql:5432/ops"),
        ("postgresql://here/ops?host=db.internal&port=6000", "db.internal:6000/ops"),
        ("postgresql:///ops?host=a&host=b", "a,b:5432/ops"),
        ("postgresql:///ops", "localhost:5432/ops"),
    ],
)
def test_a_plain_one_is_told_without_its_login(url: str, where: str) -> None:
    """The control."""
    assert PostgresStore(url, "project").where == where


@pytest.mark.parametrize("url", ["ops", "mysql://a:of-a-password@db.internal/ops"])
def test_how_to_write_one_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever looks like a whole URL is masked on its way to a person."""
    monkeypatch.setenv("DISJOINT_JOURNAL", url)
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "5a" * 32)
    assert run(["journal", "list"]) == 2
    assert "write postgresql, then ://USER:PASSWORD@HOST/DATABASE" in capsys.readouterr().err


def test_two_sockets_are_two_journals() -> None:
    """Each has a head of its own, or one would be taken for the other cut off."""
    assert head_name("postgresql:///ops?host=/run/one") != head_name("postgresql:///ops?host=/run/two")
