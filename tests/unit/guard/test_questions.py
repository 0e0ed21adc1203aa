"""What may be asked of a running process, by whom, and of which process."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded_world import ONE, PROJECT, declared, seal_text, stated

from disjoint.guard.questions import Question, Refusal, Request, asked, may_be_production, token_of

TOKEN = "Zk39dkQpw01mXy7aGh"
NONCE = "0123456789abcdef" * 2
GOOD = Request("GET", f"Bearer {TOKEN}", NONCE, "30")
THEIRS = {"IT": "postgres://u:Zk39dkQpw01mXy7aGh@db.production.example.com/shop"}
OURS = {"IT": "postgres://u:pP39dkQpw01mXy7zzz@db.staging.example.com/shop"}


@pytest.mark.parametrize(
    ("token", "opens"), [("", ""), ("fifteen letters"[:15], ""), ("sixteen-letters!", "sixteen-letters!")]
)
def test_a_short_token_opens_nothing(token: str, opens: str) -> None:
    assert token_of({"DISJOINT_ATTEST_TOKEN": f" {token}\n"}) == opens
    assert token_of({}) == ""


def test_a_question_is_taken_as_it_was_asked() -> None:
    assert asked(GOOD, TOKEN) == Question(NONCE, 30)
    assert asked(GOOD._replace(authorization=f"bearer  {TOKEN}"), TOKEN) == Question(NONCE, 30)


@pytest.mark.parametrize(
    "shown", ["", TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]
)
def test_whoever_has_not_the_token_learns_nothing_else(shown: str) -> None:
    """Not even that a method or a nonce is wrong."""
    found = asked(Request("POST", shown, "", ""), TOKEN)
    assert isinstance(found, Refusal)
    assert (found.status, dict(found.headers)) == (401, {"WWW-Authenticate": "Bearer"})
    assert TOKEN not in found.says


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "get"])
def test_nothing_but_get_asks(method: str) -> None:
    found = asked(GOOD._replace(method=method), TOKEN)
    assert isinstance(found, Refusal)
    assert (found.status, dict(found.headers)) == (405, {"Allow": "GET"})


@pytest.mark.parametrize(
    "nonce",
    [
        "",
        NONCE[:-1],
        f"{NONCE}0",
        NONCE.upper(),
        f"{NONCE}\n",
        f"{NONCE},{NONCE}",
        "--manifest=/etc/passwd-0123456789",
    ],
)
def test_a_nonce_is_32_hexadecimal_digits(nonce: str) -> None:
    found = asked(GOOD._replace(nonce=nonce), TOKEN)
    assert isinstance(found, Refusal)
    assert (found.status, found.says.partition(":")[0]) == (400, "Disjoint-Nonce")


@pytest.mark.parametrize("seconds", ["", "4", "61", "5.5", "-5", "005", "٣٠", "30\n", "1e1"])
def test_marks_stand_for_5_to_60_seconds(seconds: str) -> None:
    found = asked(GOOD._replace(seconds=seconds), TOKEN)
    assert isinstance(found, Refusal)
    assert (found.status, found.says.partition(":")[0]) == (400, "Disjoint-Seconds")


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("sealed")
    path = folder / "production.sealed.json"
    path.write_text(seal_text(stated(declared(folder, ONE["postgres"]), THEIRS)))
    return str(path)


STAGING = {"ENVIRONMENT": "staging"}
PRODUCTION = {"ENVIRONMENT": "production"}
ON_PRODUCTION = {"RAILWAY_ENVIRONMENT_NAME": "production"}


@pytest.mark.parametrize(
    ("said", "may_be"),
    [
        ({**OURS, **STAGING}, False),
        ({**OURS, **STAGING, "RAILWAY_ENVIRONMENT_NAME": "pr-42"}, False),
        (OURS, False),
        ({**OURS, **PRODUCTION}, True),
        ({**OURS, **PRODUCTION, "RAILWAY_ENVIRONMENT_NAME": "staging"}, True),
        ({**OURS, **STAGING, **ON_PRODUCTION}, True),
        ({**THEIRS, **PRODUCTION}, True),
        (THEIRS, True),
        ({**OURS, "RAILS_ENV": "production"}, False),
    ],
)
def test_what_is_not_staging_by_the_table_is_left_alone(
    said: dict[str, str], may_be: bool, seal: str
) -> None:
    """And what has production's very variables, however it calls itself."""
    variables = {"DISJOINT_SEAL": seal, "DISJOINT_SEAL_KEY": PROJECT.hex(), **said}
    assert may_be_production(variables) is may_be


@pytest.mark.parametrize(
    ("said", "may_be"),
    [
        (STAGING, False),
        ({}, False),
        (PRODUCTION, True),
        ({"APP_ENV": " Prod "}, True),
        ({"RAILS_ENV": "production"}, True),
        ({**STAGING, **ON_PRODUCTION}, True),
    ],
)
def test_without_a_seal_a_process_is_what_it_calls_itself(
    said: dict[str, str], may_be: bool, tmp_path: Path
) -> None:
    for variables in ({"DISJOINT_SEAL": str(tmp_path / "none.json")}, {"DISJOINT_SEAL_KEY": "short"}):
        assert may_be_production({**variables, "HOME": str(tmp_path), **said}) is may_be
