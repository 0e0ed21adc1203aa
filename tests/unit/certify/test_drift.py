"""What has changed since a certificate, in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from disjoint.certify.drift import Pair, changes

ADDRESS = {"shown": "a:1/0", "digest": "hmac:1"}
HELD = {"secrets": {"SECRET_KEY": ["hmac:2"]}, "label": "E=s"}
CACHE = {"kind": "redis", "present": True, "facts": {"address": ADDRESS, "database": 0}}
VARIABLES = {"kind": "variables", "present": True, "facts": HELD}


def side(protected: bool) -> dict[str, Any]:
    """One environment's stable part."""
    return {
        "policy": "sha256:1",
        "protected": protected,
        "resources": {"cache": copy.deepcopy(CACHE), "variables": copy.deepcopy(VARIABLES)},
        "endpoints": {"CACHE_URL": [{"digest": "hmac:1", "owned": True}]},
        "override": {"PGHOST": "hmac:3"},
        "unread": ["A_URL"],
    }


def pair() -> Any:
    """Both environments, alike."""
    grades = {"cache": "canary", "variables": "declared"}
    return Pair({"staging": side(False), "production": side(True)}, grades)


def told(change: Any) -> list[tuple[str, str]]:
    """What is said after something was done to staging or to the grades."""
    after = pair()
    change(after.sides["staging"])
    return [(each.resource, each.words) for each in changes(pair(), after)]


def test_nothing_is_said_where_nothing_has_changed() -> None:
    assert changes(pair(), pair()) == ()


@pytest.mark.parametrize(
    ("change", "resource", "words"),
    [
        (
            lambda s: s["resources"]["cache"]["facts"]["address"].update(digest="hmac:9"),
            "cache",
            "staging: address changed",
        ),
        (
            lambda s: s["resources"]["cache"]["facts"].update(address={"shown": "b:1/0", "digest": "hmac:9"}),
            "cache",
            "staging: address changed from a:1/0 to b:1/0",
        ),
        (lambda s: s["resources"]["cache"]["facts"].update(database=1), "cache", "staging: database changed"),
        (lambda s: s.update(hosts={"DB_HOST": ["hmac:9"]}), "", "staging: DB_HOST names a host"),
        (
            lambda s: s["resources"]["cache"]["facts"].update(database={"unknown": "unread"}),
            "cache",
            "staging: database can no longer be read",
        ),
        (
            lambda s: s["resources"]["cache"].update(kind="celery"),
            "cache",
            "staging: is of kind celery, was redis",
        ),
        (
            lambda s: s["resources"]["cache"].update(present={"unknown": "absent"}),
            "cache",
            "staging: no longer there",
        ),
        (lambda s: s["resources"].pop("cache"), "cache", "staging: resource removed"),
        (lambda s: s["resources"].update(queue=CACHE), "queue", "staging: resource added"),
        (
            lambda s: s["resources"]["variables"]["facts"]["secrets"].update(SECRET_KEY=["hmac:7"]),
            "variables",
            "staging: secret SECRET_KEY rotated",
        ),
        (
            lambda s: s["resources"]["variables"]["facts"]["secrets"].update(API_KEY=["hmac:7"]),
            "variables",
            "staging: secret API_KEY added",
        ),
        (
            lambda s: s["resources"]["variables"]["facts"]["secrets"].clear(),
            "variables",
            "staging: secret SECRET_KEY removed",
        ),
        (
            lambda s: s["resources"]["variables"]["facts"].update(secrets={"unknown": "unread"}),
            "variables",
            "staging: secrets can no longer be read",
        ),
        (lambda s: s["endpoints"].update(CACHE_URL=[]), "", "staging: CACHE_URL leads elsewhere"),
        (lambda s: s["endpoints"].clear(), "", "staging: CACHE_URL leads nowhere now"),
        (lambda s: s["endpoints"].update(B_URL=[]), "", "staging: B_URL leads to a store or a host"),
        (lambda s: s["override"].clear(), "", "staging: PGHOST redirects no client now"),
        (lambda s: s["override"].update(PGHOSTADDR="x"), "", "staging: PGHOSTADDR redirects clients now"),
        (lambda s: s["unread"].clear(), "", "staging: A_URL can be read now"),
        (lambda s: s["unread"].append("B_URL"), "", "staging: B_URL can no longer be read"),
        (lambda s: s.update(policy="sha256:2"), "", "the manifest declares something else"),
    ],
)  # fmt: skip
def test_each_change_is_said_once_and_of_its_resource(change: Any, resource: str, words: str) -> None:
    """One sentence a change, with the environment in which it was made."""
    assert told(change) == [(resource, words)]


@pytest.mark.parametrize(
    ("grade", "words"),
    [
        ("identity", ["grade fell from canary to identity"]),
        (None, ["grade fell from canary to none"]),
        ("canary", []),
        ("refused", []),
    ],
)
def test_a_grade_that_fell_is_told_and_one_that_rose_is_not(grade: str | None, words: list[str]) -> None:
    after = Pair(pair().sides, {"cache": grade, "variables": "declared", "new": "declared"})
    assert [each.words for each in changes(pair(), after)] == words


def test_a_change_of_production_is_told_too() -> None:
    """Production may move under a staging that stays as it is."""
    after = pair()
    after.sides["production"]["resources"]["cache"]["facts"]["database"] = 5
    assert [each.words for each in changes(pair(), after)] == ["production: database changed"]
