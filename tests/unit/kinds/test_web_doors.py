"""Tokens as their libraries make them, and what the rules about doors conclude."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_web_rules import facts

from disjoint.demo.programs.web import subject_of
from disjoint.kinds.web.doors import WebQuestion, cors, cross_token
from disjoint.kinds.web.facts import Allowed, Answer, Asker, Cors, Door, Reply, WebDeclared
from disjoint.kinds.web.rules import same_deployment
from disjoint.kinds.web.token import TokenKind, mint
from disjoint.model.experiment import Sighting, Sightings
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side

AT = datetime(2026, 1, 10, tzinfo=UTC)
KEY, NOW = "k" * 40, 1_700_000_000
OURS, THEIRS = "https://api.example.com", "https://api.staging.example.com"
DECLARED = WebDeclared(
    url="$API_URL", reach=True, cors=True, canary="/.well-known/disjoint", token_path="/account"
)


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        (
            "jwt",
            ".".join(
                (
                    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
                    "eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDEyMCwic3ViIjoiZGlzam9pbnQtMSJ9",
                    "13Wuqyddln_vUNgKUmdbM6MjWMhxb_GQD3rzoUtwfhY",
                )
            ),
        ),
        ("itsdangerous", "eyJzdWIiOiJkaXNqb2ludC0xIn0.ZVPxAA.8iJmLvMuqbj6vCUqEEah7Cz9TCo"),
        ("django", "eyJzdWIiOiJkaXNqb2ludC0xIn0:1r31eq:CL_cZQ2qquozgR_j69EWUF2VjZE1r0Hd593FQMt1u04"),
    ],
)
def test_a_token_is_what_its_library_makes(kind: TokenKind, token: str) -> None:
    """Octet for octet what PyJWT 2.15, itsdangerous 2.2 and Django 5.2 gave for this key and moment."""
    assert mint(kind, KEY, {"sub": "disjoint-1"}, None, NOW) == token


def test_a_token_of_another_key_salt_or_moment_is_another() -> None:
    """Every part is signed."""
    kinds: tuple[TokenKind, ...] = ("itsdangerous", "django")
    for kind in kinds:
        made = {
            mint(kind, k, {"sub": s}, salt, n)
            for k in (KEY, "x")
            for s in "ab"
            for salt in "yz"
            for n in (NOW, 9)
        }
        assert len(made) == 16


@given(st.text(min_size=1), st.text(max_size=50))
def test_an_application_takes_exactly_its_own_keys_tokens(key: str, other: str) -> None:
    """Minted here, read there: the demo's application has no line in common with the mint."""
    token = mint("jwt", key, {"sub": "disjoint-1"}, None, 4_000_000_000)
    assert subject_of(token, [key]) == "disjoint-1"
    assert other == key or subject_of(token, [other]) is None
    assert subject_of(mint("jwt", key, {"sub": "disjoint-1"}, None, NOW), [key]) is None
    assert json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))["sub"] == "disjoint-1"


def question(**experiments: Fact[object]) -> WebQuestion:
    sides = (
        Side("production", True, AT, facts(OURS, "production", "hmac:one")),
        Side("staging", False, AT, facts(THEIRS, "staging", "hmac:two")),
    )
    return Question(*sides, DECLARED, experiments)


def door(own: Answer, bare: Answer, theirs: Answer) -> Judgement:
    return cross_token(question(reach=Known(Door(own, bare, theirs, "200, 401, 401"))))


def test_a_refusal_counts_beside_both_controls() -> None:
    """Production takes its own token, refuses none, and refuses staging's: grade refused."""
    found = door("taken", "refused", "refused")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.REFUSED)
    found = door("taken", "refused", "taken")
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY)


@pytest.mark.parametrize(
    ("own", "bare", "theirs"),
    [
        ("refused", "refused", "refused"),
        ("unclear", "refused", "refused"),
        ("taken", "taken", "taken"),
        ("taken", "unclear", "refused"),
        ("taken", "refused", "unclear"),
        ("taken", "refused", "not asked"),
    ],
)
def test_without_a_control_nothing_follows(own: Answer, bare: Answer, theirs: Answer) -> None:
    """An endpoint that refuses everybody, takes everybody, or errs says nothing about keys."""
    found = door(own, bare, theirs)
    assert found.outcome is Outcome.UNPROVEN
    assert found.remedy


