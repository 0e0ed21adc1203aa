"""Typed reading of what a statement says: the member that is missing or of another type is named. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NoReturn

from disjoint.errors import TamperedError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")


class Part:
    """One object of a statement. Members that nobody asks for are left alone, as in-toto demands."""

    __slots__ = ("_members", "_where")

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise TamperedError(f"{where} is no object")
        self._members: dict[str, object] = value
        self._where = where

    def refuse(self, name: str, why: str) -> NoReturn:
        """Say what is wrong with a member, and quote nothing of it.

        Raises:
            TamperedError: always.
        """
        raise TamperedError(f"{self._where}: {name} {why}")

    def text(self, name: str) -> str:
        """A string."""
        value = self._member(name)
        return value if isinstance(value, str) else self.refuse(name, "is no text")

    def among(self, name: str, words: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name)
        return value if value in words else self.refuse(name, f"is none of {', '.join(words)}")

    def truth(self, name: str) -> bool:
        """True or false."""
        value = self._member(name)
        return value if isinstance(value, bool) else self.refuse(name, "is neither true nor false")

    def count(self, name: str) -> int:
        """A whole number from nought."""
        value = self._member(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.refuse(name, "is no count")
        return value

    def moment(self, name: str) -> datetime:
        """A time in UTC (RFC 3339 with ``Z``)."""
        text = self.text(name)
        if not _MOMENT.fullmatch(text):
            self.refuse(name, "is no time in UTC")
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            self.refuse(name, "is no time")

    def digest(self, name: str) -> str:
        """The SHA-256 under a member, in hexadecimal."""
        text = self.part(name).text("sha256")
        return text if _DIGEST.fullmatch(text) else self.refuse(name, "is no SHA-256")

    def part(self, name: str) -> Part:
        """An object."""
        return Part(self._member(name), f"{self._where}: {name}")

    def parts(self, name: str) -> list[Part]:
        """A list of objects."""
        return [Part(each, f"{self._where}: {name}[{place}]") for place, each in enumerate(self._list(name))]

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(
            each if isinstance(each, str) else self.refuse(name, "is no list of texts")
            for each in self._list(name)
        )

    def is_null(self, name: str) -> bool:
        """Whether there is a member that says nothing."""
        return self._member(name) is None

    def names(self) -> tuple[str, ...]:
        """Of all its members."""
        return tuple(self._members)

    def _list(self, name: str) -> list[object]:
        value = self._member(name)
        return value if isinstance(value, list) else self.refuse(name, "is no list")

    def _member(self, name: str) -> object:
        if name not in self._members:
            self.refuse(name, "is missing")
        return self._members[name]
