"""Findings with one cause are told once, and none of them is lost."""

from __future__ import annotations

from proofs import HIDDEN_STORAGE, ONE_CACHE, blind, changed, evidence, matrix_with, proof, row

from disjoint.model.finding import Finding, Grade, Outcome, shared, unproven
from disjoint.model.proof import Proof
from disjoint.report import render
from disjoint.report.document import of
from disjoint.report.problems import answered, problems, unread

REFUSED = "unknown: connection refused at 127.0.0.1:1"


def refused(rule: str, what: str, remedy: str) -> Finding:
    """A finding that failed because staging's server refused the connection."""
    return Finding(
        rule, "cache", unproven(f"{what} was not read", evidence(what, REFUSED, REFUSED, "INFO"), remedy)
    )


def two_refused() -> Proof:
    """Two rules about one resource, open for one reason."""
    findings = (
        refused("redis/same-server", "run_id", "open the port"),
        refused("redis/replica-or-copy", "replid", "grant INFO"),
    )
    return proof(matrix_with(row("cache", "refused", None, Outcome.UNPROVEN)), changed(*findings))


def test_rules_that_failed_for_one_reason_are_one_block() -> None:
    """The first is told, the other is named, and every remedy stands."""
    [told] = problems(of(two_refused()))
    assert (told.first.rule, told.also) == ("redis/same-server", ("redis/replica-or-copy",))
    assert told.remedies == ("open the port", "grant INFO")
    shown = render(two_refused(), "text")
    assert shown.count("help[") == 1
    assert shown.count("connection refused") == 2


def test_questions_without_an_answer_are_told_with_their_reason_once() -> None:
    """What nobody answered is gathered; what one side answered stays whole."""
    parts = [
        said
        for finding in of(two_refused()).findings
        if finding.resource == "cache"
        for said in finding.evidence
    ]
    assert answered(parts) == []
    [asked] = unread(parts)
    assert asked.what == "run_id, replid"
    assert [said.environment for said in asked.answers] == ["production", "staging"]
    half = [
        said for finding in of(blind()).findings if finding.resource == "storage" for said in finding.evidence
    ]
    assert [asked.what for asked in answered(half)] == ["listing"]
    assert unread(half) == []


def test_every_rule_that_is_open_is_named() -> None:
    """Shared comes first, then unproven; no rule is left out."""
    other = Finding("redis/replica-or-copy", "cache", shared(Grade.IDENTITY, "a replica of production"))
    shown = proof(
        matrix_with(row("cache", "one", None, Outcome.SHARED), row("storage", "403", None, Outcome.UNPROVEN)),
        changed(HIDDEN_STORAGE, ONE_CACHE, other),
    )
    told = [(problem.first.rule, *problem.also) for problem in problems(of(shown))]
    assert told == [("redis/same-server",), ("redis/replica-or-copy",), ("bucket/same-bucket",)]


def test_two_resources_are_never_one_block() -> None:
    """One reason at two resources is told at both."""
    second = Finding("celery/same-broker", "queue", refused("x", "run_id", "open the port").judgement)
    found = changed(refused("redis/same-server", "run_id", "open the port"), second)
    assert len(list(problems(of(proof(findings=found))))) == 2


def test_one_side_s_silence_is_told_once() -> None:
    """Where one side is dead, the other's answers stand beside a sign, and the reason once below."""
    answers = tuple(
        said
        for what in ("run_id", "replid", "role")
        for said in evidence(what, REFUSED, f"hmac:{what}", "INFO")
    )
    dead = Finding(
        "redis/same-server", "cache", unproven("production did not answer", answers, "open the port")
    )
    shown = render(proof(matrix_with(row("cache", "refused", None, Outcome.UNPROVEN)), changed(dead)), "text")
    assert shown.count("connection refused") == 1
    assert "run_id, replid, role" in shown
    assert [line.split() for line in shown.splitlines() if "hmac:run_id" in line] == [
        ["run_id", "?", "hmac:run_id"]
    ]
