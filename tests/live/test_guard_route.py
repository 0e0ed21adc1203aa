"""Deployed processes are asked: real servers hold staging's half in a child of theirs, and end it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from deployed_world import plain_world
from guard_web_world import PHRASE

from disjoint.certify.half import Held, read_half
from disjoint.certify.keys import ProjectKey
from disjoint.demo import stack
from disjoint.demo.world import World
from disjoint.guard import child
from disjoint.guard.route import Wsgi

pytestmark = pytest.mark.live
LONG = pytest.mark.long
HERE, BESIDE = Path(__file__).parent, Path(sys.executable).parent
PATH, TOKEN = "/.well-known/disjoint", "a-token-of-this-test"
SECONDS = 5
PATIENCE = 30.0
Words = tuple[str, ...]


class Heard(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    records: list[str]
    came: list[float]
    """When each ended."""


class Deployed(NamedTuple):
    """A server that runs."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def ask(self, nonce: str = "", token: str = TOKEN, between: Callable[[], None] | None = None) -> Heard:
        """As a verifier does; `between` is called when the first record has come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", PATH, headers=asking(nonce or secrets.token_hex(16), token))
            answer = connection.getresponse()
            heard = Heard(answer.status, {n.lower(): t for n, t in answer.getheaders()}, [], [])
            while line := answer.readline():
                heard.records.append(line.decode())
                heard.came.append(time.monotonic())
                if between is not None and len(heard.records) == 1:
                    between()
        return heard

    def get(self, path: str) -> tuple[int, str]:
        """Anything else."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def asking(nonce: str, token: str = TOKEN) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Disjoint-Nonce": nonce,
        "Disjoint-Seconds": str(SECONDS),
        "Accept-Encoding": "identity",
    }


UVICORN = ("uvicorn", "--port", "PORT", "--no-use-colors")
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:PORT", "--no-control-socket")
WSGIREF = ("python", str(HERE / "routed_apps.py"), "PORT")


@contextlib.contextmanager
def deployed(words: Words, folder: Path, variables: Mapping[str, str]) -> Iterator[Deployed]:
    """A server, once it is healthy; ended with everything that it started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    program, *rest = (word.replace("PORT", str(port)) for word in words)
    log = folder.parent / f"log-{port}.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(BESIDE / program), *rest], cwd=folder, env=around(variables), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        found = Deployed(port, log, process)
        healthy(found)
        yield found
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def around(variables: Mapping[str, str]) -> dict[str, str]:
    """What a container has: nowhere to write but a folder for temporary files."""
    mine = {"PATH": f"{BESIDE}:/usr/bin:/bin", "HOME": "/proc/nowhere", "PYTHONPATH": str(HERE)}
    opens = {"DISJOINT_SEAL_KEY": PHRASE, "DISJOINT_ATTEST_TOKEN": TOKEN, "PYTHONDONTWRITEBYTECODE": "1"}
    return {**mine, **opens, **variables}


def healthy(server: Deployed) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert server.process.poll() is None, server.log.read_text()
        with contextlib.suppress(OSError):
            assert server.get("/health")[0] == 200, server.log.read_text()
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


def children(nonce: str) -> list[int]:
    """The processes that hold for this question."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if nonce.encode() in words.read_bytes().split(b"\0"):
                found.append(int(words.parent.name))
    return found


def gone(nonce: str) -> bool:
    """Whether they end within two seconds."""
    until = time.monotonic() + 2
    while (living := bool(children(nonce))) and time.monotonic() < until:
        time.sleep(0.05)
    return not living


@pytest.fixture(scope="module")
def world(running: stack.Stack) -> World:
    return plain_world(running)


