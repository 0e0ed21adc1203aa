"""A file too long to be signed whole: its digest is, and a code under the project's key stands beside."""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from disjoint.errors import TamperedError

from .keys import ProjectKey
from .sign import Signature, holds, signed


class Stamp(NamedTuple):
    """What stands at the end of a file; all in hexadecimal."""

    mac: str
    signer: str
    signature: str


def stamped(content: bytes, key: ProjectKey) -> Stamp:
    """Sign a file's content by its digest.

    Raises:
        WriteError: the machine's key cannot be used.
    """
    by = signed(content)
    return Stamp(_mac(content, key), by.signer, by.value)


def expect_stamp(stamp: Stamp, content: bytes, key: ProjectKey, where: str) -> None:
    """Whether a file's content is what was stamped.

    Raises:
        TamperedError: it was changed, or stamped by somebody who has not the key.
    """
    if not hmac.compare_digest(stamp.mac.encode(errors="replace"), _mac(content, key).encode()):
        raise TamperedError(f"{where} was changed since it was written")
    if not holds(Signature(stamp.signer, stamp.signature), content):
        raise TamperedError(f"{where} bears a signature that is not its own")


def _mac(content: bytes, key: ProjectKey) -> str:
    return hmac.new(key.octets, b"disjoint census\0" + content, hashlib.sha256).hexdigest()
