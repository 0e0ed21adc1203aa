"""The end of the chain once more, under the project's key: what was cut off a journal is missed by it."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from disjoint.canonical import canonical, strict
from disjoint.errors import TamperedError, WriteError
from disjoint.writing import write_whole

from .entry import Head

_LONGEST = 1 << 12


class HeadFile:
    """The file beside a journal; replaced in one step after each entry."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path, self._key = path, key

    def read(self) -> Head | None:
        """The head that was written last; None where none ever was.

        Raises:
            TamperedError: it is not as it was written.
            WriteError: it cannot be read.
        """
        try:
            with self.path.open("rb") as stream:
                octets = stream.read(_LONGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WriteError(f"cannot use {self.path}: {error.strerror}") from None
        head = self._believed(octets)
        if head is None:
            raise TamperedError(f"{self.path} is not as it was written: somebody without the key changed it")
        return head

    def _believed(self, octets: bytes) -> Head | None:
        try:
            stated = strict(octets)
            head = Head(int(stated["seq"]), str(stated["sha256"]))
            code = str(stated["mac"]).encode(errors="replace")
        except (ValueError, TypeError, KeyError):
            return None
        return head if hmac.compare_digest(code, self._code(head).encode()) else None

    def write(self, head: Head) -> None:
        """Put a newer head in its place.

        Raises:
            WriteError: it cannot be written; the entry it is about stands nevertheless.
        """
        stated = canonical({"seq": head.seq, "sha256": head.digest, "mac": self._code(head)})
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"cannot use {self.path}: {error.strerror}") from None
        write_whole(self.path, stated + b"\n", 0o600)

    def _code(self, head: Head) -> str:
        stated = f"disjoint journal head\0{head.seq} {head.digest}"
        return hmac.new(self._key, stated.encode(), hashlib.sha256).hexdigest()