@pytest.fixture(scope="module")
def image(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in a deployed image: the manifest, and nobody's file of variables."""
    folder = tmp_path_factory.mktemp("deployed") / "image"
    folder.mkdir()
    manifest = world.write(folder)
    text = manifest.read_text()
    manifest.write_text(text.replace('dotenv = ".env.staging"', 'attested = "https://shop.test"'))
    for file in folder.glob(".env.*"):
        file.unlink()
    return folder


@pytest.fixture(scope="module")
def elsewhere(image: Path, world: World) -> Path:
    """An image whose code connects to production's cache, by a file that no variable names."""
    folder = image.parent / "elsewhere"
    folder.mkdir()
    (folder / "disjoint.toml").write_text((image / "disjoint.toml").read_text())
    url = world.production.variables["REDIS_URL"]
    place = f"@127.0.0.1:{world.stack.production.cache.port}"
    (folder / "elsewhere.txt").write_text(re.sub(r"@[^/]*", place, url))
    return folder


def held(heard: Heard, nonce: str) -> tuple[Held, Held]:
    """Both halves of a question, each the project's own."""
    assert heard.status == 200, heard
    assert heard.headers["content-type"] == "application/json-seq"
    assert heard.headers["cache-control"] == "no-store"
    assert heard.headers["x-accel-buffering"] == "no"
    assert [(record[0], record[-1]) for record in heard.records] == [("\x1e", "\n")] * 2
    assert heard.came[1] - heard.came[0] > SECONDS - 1  # the first one was kept back by nobody
    key = ProjectKey(bytes.fromhex(PHRASE), "the test")
    standing, whole = (read_half(Held, record[1:], "the answer", key) for record in heard.records)
    assert standing.run == whole.run == nonce
    assert (standing.alive_at, whole.alive_at is not None) == (None, True)
    return standing, whole


def silent_of(variables: Mapping[str, str], *texts: str) -> None:
    """No text holds a password or another secret of theirs."""
    words = {word for text in variables.values() for word in re.findall(r"://[^:/@]*:([^@/]{8,})@", text)}
    words |= {text for name, text in variables.items() if re.search("SECRET|KEY$|PASSWORD|TOKEN", name)}
    assert len(words) >= 5
    assert not [word for word in {*words, TOKEN, PHRASE} if word in "".join(texts)]


def test_servers_hold_while_they_serve(world: World, image: Path, elsewhere: Path, tmp_path: Path) -> None:
    """An asynchronous one, a forking one, and one whose code connects to production's cache, all at once."""
    variables = {**world.staging.variables, "TMPDIR": str(tmp_path)}
    cache = f"127.0.0.1:{world.stack.production.cache.port}"
    cases: Mapping[str, tuple[Words, Path, tuple[str, ...]]] = {
        "fastapi": ((*UVICORN, "routed_apps:of_fastapi"), image, ()),
        "flask": ((*GUNICORN, "routed_apps:of_flask"), image, ()),
        "bare": (WSGIREF, elsewhere, (cache,)),
    }

    def asked(name: str) -> None:
        words, folder, connected = cases[name]
        nonce = secrets.token_hex(16)
        with deployed(words, folder, variables) as server:
            heard = server.ask(nonce, between=lambda: meanwhile(server, nonce, alone=name != "fastapi"))
            assert gone(nonce)
            assert server.ask().status == 429
            silent_of(variables, *heard.records, *heard.headers.values(), server.log.read_text())
            silent_of(world.production.variables, *heard.records)
            empties(tmp_path, name)
        standing, whole = held(heard, nonce)
        assert whole.connected == standing.connected == connected
        assert {"database", "cache", "tasks"} <= {*whole.marks}

    with ThreadPoolExecutor() as pool:
        list(pool.map(asked, cases))


def empties(folder: Path, name: str) -> None:
    """What a child was given to write in goes with it; those of the others that are being asked stand."""
    until = time.monotonic() + 20
    while any(folder.glob("disjoint-*")) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(folder.glob("disjoint-*")), name


def meanwhile(server: Deployed, nonce: str, *, alone: bool) -> None:
    """The child has the process's variables and no token; a server that can answers others at once."""
    [pid] = children(nonce)
    own = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"DATABASE_URL=" in own
    assert TOKEN.encode() not in own
    if not alone:
        began = time.monotonic()
        assert server.get("/health") == (200, '"healthy"')
        assert server.ask().status == 429
        assert time.monotonic() - began < SECONDS - 2


def test_who_leaves_ends_the_child(world: World, image: Path) -> None:
    """While its marks stand; and the server serves on."""
    with deployed((*UVICORN, "routed_apps:of_fastapi"), image, world.staging.variables) as server:
        assert gone(left(server, b"\x1e"))
        assert server.ask().status == 429
        assert server.get("/health")[0] == 200


@LONG
def test_who_leaves_before_the_marks_stand_ends_the_child_too(world: World, image: Path) -> None:
    """Then the process rests, and answers the next one."""
    with deployed((*UVICORN, "routed_apps:of_fastapi"), image, world.staging.variables) as server:
        assert gone(left(server, b""))
        assert server.ask().status == 429
        time.sleep(child.REST + 0.5)
        nonce = secrets.token_hex(16)
        held(server.ask(nonce), nonce)


def left(server: Deployed, after: bytes) -> str:
    """Ask, wait for these octets, or for the child where there are none; and leave."""
    nonce = secrets.token_hex(16)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        lines = [f"GET {PATH} HTTP/1.1", "Host: a.test", *(f"{n}: {t}" for n, t in asking(nonce).items())]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        read, until = b"", time.monotonic() + PATIENCE
        while not (after in read and children(nonce)):
            assert time.monotonic() < until
            read += client.recv(1 << 16) if after else b""
    return nonce


@pytest.mark.long
def test_a_wsgi_server_that_closes_ends_the_child(
    world: World, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With variables that are handed to the route, and a manifest elsewhere."""
    child.TURN.fresh()
    monkeypatch.setenv("DISJOINT_ATTEST_TOKEN", TOKEN)
    nonce = secrets.token_hex(16)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in asking(nonce).items()}
    manifest, own = str(image / "disjoint.toml"), {**world.staging.variables, "DISJOINT_SEAL_KEY": PHRASE}
    app = Wsgi(lambda _environ, _start: [], manifest=manifest, variables=own)
    begun: list[str] = []

    def start(status: str, _headers: object, _error: object = None) -> Callable[[bytes], object]:
        begun.append(status)
        return bytes

    for stop in ("at once", "after one"):
        child.TURN.fresh()
        answer: Any = app({"REQUEST_METHOD": "GET", "PATH_INFO": PATH, **headers}, start)
        assert begun.pop() == "200 OK"
        assert children(nonce)
        assert stop == "at once" or next(iter(answer)).startswith(b"\x1e")
        answer.close()
        assert not children(nonce)


def test_without_a_token_the_path_is_the_applications(world: World, image: Path) -> None:
    shut = {**world.staging.variables, "DISJOINT_ATTEST_TOKEN": ""}
    with deployed((*UVICORN, "routed_apps:of_fastapi"), image, shut) as server:
        assert server.get(PATH) == (404, '{"detail":"Not Found"}')
        assert server.ask().status == 404


def test_production_starts_nothing_for_anybody(world: World, image: Path) -> None:
    nonce = secrets.token_hex(16)
    with deployed(WSGIREF, image, world.production.variables) as server:
        assert server.ask(nonce, "another-token-than-that").status == 401
        heard = server.ask(nonce)
        assert (heard.status, children(nonce)) == (403, [])
        silent_of(world.production.variables, *heard.records, server.log.read_text())


MORE: Mapping[str, Sequence[str]] = {
    "gunicorn-gevent": (*GUNICORN, "-k", "gevent", "routed_apps:of_flask"),
    "gunicorn-threads": (*GUNICORN, "-k", "gthread", "--threads", "4", "-w", "2", "routed_apps:of_flask"),
    "gunicorn-preload": (*GUNICORN, "--preload", "routed_apps:of_nobody"),
    "gunicorn-uvicorn": (*GUNICORN, "-k", "uvicorn.workers.UvicornWorker", "routed_apps:of_fastapi"),
    "gunicorn-asgi": (*GUNICORN, "-k", "asgi", "routed_apps:of_fastapi"),
    "gunicorn-django": (*GUNICORN, "routed_apps:of_django"),
    "uvicorn-django": (*UVICORN, "routed_apps:of_django_asgi"),
    "uvicorn-workers": (*UVICORN, "--workers", "2", "routed_apps:of_fastapi"),
    "uvicorn-wsgi": (*UVICORN, "--interface", "wsgi", "routed_apps:of_nobody"),
    "uvicorn-starlette": (*UVICORN, "routed_apps:of_starlette"),
    "hypercorn": ("hypercorn", "--bind", "127.0.0.1:PORT", "routed_apps:fastapi()"),
    "flask": ("flask", "--app", "routed_apps:of_flask", "run", "-p", "PORT"),
}


@LONG
@pytest.mark.parametrize("name", MORE)
def test_every_server_holds(name: str, world: World, image: Path) -> None:
    """Record by record, in a process of its own that ends with the answer; and names none of its clients."""
    nonce = secrets.token_hex(16)
    with deployed(tuple(MORE[name]), image, world.staging.variables) as server:
        _, whole = held(server.ask(nonce), nonce)
        assert whole.connected == ()
        assert gone(nonce)
        assert server.get("/health")[0] == 200


@LONG
@pytest.mark.parametrize("name", ["gunicorn-uvicorn", "gunicorn-asgi", "hypercorn", "uvicorn-starlette"])
def test_every_asynchronous_server_tells_who_left(name: str, world: World, image: Path) -> None:
    with deployed(tuple(MORE[name]), image, world.staging.variables) as server:
        assert gone(left(server, b"\x1e"))
