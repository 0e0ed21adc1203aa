"""Web applications refuse to start: real servers, alone and with workers, in every situation of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from guard_web_world import Sealed, productions, sealed_in, secrets, situations
from web_processes import Ran, Server, ran

from disjoint.demo import stack

pytestmark = pytest.mark.live
REFUSED = "disjoint: refused to start"
DID_NOT_BOOT, REFUSES = 3, 78
TWO_AT_ONCE = frozenset({DID_NOT_BOOT, 1})
"""gunicorn ends with 1 where a second worker fails while it stops because of the first."""


@pytest.fixture(scope="module")
def sealed(running: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return sealed_in(tmp_path_factory.mktemp("sealed"), running)


class Case(NamedTuple):
    """One process of a server."""

    server: Server
    variables: Mapping[str, str]
    says: str
    """Of its refusal; empty where it starts."""


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
    "uvicorn-workers": uvicorn("guarded_fastapi:routed", "--workers", "2", code=0, workers=2),
    "uvicorn": uvicorn("guarded_fastapi:routed"),
    "gunicorn-uvicorn": gunicorn("guarded_fastapi:fronted", *UVICORN_WORKER),
    "gunicorn": gunicorn("guarded_flask:app", workers=2),
    "flask": Server(
        ("flask", "--app", "guarded_flask", "run", "-p", "PORT"), frozenset({REFUSES}), optimised=True
    ),
}
"""One of each sort, which `make test` starts; the one first that waits longest."""
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
    "gunicorn-bare": gunicorn("guarded_bare:app", workers=2),
    "uvicorn-bare": uvicorn("guarded_bare:app", "--interface", "wsgi", code=REFUSES),
    "uvicorn-bare-workers": uvicorn(
        "guarded_bare:app", "--interface", "wsgi", "--workers", "2", code=0, workers=2
    ),
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
    code = (
        REFUSES if server.refuses_with == {REFUSES} else DID_NOT_BOOT
    )  # of a worker: its own, not the server's
    assert result.said.count(REFUSED) == result.said.count(f"{REFUSED} (exit {code}): "), result.said
    assert 1 <= result.said.count(REFUSED) <= server.workers, result.said
    assert not result.left, result.said


def started(result: Ran) -> None:
    """It served, until it was asked to end, which it did."""
    assert result.status == 200, result.said
    assert REFUSED not in result.said, result.said
    assert result.code in {0, -15, 143}, (result.code, result.said)
    assert not result.left, result.said


def in_turn(cases: Sequence[Case], folder: Path) -> None:
    """Every case, three processes at a time."""
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda case: ran(case.server, case.variables, folder), cases))
    for case, result in zip(cases, found, strict=True):
        refused(case.server, result, case.says) if case.says else started(result)
        assert not [value for value in secrets(case.variables) if value in result.said]


def test_servers_serve_what_is_disjoint_and_production_and_refuse_what_is_not(
    sealed: Sealed, tmp_path: Path
) -> None:
    """With its documented code, once for each worker at most, and with the reason on standard error."""
    each = situations(sealed)
    production = productions(sealed)["calls-itself-staging"]
    cases = [Case(server, *each["shared"]) for server in SERVERS.values()]
    cases += [Case(server, *each["clean"]) for server in SERVERS.values()]
    cases += [Case(SERVERS[name], production, "") for name in ("uvicorn-workers", "gunicorn", "flask")]
    in_turn(cases, tmp_path)


@LONG
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [*SERVERS, *MORE])
def test_every_server_in_every_situation(name: str, sealed: Sealed, tmp_path: Path) -> None:
    """The whole table: staging's processes refuse, the clean one serves, and production's always serve."""
    server = {**SERVERS, **MORE}[name]
    starts = [Case(server, variables, "") for variables in productions(sealed).values()]
    in_turn([*(Case(server, *each) for each in situations(sealed).values()), *starts], tmp_path)


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
    assert f"{REFUSED}: " in result.said, "it goes on, and answers"


DOCS = Path(__file__).parents[2] / "docs" / "guard"
SHOWN = {
    "$ uvicorn shop:app\n": ("fastapi.md", uvicorn("guarded_fastapi:fronted"), DID_NOT_BOOT),
    "$ gunicorn shop:app\n": ("flask.md", gunicorn("guarded_flask:app"), DID_NOT_BOOT),
    "$ flask --app shop run\n": ("flask.md", SERVERS["flask"], REFUSES),
}


@pytest.mark.parametrize("command", SHOWN)
def test_a_page_shows_what_a_refusal_says(command: str, sealed: Sealed, tmp_path: Path) -> None:
    """Line for line, with the code that the server ends with."""
    page, server, code = SHOWN[command]
    block = next(each for each in (DOCS / page).read_text().split("```")[1::2] if command in each)
    result = ran(server, situations(sealed)["shared"][0], tmp_path)
    assert _ours(block) == _ours(result.said)
    assert block.endswith(f"$ echo $?\n{code}\n")
    assert result.code == code
    assert f"(exit {code})" in block


def _ours(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("disjoint: ", "  "))]


@LONG
def test_a_report_lets_a_server_start_and_says_what_it_would_refuse(sealed: Sealed, tmp_path: Path) -> None:
    variables, says = situations(sealed)["shared"]
    for server in (SERVERS["uvicorn"], SERVERS["gunicorn"], MORE["gunicorn-asgi"]):
        result = ran(server, {**variables, "DISJOINT_GUARD_MODE": "report"}, tmp_path)
        started(result)
        assert says in result.said
