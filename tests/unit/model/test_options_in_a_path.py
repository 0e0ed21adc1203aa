"""An option that stands in an address's path, where a ``?`` was forgotten or JDBC has it, is never shown."""

from __future__ import annotations

import pytest

from disjoint.kinds.registry import BY_NAME

SECRET = "S3cr3tT0KENxyz987AbQ"


@pytest.mark.parametrize(
    "behind", [";password=", "&password=", "/password=", ";PWD=", "&sslpassword=", "&secret="]
)
@pytest.mark.parametrize(
    ("kind", "scheme"),
    [("postgres", "postgresql"), ("postgres", "jdbc:postgresql"), ("redis", "redis"), ("celery", "amqp")],
)
def test_a_password_in_the_path_is_not_shown(kind: str, scheme: str, behind: str) -> None:
    """Reports, certificates and seals take an address's words for people as they are."""
    address = BY_NAME[kind].read(f"{scheme}://db.example.com/shop{behind}{SECRET}")
    assert SECRET not in address.shown


def test_a_name_with_an_equals_sign_is_shown() -> None:
    """The control: nothing in it is called a password."""
    assert BY_NAME["postgres"].read("postgresql://db.example.com/a=b").shown == "db.example.com:5432/a=b"
