"""A proof as an in-toto statement: every field of the contract, and nothing that nobody asked for."""

from __future__ import annotations

import copy
import json
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.canonical import canonical, strict
from disjoint.certify.statement import (
    Circumstances,
    Stated,
    proof_id,
    proof_statement,
    properties,
    summary_statement,
    written,
)

NOW = datetime(2026, 1, 10, 12, 0, 9, 123456, tzinfo=UTC)
COVERAGE = {"declared": 2, "isolated": 1, "shared": 1, "unproven": 0, "notTried": ["x"], "unclaimed": []}
RUN = "https://ci.example/runs/42"
A, B, C, D, E, F = (letter * 64 for letter in "abcdef")


def row(resource: str, kind: str, outcome: str = "ISOLATED", **other: Any) -> dict[str, Any]:
    """A row of the report's matrix."""
    told = {"production": "p:1", "staging": "s:1", "method": "m", "where": {}, "seconds": 0.1}
    stated = {"resource": resource, "kind": kind, "outcome": outcome, "grade": "canary", "status": "VERIFIED"}
    return {**told, **stated, **other}


def report(**other: Any) -> dict[str, Any]:
    """A report's JSON, as programs read it."""
    finding = {
        "rule": "redis/same-server", "resource": "cache", "outcome": "ISOLATED", "grade": "canary",
        "summary": "two servers", "evidence": [{"value": "hmac:" + "0" * 32}], "remedy": "",
        "limits": "no copy", "waiver": None,
    }  # fmt: skip
    accepted = {**finding, "rule": "variables/live-key", "resource": "variables", "outcome": "SHARED",
                "grade": "declared", "waiver": {"rule": "variables/live-key"}}  # fmt: skip
    stated: dict[str, Any] = {
        "schema": "disjoint.report/v1",
        "verdict": "ISOLATED",
        "staging": "staging",
        "production": "production",
        "startedAt": "2026-01-10T12:00:00Z",
        "finishedAt": "2026-01-10T12:00:09.123456Z",
        "matrix": [row("cache", "redis"), row("variables", "variables", "SHARED", status="WAIVED (FAILED)")],
        "findings": [finding, accepted],
        "notes": [{"rule": "variables/marker"}],
        "coverage": {
            "declared": 2,
            "isolated": 1,
            "shared": 1,
            "unproven": 0,
            "notTried": ["x"],
            "unclaimed": [],
        },
        "footprint": {"production": {"reads": 14, "writes": 0, "seconds": 0.08, "commands": {"PING": 1}}},
        "source": "/home/somebody/disjoint.toml",
    }
    return {**stated, **other}


def stated(**other: Any) -> Stated:
    """Everything beside the report."""
    fields: dict[str, Any] = {
        "proof_id": "0198c0de-0000-7000-8000-000000000001",
        "by": Circumstances("0.1.0", RUN, "github-actions", ("alice", "a@example.com")),
        "policy": ("disjoint.toml", C),
        "project": "0123456789abcdef",
        "subjects": (A, B),
        "identified": ["cache"],
        "marks": {"cache": ["hmac:" + "1" * 32]},
        "minimums": {"cache": "identity", "variables": "declared"},
        "waivers": [{"rule": "variables/live-key", "resource": "variables", "reason": "r", "owner": "o",
                     "approver": "p", "expires": "2026-02-01T00:00:00Z"}],
        "valid_until": NOW + timedelta(days=22),
        "challenge": "c0ffee",
        "previous": D,
        "head": (7, E),
        "report": ("report.json", F),
    }  # fmt: skip
    return Stated(**{**fields, **other})


