"""PostgreSQL addresses as its clients read them: libpq first, and where others differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from disjoint.model.address import Likeness
from disjoint.model.secret import Secret


class Candidate(NamedTuple):
    """One endpoint that libpq may connect to."""

    host: str
    """A name, a numeric address or a socket directory (begins with ``/`` or ``@``)."""
    hostaddr: str
    """Where to connect if stated; `host` is then only used for TLS."""
    port: int


class Login(NamedTuple):
    """What libpq would really use. Never shows a credential."""

    candidates: tuple[Candidate, ...]
    database: str
    user: str
    password: Secret | None
    parameters: Mapping[str, str]
    fault: str = ""


class PostgresAddress(NamedTuple):
    """A parsed address without credentials."""

    shown: str = ""
    fault: str = ""

    @property
    def kind(self) -> str:
        return "postgres"


def parse(text: str, overrides: Mapping[str, str] = {}) -> PostgresAddress:
    raise NotImplementedError


def login(text: str, overrides: Mapping[str, str] = {}) -> Login:
    raise NotImplementedError


def compare(a: PostgresAddress, b: PostgresAddress) -> Likeness:
    raise NotImplementedError


def compare_text(a: str | None, b: str | None) -> Likeness:
    raise NotImplementedError
