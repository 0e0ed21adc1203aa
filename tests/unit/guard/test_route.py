"""The route in front of both sorts of applications: what it refuses, and that it starts nothing for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.types import StartResponse
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

import disjoint.guard
from disjoint.guard import child
from disjoint.guard.frameworks.asgi import Message, Receive, Scope, Send
from disjoint.guard.questions import PATH, Question
from disjoint.guard.route import Asgi, Wsgi

TOKEN = "Zk39dkQpw01mXy7aGh"
NONCE = secrets.token_hex(16)
ASKS = {"Authorization": f"Bearer {TOKEN}", "Disjoint-Nonce": NONCE, "Disjoint-Seconds": "5"}
OWN = "the application's own"
STARTED: list[str] = []


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: str


Ask = Callable[..., Said]


def by_asgi(
    method: str = "GET",
    path: str = PATH,
    prefix: str = "",
    more: Iterable[tuple[str, str]] = (),
    at: str = PATH,
    query: str = "",
    **route: Any,
) -> Said:
    """What an ASGI server would send."""
    headers = [(name.lower().encode(), text.encode()) for name, text in (*ASKS.items(), *more) if text]
    scope: Scope = {
        "type": "http", "method": method, "path": path, "root_path": prefix, "headers": headers,
        "query_string": query.encode(),
    }  # fmt: skip
    sent: list[Message] = []

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": OWN.encode()})

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Asgi(application, at, **route)(scope, receive, send))
    return said(sent)


async def nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application that is not to be reached."""
    raise AssertionError


def said(sent: list[Message]) -> Said:
    """The messages of one answer, in order."""
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert not rest[-1].get("more_body")
    named: Any = start["headers"]
    headers = {name.decode(): text.decode() for name, text in named}
    assert all(name == name.lower() for name in headers)
    status: Any = start["status"]
    bodies: list[Any] = [message["body"] for message in rest]
    return Said(status, headers, b"".join(bodies).decode())


