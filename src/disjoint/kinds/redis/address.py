"""Redis addresses as redis-py reads them, and where other clients differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from disjoint.model.address import Likeness
from disjoint.model.secret import Secret


class Login(NamedTuple):
    """What redis-py would really use. Never shows a credential."""

    host: str
    port: int
    path: str
    """A Unix socket; empty over TCP."""
    db: int
    username: str
    password: Secret | None
    tls: bool
    parameters: Mapping[str, str]
    """``ssl_cert_reqs``, ``ssl_ca_certs``, ``ssl_check_hostname`` and the like, as written."""
    fault: str = ""


class RedisAddress(NamedTuple):
    """A parsed address without credentials."""

    shown: str = ""
    fault: str = ""

    @property
    def kind(self) -> str:
        return "redis"


def parse(text: str) -> RedisAddress:
    raise NotImplementedError


def login(text: str) -> Login:
    raise NotImplementedError


def compare(a: RedisAddress, b: RedisAddress) -> Likeness:
    raise NotImplementedError


def compare_text(a: str | None, b: str | None) -> Likeness:
    raise NotImplementedError
