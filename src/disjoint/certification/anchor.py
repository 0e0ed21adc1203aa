"""What a certificate says of the journal: a head that was signed, and that nobody can take back."""

from __future__ import annotations

from typing import Any, NamedTuple

from disjoint.canonical import digest_of, strict
from disjoint.certify.dsse import read_line
from disjoint.certify.names import PROOF_TYPE
from disjoint.errors import UsageError
from disjoint.journal import Head


class Anchor(NamedTuple):
    """Where the journal ended when a proof was signed."""

    proof: str
    """The digest of its payload."""
    head: Head | None


def anchor_in(content: bytes, where: str) -> Anchor:
    """The anchor in a certificate, or in a proof that is none; its signature is for verify-certificate.

    Raises:
        UsageError: there is no proof in it, or more than one.
    """
    try:
        found = [anchor for line in content.splitlines() if line.strip() and (anchor := _anchor(line))]
    except (ValueError, TypeError, KeyError, AttributeError):
        found = []
    if len(found) != 1:
        raise UsageError(f"{where} is no certificate: name a file that `disjoint certify` wrote")
    return found[0]


def _anchor(line: bytes) -> Anchor | None:
    payload = read_line(line).payload
    stated: Any = strict(payload)
    if stated["predicateType"] != PROOF_TYPE:
        return None
    head = stated["predicate"]["journalHead"]
    return Anchor(digest_of(payload), None if head is None else Head(int(head["seq"]), str(head["sha256"])))
