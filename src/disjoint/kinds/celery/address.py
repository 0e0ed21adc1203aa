"""Broker and result backend addresses as kombu and Celery read them."""

from __future__ import annotations

from typing import NamedTuple

from disjoint.kinds.redis.address import Login
from disjoint.model.address import Likeness


class CeleryAddress(NamedTuple):
    """A parsed address without credentials."""

    shown: str = ""
    fault: str = ""

    @property
    def kind(self) -> str:
        return "celery"


def parse(text: str) -> CeleryAddress:
    raise NotImplementedError


def login(text: str) -> Login | None:
    """The redis login of a redis transport (db by kombu's rule); None for any other."""
    raise NotImplementedError


def compare(a: CeleryAddress, b: CeleryAddress) -> Likeness:
    raise NotImplementedError


def compare_text(a: str | None, b: str | None) -> Likeness:
    raise NotImplementedError
