"""Web applications refuse to start: real servers, alone and with workers, in every situation of the table."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from web_processes import Ran, Server, ran

from disjoint.certify.guarded import key_in, mac_of
from disjoint.cli.main import run
from disjoint.demo import stack
from disjoint.demo.world import clean

pytestmark = pytest.mark.live
PHRASE = "0f" * 32
REFUSED = "disjoint: refused to start"
DID_NOT_BOOT, REFUSES = 3, 78
TWO_AT_ONCE = frozenset({DID_NOT_BOOT, 1})
"""gunicorn ends with 1 where a second worker fails while it stops because of the first."""


class Sealed(NamedTuple):
    """Variables of both environments, and seals of production's."""

    folder: Path
    staging: Mapping[str, str]
    production: Mapping[str, str]
    expired: Path


@pytest.fixture(scope="module")
def sealed(running: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    folder = tmp_path_factory.mktemp("sealed")
    world = clean(running)
    manifest = world.write(folder)
    seal = folder / "production.sealed.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("DISJOINT_SEAL_KEY", PHRASE)
        words = ["--manifest", str(manifest), "--environment", "production", "--output", str(seal)]
        assert run(["seal", *words]) == 0
    guard = {"DISJOINT_SEAL": str(seal), "DISJOINT_SEAL_KEY": PHRASE}
    staging, production = ({**side.variables, **guard} for side in (world.staging, world.production))
    return Sealed(folder, staging, production, _expired(seal))


def _expired(seal: Path) -> Path:
    """The same, as it will be a week after its end."""
    body = json.loads(seal.read_text())
    payload = json.loads(base64.b64decode(body["payload"]))
    now = datetime.now(UTC)
    payload |= {
        name: f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        for name, days in (("sealedAt", 14), ("expiresAt", 7))
    }
    octets = json.dumps(payload).encode()
    code = mac_of(key_in(PHRASE), octets)
    made = seal.with_name("expired.sealed.json")
    made.write_text(json.dumps({**body, "payload": base64.b64encode(octets).decode(), "mac": code}))
    return made


def situations(sealed: Sealed) -> dict[str, tuple[Mapping[str, str], str]]:
    """Variables of a process in staging, and what its refusal says; nothing where it starts."""
    theirs = sealed.production
    railway = "RAILWAY_ENVIRONMENT_NAME"
    return {
        "clean": (sealed.staging, ""),
        "shared": (
            {**sealed.staging, "DATABASE_URL": theirs["DATABASE_URL"]},
            "SHARED postgres/same-server: DATABASE_URL leads to production's database",
        ),
        "unproven": ({**sealed.staging, "DISJOINT_SEAL": str(sealed.expired)}, "UNPROVEN guard/seal: "),
        "mislabelled": (
            {**sealed.staging, "ENVIRONMENT": "production"},
            "the variables are not the ones production was sealed with",
        ),
        "mislabelled-by-platform": (
            {**sealed.staging, "ENVIRONMENT": "production", railway: "staging"},
            f"the platform's {railway} says it is not",
        ),
        "unset": ({**sealed.staging, "ENVIRONMENT": ""}, "no variable says which environment this is"),
        "typo": ({**sealed.staging, "ENVIRONMENT": "stagging"}, "ENVIRONMENT names neither environment"),
    }


def productions(sealed: Sealed) -> dict[str, Mapping[str, str]]:
    """Variables of a process that the table calls production, with whatever else may be wrong."""
    there = {**sealed.production, "RAILWAY_ENVIRONMENT_NAME": "production"}
    nowhere = str(sealed.folder / "missing.json")
    return {
        "itself": sealed.production,
        "no-seal": {**there, "DISJOINT_SEAL": nowhere},
        "expired-seal": {**there, "DISJOINT_SEAL": str(sealed.expired)},
        "no-key": {**there, "DISJOINT_SEAL_KEY": "short"},
        "calls-itself-staging": {**there, "ENVIRONMENT": "staging"},
        "unset": {**there, "ENVIRONMENT": "", "DISJOINT_SEAL": nowhere},
        "typo": {**there, "ENVIRONMENT": "prodution"},
    }


def uvicorn(
    app: str, *words: str, code: int = DID_NOT_BOOT, workers: int = 1, optimised: bool = False
) -> Server:
    command = ("uvicorn", "--port", "PORT", "--no-use-colors", *words, app)
    return Server(command, frozenset({code}), workers, optimised)


def gunicorn(app: str, *words: str, workers: int = 1, optimised: bool = False) -> Server:
    command = ("gunicorn", "--bind", "127.0.0.1:PORT", "--no-control-socket", "-w", str(workers), *words, app)
    return Server(command, TWO_AT_ONCE if workers > 1 else frozenset({DID_NOT_BOOT}), workers, optimised)


UVICORN_WORKER = ("-k", "uvicorn.workers.UvicornWorker")
SERVERS = {
    "uvicorn": uvicorn("guarded_fastapi:routed"),
    "uvicorn-workers": uvicorn("guarded_fastapi:routed", "--workers", "2", code=0, workers=2),
    "gunicorn-uvicorn": gunicorn("guarded_fastapi:fronted", *UVICORN_WORKER),
    "gunicorn": gunicorn("guarded_flask:app", workers=2),
    "flask": Server(
        ("flask", "--app", "guarded_flask", "run", "-p", "PORT"), frozenset({REFUSES}), optimised=True
    ),
}
"""One of each sort: what `make test` starts."""
MORE = {
    "uvicorn-optimised": uvicorn("guarded_fastapi:fronted", optimised=True),
    "uvicorn-spanned": uvicorn("guarded_fastapi:spanned"),
    "uvicorn-starlette": uvicorn("guarded_fastapi:starlette_fronted"),
    "uvicorn-starlette-spanned": uvicorn("guarded_fastapi:starlette_spanned"),
    "uvicorn-asgi": uvicorn("guarded_fastapi:wrapped"),
    "uvicorn-workers-fronted": uvicorn(
        "guarded_fastapi:fronted", "--workers", "2", code=0, workers=2, optimised=True
    ),
    "uvicorn-flask": uvicorn("guarded_flask:app", "--interface", "wsgi", code=REFUSES),
    "uvicorn-flask-workers": uvicorn(
        "guarded_flask:app", "--interface", "wsgi", "--workers", "2", code=0, workers=2
    ),
    "gunicorn-uvicorn-routed": gunicorn("guarded_fastapi:routed", *UVICORN_WORKER, workers=2, optimised=True),
    "gunicorn-asgi": gunicorn("guarded_fastapi:fronted", "-k", "asgi"),
    "gunicorn-asgi-routed": gunicorn("guarded_fastapi:routed", "-k", "asgi"),
    "gunicorn-optimised": gunicorn("guarded_flask:app", optimised=True),
    "gunicorn-wsgi": gunicorn("guarded_flask:application"),
    "gunicorn-preload": gunicorn("guarded_flask:app", "--preload"),
    "gunicorn-gevent": gunicorn("guarded_flask:app", "-k", "gevent"),
    "gunicorn-threads": gunicorn("guarded_flask:app", "-k", "gthread", "--threads", "4"),
    "flask-reloader": Server(
        ("flask", "--app", "guarded_flask", "--debug", "run", "-p", "PORT"), frozenset({REFUSES})
    ),
    "guard-uvicorn-workers": Server(
        (
            *("disjoint", "guard", "--", "uvicorn", "--port", "PORT"),
            *("--workers", "2", "guarded_fastapi:bare"),
        ),
        frozenset({REFUSES}),
    ),
    "guard-gunicorn": Server(
        (
            *("disjoint", "guard", "--", "gunicorn", "--bind", "127.0.0.1:PORT", "--no-control-socket"),
            *(*UVICORN_WORKER, "guarded_fastapi:bare"),
        ),
        frozenset({REFUSES}),
    ),
}
LONG = pytest.mark.long


def refused(server: Server, result: Ran, says: str) -> None:
    """It never served, ended by itself with its code, said why, and left nobody who tries again."""
    assert result.status is None, result.said
    assert result.code in server.refuses_with, (result.code, result.said)
    assert says in result.said, result.said
    assert 1 <= result.said.count(REFUSED) <= server.workers, result.said
    assert not result.left, result.said


def started(result: Ran) -> None:
    """It served, until it was asked to end, which it did."""
    assert result.status == 200, result.said
    assert REFUSED not in result.said, result.said
    assert result.code in {0, -15, 143}, (result.code, result.said)
    assert not result.left, result.said


def in_turn(cases: Mapping[str, tuple[Mapping[str, str], str]], server: Server, folder: Path) -> None:
    """Every case, three processes at a time."""
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(lambda case: ran(server, case[0], folder), cases.values())
        for (variables, says), result in zip(cases.values(), found, strict=True):
            refused(server, result, says) if says else started(result)
            assert not [value for value in secrets(variables) if value in result.said]


def secrets(variables: Mapping[str, str]) -> list[str]:
    """What no output may hold."""
    return [
        value
        for name, value in variables.items()
        if name.endswith(("_URL", "_KEY", "_KEY_ID", "BACKEND")) and len(value) > 8
    ]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_serves_what_is_disjoint_and_production_and_refuses_the_rest(
    name: str, sealed: Sealed, tmp_path: Path
) -> None:
    """With its documented code, once for each worker at most, and with the reason on standard error."""
    each = situations(sealed)
    cases = {
        "clean": each["clean"],
        "shared": each["shared"],
        "production": (productions(sealed)["calls-itself-staging"], ""),
    }
    in_turn(cases, SERVERS[name], tmp_path)


@LONG
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [*SERVERS, *MORE])
def test_every_server_in_every_situation(name: str, sealed: Sealed, tmp_path: Path) -> None:
    """The whole table: staging's processes refuse, the clean one serves, and production's always serve."""
    server = {**SERVERS, **MORE}[name]
    starts = {f"production-{word}": (variables, "") for word, variables in productions(sealed).items()}
    in_turn({**situations(sealed), **starts}, server, tmp_path)