def by_wsgi(
    method: str = "GET",
    path: str = PATH,
    prefix: str = "",
    more: Iterable[tuple[str, str]] = (),
    at: str = PATH,
    query: str = "",
    **route: Any,
) -> Said:
    """What a WSGI server would send, which the specification's checker watches."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "SCRIPT_NAME": prefix,
        "PATH_INFO": path,
    }
    setup_testing_defaults(environ)
    for name, text in (*ASKS.items(), *more):
        key = f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    found: list[tuple[str, list[tuple[str, str]]]] = []

    def application(_environ: Mapping[str, Any], start: StartResponse) -> list[bytes]:
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [OWN.encode()]

    def start(
        status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        found.append((status, headers))
        return bytes

    answer = validator(Wsgi(application, at, **route))(environ, start)
    try:
        body = b"".join(answer).decode()
    finally:
        close: Any = getattr(answer, "close", None)
        close()
    [(status, headers)] = found
    return Said(int(status[:3]), {name.lower(): text for name, text in headers}, body)


@pytest.fixture(params=[by_asgi, by_wsgi], ids=["asgi", "wsgi"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


@pytest.fixture(scope="module", autouse=True)
def _started() -> None:
    """Every process that this one starts is told of by the interpreter itself."""

    def hook(event: str, arguments: Any) -> None:
        if event == "subprocess.Popen":
            STARTED.append(" ".join(map(str, arguments[1])))

    sys.addaudithook(hook)


@pytest.fixture(autouse=True)
def _staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("ENVIRONMENT", "staging")
    monkeypatch.setenv("DISJOINT_ATTEST_TOKEN", TOKEN)
    child.TURN.fresh()
    STARTED.clear()


def test_it_is_a_name_of_the_guards() -> None:
    """Which costs a process that only checks nothing: neither the route nor what it needs is loaded."""
    assert disjoint.guard.route.Asgi is Asgi
    names = ["disjoint.guard.route", "subprocess", "threading", "tempfile", "asyncio"]
    program = f"import sys, disjoint.guard\nprint(*[n for n in {names} if n in sys.modules])"
    shown = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == []
    program = program.replace("guard\n", "guard\ndisjoint.guard.route\n")
    shown = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [names[0], "threading"]


@pytest.mark.parametrize("token", ["", "fifteen-letters"])
def test_without_a_token_there_is_no_route(ask: Ask, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISJOINT_ATTEST_TOKEN", token)
    assert ask()[::2] == (404, OWN)


@pytest.mark.parametrize(
    "path", ["/", "/.well-known/disjoint/", "/.well-known", "/x/.well-known/disjoint", ""]
)
def test_every_other_path_is_the_applications(ask: Ask, path: str) -> None:
    assert ask(path=path)[::2] == (404, OWN)


def test_the_path_is_the_applications_to_choose(ask: Ask) -> None:
    assert ask("PUT", "/asked", at="/asked").status == 405
    assert ask("PUT", at="/asked")[::2] == (404, OWN)
    with pytest.raises(ValueError, match="absolute path"):
        ask(at="asked")


@pytest.mark.parametrize("query", ["hold=ab", "look=ab"])
def test_the_canary_at_the_same_path_is_the_applications(ask: Ask, query: str) -> None:
    """Whatever else is asked there is not."""
    assert ask(query=query)[::2] == (404, OWN)
    assert ask("PUT", query=f"from={query}").status == 405


@pytest.mark.parametrize(("path", "status"), [(PATH, 405), (f"/api{PATH}", 405), (f"/apis{PATH}", 404)])
def test_a_prefix_is_no_part_of_it(path: str, status: int) -> None:
    """Some servers put the prefix before the path, and some leave it out."""
    assert by_asgi("PUT", path, "/api").status == status


REFUSED = {
    "no such token": (401, "GET", [("Authorization", "")], {"Authorization": "Bearer of-another-process"}),
    "another method": (405, "POST", [], {}),
    "no nonce": (400, "GET", [], {"Disjoint-Nonce": ""}),
    "no seconds": (400, "GET", [], {"Disjoint-Seconds": "61"}),
    "two nonces": (400, "GET", [("Disjoint-Nonce", "cd" * 16)], {}),
    "two tokens": (401, "GET", [("Authorization", f"Bearer {TOKEN}")], {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_line_that_nobody_keeps(
    case: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is started."""
    status, method, more, other = REFUSED[case]
    for name, text in other.items():
        monkeypatch.setitem(ASKS, name, text)
    found = ask(method, more=[pair for pair in more if pair[1]])
    assert found.status == status
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    assert found.headers["content-length"] == str(len(found.body))
    assert (found.body.count("\n"), TOKEN in found.body, OWN in found.body) == (1, False, False)
    assert STARTED == []


@pytest.mark.parametrize("by", ["environment", "route", "platform"])
def test_production_is_asked_nothing(by: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever says that it may be production; and the next one may ask at once."""
    route: dict[str, Any] = {}
    match by:
        case "environment":
            monkeypatch.setenv("ENVIRONMENT", "production")
            route["variables"] = {"ENVIRONMENT": "staging"}
        case "route":
            route["variables"] = {"ENVIRONMENT": "production"}
        case _:
            monkeypatch.setenv("RAILWAY_ENVIRONMENT_NAME", "production")
    for _ in range(2):
        found = ask(**route)
        assert (found.status, found.body) == (
            403,
            "this process is production, or may be; nothing was started\n",
        )
    assert STARTED == []


def test_what_the_child_says_of_its_failure_is_passed_on(ask: Ask, tmp_path: Path) -> None:
    """By the child itself, in words of ours; then it rests, and says for how long."""
    found = ask(manifest="none.toml")
    assert (found.status, found.body) == (503, "none.toml: there is no such file\n")
    assert found.headers["cache-control"] == "no-store"
    [words] = STARTED
    assert f"hold --nonce {NONCE} --seconds 5 --output - --connected" in words
    assert words.endswith("--manifest none.toml")
    assert TOKEN not in words
    again = ask()
    assert again.status == 429
    assert 1 <= int(again.headers["retry-after"]) <= 6


def test_a_reason_is_short_and_printable(ask: Ask) -> None:
    found = ask(manifest="\x1b[31m\u202e" + "long" * 200)
    assert found.status == 503
    assert len(found.body.strip()) <= 300
    assert found.body.strip().isprintable()


def test_what_no_process_can_be_started_with_is_told(ask: Ask) -> None:
    """By its sort alone; the route is free again at once."""
    for _ in range(2):
        found = ask(variables={"SECRET": "Zk39dkQ\0pw01mXy7aGh"})
        assert (found.status, found.body) == (503, "no child could be started (ValueError)\n")


def test_what_is_no_words_of_ours_is_not_passed_on(ask: Ask, tmp_path: Path) -> None:
    """An interpreter that fails may say anything."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nprint('noise')\n"
        "print('error: ' + os.environ['SECRET'], file=sys.stderr, flush=True)\nos._exit(9)\n"
    )
    found = ask(variables={"SECRET": "Zk39dkQpw01mXy7aGh", "PYTHONPATH": str(tmp_path)})
    assert (found.status, found.body.partition(";")[0]) == (
        503,
        "its child ended without a half (exit code 9)",
    )
    assert "Zk39" not in found.body