def test_the_statement_is_the_one_of_the_contract() -> None:
    """Field by field as docs/adr/0015-certificate.md has it; no evidence, no places of files, no notes."""
    assert proof_statement(report(), stated()) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "staging.stable.json", "digest": {"sha256": A}},
            {"name": "production.stable.json", "digest": {"sha256": B}},
        ],
        "predicateType": "https://disjoint.dev/isolation-proof/v1",
        "predicate": {
            "proofId": "0198c0de-0000-7000-8000-000000000001",
            "prover": {
                "id": "https://disjoint.dev",
                "version": "0.1.0",
                "run": "https://ci.example/runs/42",
                "host": "github-actions",
            },
            "policy": {"name": "disjoint.toml", "digest": {"sha256": C}},
            "environment": {"name": "staging", "identified": ["cache"]},
            "reference": {"name": "production", "marks": {"cache": ["hmac:" + "1" * 32]}},
            "projectKey": "0123456789abcdef",
            "requestedBy": ["alice", "a@example.com"],
            "startedAt": "2026-01-10T12:00:00Z",
            "finishedAt": "2026-01-10T12:00:09.123456Z",
            "validUntil": "2026-02-01T12:00:09Z",
            "challenge": "c0ffee",
            "previousProof": {"sha256": D},
            "journalHead": {"seq": 7, "sha256": E},
            "verdict": "ISOLATED",
            "matrix": [
                {
                    "resource": "cache", "kind": "redis", "outcome": "ISOLATED", "grade": "canary",
                    "minimum": "identity", "status": "VERIFIED",
                },
                {
                    "resource": "variables", "kind": "variables", "outcome": "SHARED", "grade": "canary",
                    "minimum": "declared", "status": "WAIVED (FAILED)",
                },
            ],
            "coverage": COVERAGE,
            "findings": [
                {
                    "rule": "redis/same-server", "resource": "cache", "outcome": "ISOLATED",
                    "grade": "canary", "summary": "two servers", "limits": "no copy", "waived": False,
                },
                {
                    "rule": "variables/live-key", "resource": "variables", "outcome": "SHARED",
                    "grade": "declared", "summary": "two servers", "limits": "no copy", "waived": True,
                },
            ],
            "waivers": [
                {"rule": "variables/live-key", "resource": "variables", "reason": "r", "owner": "o",
                 "approver": "p", "expires": "2026-02-01T00:00:00Z"},
            ],
            "footprint": {"reads": 14, "writes": 0, "seconds": 0.08},
            "report": {"name": "report.json", "digest": {"sha256": F}},
        },
    }  # fmt: skip


def test_a_first_proof_has_nothing_before_it() -> None:
    """Null, not absent: a verifier can tell a first proof from one whose past was left out."""
    statement: Any = proof_statement(report(), stated(previous=None, head=None))
    assert statement["predicate"]["previousProof"] is statement["predicate"]["journalHead"] is None


def test_the_summary_is_a_simple_verification_result() -> None:
    """Version 0.2 of in-toto's predicate: its policies are always listed; the subjects are the proof's."""
    summary: Any = summary_statement(report(), stated())
    proof: Any = proof_statement(report(), stated())
    assert summary["subject"] == proof["subject"]
    assert summary["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    assert summary["predicate"] == {
        "verifier": {
            "id": "https://disjoint.dev/verifier/v1",
            "policies": [{"name": "disjoint.toml", "digest": {"sha256": C}}],
        },
        "timeCreated": "2026-01-10T12:00:09.123456Z",
        "properties": ["DISJOINT_ISOLATED", "DISJOINT_ISOLATED_REDIS"],
    }


@pytest.mark.parametrize("verdict", ["SHARED", "UNPROVEN"])
def test_nothing_holds_of_what_is_not_isolated(verdict: str) -> None:
    """A summary of a world that is not isolated has no property at all."""
    assert properties(report(verdict=verdict)) == []


def test_a_kind_counts_where_all_its_rows_do() -> None:
    """One row of a kind that is not isolated takes the kind's property away; no waiver is a property."""
    rows = [row("a", "redis"), row("b", "redis", "UNPROVEN"), row("c", "postgres")]
    clean = [finding for finding in report()["findings"] if finding["waiver"] is None]
    assert properties(report(matrix=rows, findings=clean)) == [
        "DISJOINT_ISOLATED",
        "DISJOINT_ISOLATED_WITHOUT_WAIVER",
        "DISJOINT_ISOLATED_POSTGRES",
    ]


def test_what_a_report_gains_is_not_signed_unseen() -> None:
    """An allow-list: fields that later versions add to rows, findings or footprints stay outside."""
    richer = copy.deepcopy(report())
    for part in (
        richer["matrix"][0],
        richer["findings"][0],
        richer["coverage"],
        richer["footprint"]["production"],
    ):
        part["new"] = "x"
    assert proof_statement(richer, stated()) == proof_statement(report(), stated())


def test_a_statement_has_one_encoding() -> None:
    """Canonical, strict, and the same after a round trip."""
    octets = canonical(proof_statement(report(), stated()))
    assert canonical(strict(octets)) == octets
    assert json.loads(octets) == proof_statement(report(), stated())


@given(st.integers(946684800, 7258118400), st.binary(min_size=10, max_size=10))
def test_a_proof_id_is_a_uuid_that_sorts_by_time(seconds: int, random: bytes) -> None:
    """RFC 9562, version 7: the moment to the millisecond, then chance."""
    now = datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=123)
    made = proof_id(now, random)
    read = uuid.UUID(made)
    assert (str(read), read.version, read.variant) == (made, 7, uuid.RFC_4122)
    assert read.int >> 80 == int(now.timestamp() * 1000)
    assert made < proof_id(now + timedelta(milliseconds=2), random)


def test_proof_ids_of_one_moment_differ() -> None:
    assert proof_id(NOW, bytes(10)) != proof_id(NOW, bytes(9) + b"\1")


def test_moments_are_written_in_utc_to_the_second() -> None:
    """RFC 3339 with Z, whatever zone they come in."""
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert written(there) == "2026-01-10T12:00:09Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", written(there))