@pytest.mark.parametrize(
    ("app", "opens"),
    [
        ("fronted", False),
        pytest.param("routed_after_own", True, marks=LONG),
        pytest.param("spanned", False, marks=LONG),
        pytest.param("starlette_fronted", False, marks=LONG),
        pytest.param("starlette_spanned", False, marks=LONG),
        pytest.param("wrapped", False, marks=LONG),
    ],
)
def test_who_comes_first(app: str, opens: bool, sealed: Sealed, tmp_path: Path) -> None:
    """The check, before the application's own lifespan connects; a router's alone comes after it."""
    server = uvicorn(f"guarded_fastapi:{app}")
    variables, says = situations(sealed)["shared"]
    result = ran(server, variables, tmp_path)
    refused(server, result, says)
    assert ("opened connections" in result.said) is opens


@LONG
def test_without_a_lifespan_nothing_is_served_either(sealed: Sealed, tmp_path: Path) -> None:
    """The first request is refused before the application sees it, and so is every other."""
    variables, says = situations(sealed)["shared"]
    result = ran(uvicorn("guarded_fastapi:fronted", "--lifespan", "off"), variables, tmp_path)
    assert (result.status, result.body) == (
        503,
        "disjoint: this process refused to start; standard error says why",
    )
    assert says in result.said


@LONG
def test_a_report_lets_a_server_start_and_says_what_it_would_refuse(sealed: Sealed, tmp_path: Path) -> None:
    variables, says = situations(sealed)["shared"]
    for server in (SERVERS["uvicorn"], SERVERS["gunicorn"], MORE["gunicorn-asgi"]):
        result = ran(server, {**variables, "DISJOINT_GUARD_MODE": "report"}, tmp_path)
        started(result)
        assert says in result.said
