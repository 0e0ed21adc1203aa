"""Pairs of addresses with the right answer: what naive comparison gets wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from disjoint import pipeline
from disjoint.model.address import Likeness

CASES = Path(__file__).parent / "kinds" / "address_cases.jsonl"


class Case(NamedTuple):
    """One pair: production's text, staging's text, and what may be said of them."""

    id: str
    kind: str
    a: str | None
    b: str | None
    expect: str
    server: str | None


def _case(line: str) -> Case:
    read = json.loads(line)
    return Case(read["id"], read["kind"], read["a"], read["b"], read["expect"], read.get("server"))


ALL = [_case(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_a_pair_gets_its_answer_in_both_orders(case: Case) -> None:
    """The verdict, and the server's where it differs, are the case's; swapping the sides changes nothing."""
    for a, b in ((case.a, case.b), (case.b, case.a)):
        answer = pipeline.compare(case.kind, a, b)
        assert (answer.verdict, answer.server) == (case.expect, case.server)
        assert answer.why


def test_every_verdict_of_every_kind_is_among_the_cases() -> None:
    """The file leaves out no answer that these kinds can give."""
    seen = {(case.kind, case.expect) for case in ALL}
    verdicts = ("same", "different", "unknown", "invalid")
    assert seen == {(kind, verdict) for kind in ("postgres", "redis", "celery") for verdict in verdicts}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_an_environment_is_never_different_from_itself(case: Case) -> None:
    """One text against itself is same, unknown or invalid."""
    for text in (case.a, case.b):
        assert pipeline.compare(case.kind, text, text).verdict != "different"


def test_a_likeness_falls_back_to_the_object_for_its_server() -> None:
    """`of_server` is the server's own verdict where one is stated."""
    assert Likeness("different", "why", "same").of_server == "same"
    assert Likeness("unknown", "why").of_server == "unknown"
