"""What is told of a journal's URL: where it leads, and nothing of a password that was not encoded."""

from __future__ import annotations

import pytest

from disjoint.errors import UsageError
from disjoint.journal.postgres import PostgresStore


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://journal:half@of-a-password@db.internal/ops",
        "postgresql://db.internal;password=of-a-password/ops",
        "postgresql://db.internal/ops;password=of-a-password",
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
        ("postgresql:///ops?host=/run/postgresql", "localhost:5432/ops"),
    ],
)
def test_a_plain_one_is_told_without_its_login(url: str, where: str) -> None:
    """The control."""
    assert PostgresStore(url, "project").where == where