def test_a_child_that_holds_nothing_is_ended_in_time(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(child, "GRACE", -4.0)
    began = time.monotonic()
    found = ask(variables={"PYTHONPATH": str(tmp_path)})
    assert (found.status, found.body.partition(";")[0]) == (
        503,
        "its child ended without a half (it was ended)",
    )
    assert time.monotonic() - began < 10
    assert child_processes() == []


def test_a_child_that_says_much_stops_nobody(ask: Ask, tmp_path: Path) -> None:
    """Neither on its way, nor by what is kept of it: the last reason, as far as it can be printed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nsys.stderr.write('error: first\\n' + 'x' * (1 << 20))\n"
        "sys.stderr.write('\\nerror: the \\x1blast\\ntry: --help\\n')\nsys.stderr.flush()\nos._exit(3)\n"
    )
    found = ask(variables={"PYTHONPATH": str(tmp_path)})
    assert (found.status, found.body) == (503, "the last\n")


@pytest.mark.long
def test_a_child_that_does_not_end_when_asked_to_is_killed(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('\\x1e{}', flush=True)\ntime.sleep(60)\n"
    )
    answer = child.Answer(Question(NONCE, 60), "", {"PYTHONPATH": str(tmp_path)})
    assert answer.begin() == b"\x1e{}\n"
    began = time.monotonic()
    answer.close()
    assert 2 < time.monotonic() - began < 10
    assert child_processes() == []


def child_processes() -> list[str]:
    """Of this process, those that were started for a question."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            text = words.read_bytes().decode()
            found += [text] if f"hold\0--nonce\0{NONCE}" in text else []
    return found


def test_a_server_without_asyncio_is_told_so() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    headers = [(name.lower().encode(), text.encode()) for name, text in ASKS.items()]
    scope: Scope = {"type": "http", "method": "GET", "path": PATH, "headers": headers}
    asking: Any = Asgi(nobody)(scope, receive, send)
    with pytest.raises(StopIteration):
        asking.send(None)
    assert said(sent)[::2] == (
        503,
        "this server runs another loop than asyncio's; the route needs that one\n",
    )
    assert STARTED == []


def test_a_websocket_is_the_applications() -> None:
    reached: list[str] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(str(scope["type"]))

    async def nothing(*_: object) -> Any:
        raise AssertionError

    for kind in ("websocket", "lifespan"):
        asyncio.run(Asgi(application)({"type": kind, "path": PATH, "headers": []}, nothing, nothing))
    assert reached == ["websocket", "lifespan"]


def test_one_question_at_a_time() -> None:
    """Of many threads that ask at once one is answered; then nobody for the rest."""
    turn, got = child.Turn(), []
    barrier = threading.Barrier(8)

    def take(who: int) -> None:
        barrier.wait()
        got.append((turn.take(who + 1), who + 1))

    threads = [threading.Thread(target=take, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [whose] = [who for wait, who in got if wait == 0.0]
    turn.over(whose + 100, rest=0.0)
    assert turn.take(object()) >= 1.0
    turn.over(whose, rest=5.0)
    assert 4.0 < turn.take(object()) <= 5.0


def test_a_forked_worker_has_a_turn_of_its_own() -> None:
    """Though it was forked while its parent answered."""
    assert child.TURN.take(test_one_question_at_a_time) == 0.0
    pid = os.fork()
    if pid == 0:
        os._exit(0 if child.TURN.take(object()) == 0.0 else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert child.TURN.take(object()) > 0.0