def reply(asker: Asker, allowed: Allowed, *, credentials: bool = False) -> Reply:
    return Reply(asker, allowed, credentials)


CLOSED = (reply("other", "nobody"), reply("null", "nobody"), reply("stranger", "nobody"))


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (CLOSED, Outcome.ISOLATED),
        ((reply("other", "others"), *CLOSED[1:]), Outcome.ISOLATED),
        ((reply("other", "it"), *CLOSED[1:]), Outcome.SHARED),
        ((reply("other", "it", credentials=True), *CLOSED[1:]), Outcome.SHARED),
        ((reply("other", "it"), CLOSED[1], reply("stranger", "it")), Outcome.ISOLATED),
        ((*CLOSED[:2], reply("stranger", "it", credentials=True)), Outcome.SHARED),
        ((CLOSED[0], reply("null", "it", credentials=True), CLOSED[2]), Outcome.SHARED),
        ((CLOSED[0], reply("null", "it"), CLOSED[2]), Outcome.ISOLATED),
        (
            tuple(reply(a, "everybody", credentials=True) for a in ("other", "null", "stranger")),
            Outcome.ISOLATED,
        ),
        (CLOSED[1:], Outcome.UNPROVEN),
        ((), Outcome.UNPROVEN),
    ],
)
def test_an_origin_that_is_allowed_is_shared_and_a_public_answer_is_not(
    replies: tuple[Reply, ...], outcome: Outcome
) -> None:
    """On either side; `*` is public, and so is any origin without credentials."""
    for found in (Cors(Known(replies), Known(CLOSED)), Cors(Known(CLOSED), Known(replies))):
        judged = cors(question(cors=Known(found)))
        assert (judged.outcome, bool(judged.remedy)) == (outcome, outcome is not Outcome.ISOLATED)


def test_where_its_own_pages_may_not_read_nothing_follows_for_others() -> None:
    """The control: a path that no page may read says nothing about whose pages may."""
    expected: tuple[tuple[Allowed, Outcome], ...] = (
        ("nobody", Outcome.UNPROVEN),
        ("it", Outcome.ISOLATED),
        ("everybody", Outcome.ISOLATED),
    )
    for allowed, outcome in expected:
        found = Cors(Known((reply("own", allowed), *CLOSED)), Known(CLOSED))
        judged = cors(question(cors=Known(found)))
        assert (judged.outcome, bool(judged.remedy)) == (outcome, outcome is not Outcome.ISOLATED)
    two_paths = (reply("own", "nobody"), reply("own", "it"), *CLOSED)
    assert cors(question(cors=Known(Cors(Known(two_paths), Known(CLOSED))))).outcome is Outcome.ISOLATED


def test_one_side_unread_is_unproven_unless_the_other_is_shared() -> None:
    """What was not read is no absence."""
    unread = Unknown("no answer", "run it")
    assert cors(question(cors=Known(Cors(Known(CLOSED), unread)))).outcome is Outcome.UNPROVEN
    open_door = Known((reply("other", "it", credentials=True),))
    assert cors(question(cors=Known(Cors(open_door, unread)))).outcome is Outcome.SHARED
    assert cors(question()).outcome is Outcome.UNPROVEN


def sighted(seen: bool, control: bool = True, held: bool = True) -> Fact[object]:
    return Known(Sightings((Sighting("nonce", Known(held), Known(control), Known(seen)),)))


def test_a_nonce_outweighs_what_services_say_of_themselves() -> None:
    """Seen is SHARED, unseen with both controls raises the grade, a failed control is named."""
    found = same_deployment(question(canary=sighted(True)))
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.CANARY)
    found = same_deployment(question(canary=sighted(False)))
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    for failed in (sighted(False, control=False), sighted(False, held=False), Unknown("no such page")):
        found = same_deployment(question(canary=failed))
        assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
        assert "no canary counts" in found.limits


def test_an_unseen_nonce_lifts_no_doubt() -> None:
    """Two answers of one address stay a riddle, whatever the canary says."""
    one = facts(OURS, "production", "hmac:one"), facts(OURS, "staging", "hmac:two")
    sides = Side("production", True, AT, one[0]), Side("staging", False, AT, one[1])
    asked: WebQuestion = Question(*sides, DECLARED, {"canary": sighted(False)})
    assert same_deployment(asked).outcome is Outcome.UNPROVEN
