"""The JSON report is what its schema says, and all that the proof holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from proofs import WORLDS, broken, clean, waived

import disjoint.report
from disjoint.model.proof import Proof
from disjoint.report import json as report_json
from disjoint.report import render

SHIPPED = Path(disjoint.report.__file__).parent / "report.schema.json"


def test_the_shipped_schema_is_that_of_the_types() -> None:
    """The schema in the wheel is made of the types that encode the report."""
    if os.environ.get("SNAPSHOTS") == "write":
        SHIPPED.write_text(report_json.schema(), "utf-8")
    assert SHIPPED.read_text("utf-8") == report_json.schema()


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_report_reads_back_whole(world: Callable[[], Proof], ascii_only: bool) -> None:
    """Strict decoding accepts every report, and no field of it is unknown to the types."""
    text = render(world(), "json", ascii_only=ascii_only)
    again = msgspec.to_builtins(report_json.read(text))
    assert json.loads(text) == json.loads(json.dumps(again))


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "PASSED"},
        {"schema": "disjoint.report/v2"},
        {"startedAt": "2026-01-10T12:00:03"},
        {"matrix": None},
        {"footprint": {}},
    ],
)
def test_what_is_no_report_is_refused(change: dict[str, object]) -> None:
    """A wrong word, version or time, or a missing part, does not decode."""
    text = json.dumps(json.loads(render(clean(), "json")) | change)
    with pytest.raises(msgspec.ValidationError):
        report_json.read(text)


def test_fields_may_be_added() -> None:
    """A later version's new field does not break a reader of this one."""
    text = json.dumps(json.loads(render(clean(), "json")) | {"later": 1})
    assert report_json.read(text).verdict.value == "ISOLATED"


def test_the_report_has_the_documented_fields() -> None:
    """Names and order are those of the documentation."""
    report = json.loads(render(broken(), "json"))
    assert list(report)[:11] == [
        *("schema", "verdict", "staging", "production", "startedAt", "finishedAt"),
        *("matrix", "findings", "notes", "coverage", "footprint"),
    ]
    assert report["startedAt"] == "2026-01-10T12:00:03Z"
    assert report["matrix"][1]["grade"] is None
    assert report["matrix"][1]["where"]["staging"] == ".env.staging:5 REDIS_URL"
    assert list(report["coverage"]) == ["declared", "isolated", "shared", "unproven", "notTried", "unclaimed"]
    assert report["footprint"]["production"] == {
        "reads": 14,
        "writes": 0,
        "seconds": 0.08,
        "commands": {"INFO server": 2, "GET /health": 2},
    }


def test_an_unproven_finding_is_of_the_weakest_grade() -> None:
    """UNPROVEN reads declared; a row without isolated findings has no grade."""
    report = json.loads(render(broken(), "json"))
    [finding] = [f for f in report["findings"] if f["outcome"] == "UNPROVEN"]
    assert (finding["grade"], finding["waiver"]) == ("declared", None)


def test_a_waiver_is_shown_whole() -> None:
    """Who accepted what, why and until when stands beside the finding."""
    report = json.loads(render(waived(), "json"))
    [finding] = [f for f in report["findings"] if f["waiver"]]
    assert finding["outcome"] == "SHARED"
    assert finding["waiver"] == {
        "rule": "variables/secret-reused",
        "resource": "variables",
        "reason": "one vendor sandbox key until the contract is renewed",
        "owner": "dana",
        "approver": "kim",
        "expires": "2026-03-01T00:00:00Z",
    }
