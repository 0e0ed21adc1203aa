"""Sentences: numbers with their nouns, reasons told once."""

from __future__ import annotations

from disjoint.model.fact import Known, Unknown, mapped
from disjoint.model.words import counted, told


def test_a_number_agrees_with_its_noun() -> None:
    """One read, no reads, two addresses."""
    assert [counted(1, "read"), counted(0, "read"), counted(2, "address")] == [
        "1 read",
        "0 reads",
        "2 addresses",
    ]


def test_a_reason_is_told_once() -> None:
    """Those who share it are named together, in the order they came."""
    assert told([("production", "refused"), ("staging", "refused")]) == "production and staging: refused"
    assert told([("production", "refused"), ("staging", "late")]) == "production: refused; staging: late"
    assert told([]) == ""


def test_an_unknown_stays_unknown_in_other_words() -> None:
    """With its own reason and remedy."""
    assert mapped(Known(2), str) == Known("2")
    why = Unknown("denied", "GRANT")
    assert mapped(why, str) is why
