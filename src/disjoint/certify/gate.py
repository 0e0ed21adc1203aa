"""Is staging still what a certificate is about? Pure.

The stable part decides, so that a restart voids nothing. A name may lead elsewhere without changing, so every
server that once said who it is must say so again, and none of them may be one of production's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from disjoint.canonical import digest_of
from disjoint.errors import BarredError, UnprovenError

from .claims import Proof
from .drift import Pair, changes
from .trust import SKEW

Marks = Mapping[str, Sequence[str]]
"""By resource: the digests by which its servers would be known again."""


def expect_project(proof: Proof, name: str, source: str) -> None:
    """Whether digests made here compare with those of the certificate.

    Raises:
        UnprovenError: they were made under another project key.
    """
    if proof.project != name:
        raise UnprovenError(f"the certificate was made under another project key than {source}")


def expect_clock(environment: str, ahead: float | None) -> None:
    """Whether this machine's clock, which tells a certificate's age, is not behind the servers that it asked.

    One that is ahead lets a certificate expire sooner; a page's time may be a cache's, which is behind.

    Args:
        environment: whose servers they are.
        ahead: by how many seconds their clocks are; None where none of them told.

    Raises:
        UnprovenError: it is, by more than a verifier puts up with.
    """
    if ahead is not None and ahead > SKEW.total_seconds():
        raise UnprovenError(
            f"the clocks disagree: {environment}'s servers are {ahead:+.0f} s ahead of this machine, which "
            "tells by its own how old the certificate is; set it"
        )


def expect_apart(proof: Proof, now: Marks) -> None:
    """Whether none of staging's servers is one of production's.

    Raises:
        BarredError: one bears production's mark.
    """
    for resource, marks in now.items():
        if proof.marks & set(marks):
            raise BarredError(
                f"{resource}: {proof.environment}'s server bears a mark of {proof.reference}'s: it is "
                "that server, or its copy; see `disjoint verify`"
            )


def expect_identified(proof: Proof, now: Marks) -> None:
    """Whether every server that said who it is does so again.

    Raises:
        UnprovenError: one does not: nobody knows where its name leads.
    """
    for resource in proof.identified:
        if not now.get(resource):
            raise UnprovenError(
                f"{resource}: {proof.environment}'s server did not say who it is, as it did when it was "
                "certified: see why with `disjoint verify`, or raise --budget"
            )


def expect_same(proof: Proof, now: bytes, before: bytes | None) -> None:
    """Whether staging's stable part is the certified one.

    Args:
        proof: of a certificate that holds.
        now: staging's stable part as it was just observed.
        before: a file that may be the certified one, to say what has changed.

    Raises:
        UnprovenError: it is another.
    """
    if digest_of(now) == proof.staging:
        return
    raise UnprovenError(
        f"{proof.environment} is not what was certified: {_why(proof, now, before)}: run `disjoint certify`"
    )


def _why(proof: Proof, now: bytes, before: bytes | None) -> str:
    if before is None or digest_of(before) != proof.staging:
        return "its stable part has another digest"
    sides = ({proof.environment: json.loads(octets)} for octets in (before, now))
    old, new = (Pair(side, {}) for side in sides)
    found = [f"{each.resource}: {each.words}" if each.resource else each.words for each in changes(old, new)]
    return "; ".join(found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")
