"""The runner against servers that mean no good: nothing holds it past its deadline."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from disjoint.model.environment import Environment
from disjoint.model.probe import HttpAnswer, HttpRequest, ProbeError
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Visit

pytestmark = pytest.mark.live
Behaviour = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(behave: Behaviour) -> Iterator[int]:
    """A TCP server on loopback that treats every connection the given way."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_suppressed, args=(behave, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _suppressed(behave: Behaviour, connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        behave(connection)


def environment(reach_at: dict[str, str] | None = None) -> Environment:
    return Environment("production", True, {}, "here", reach_at or {})


def answering(*chunks: bytes, pause: float = 0.0) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        for chunk in chunks:
            connection.sendall(chunk)
            time.sleep(pause)

    return behave


OK = b"HTTP/1.1 200 OK\r\n"


def ask(port: int, budget: float = 5.0) -> HttpAnswer:
    with Visit.alone(environment(), budget) as visit:
        return visit.exchange(HttpRequest("GET", f"http://127.0.0.1:{port}/health"))


@pytest.mark.alone
@pytest.mark.parametrize(
    "drip", [b"x", b"HTTP/1.1 200 OK\r\nX-A: b\r\n", OK + b"Content-Length: 900\r\n\r\n"]
)
def test_a_dripping_server_is_cut_at_the_deadline(drip: bytes) -> None:
    """One octet now and then renews every read timeout and no deadline."""
    with serving(answering(drip, *[b"y"] * 200, pause=0.1)) as port:
        started = time.monotonic()
        with pytest.raises(ProbeError):
            ask(port, budget=1.0)
        assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("drip", [b"", b"x", OK + b"Content-Length: 900\r\n\r\n"])
def test_an_answer_that_is_late_is_called_so(drip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that the server broke off: whoever reads it looks for what is slow, or down."""
    monkeypatch.setattr("disjoint.runner.visit.HTTP_SECONDS", 0.5)
    with serving(answering(drip, *[b"y"] * 200, pause=0.1)) as port:
        with pytest.raises(ProbeError, match=r"no whole answer within 0\.5 s"):
            ask(port, budget=30.0)
        with pytest.raises(ProbeError, match=r"not answered within the 0\.4 s"):
            ask(port, budget=0.4)


@pytest.mark.parametrize(
    ("chunks", "why"),
    [
        ((OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b",), "encoded"),
        ((OK + b"\r\n", b"z" * 70_000), "more than"),
        ((OK + b"Content-Length: 100\r\n\r\n", b"short"), "too early"),
        ((OK + b"X-Cut: in the mid",), "no whole HTTP answer"),
        ((OK + b"X-Cut: after a line\r\n",), "no whole HTTP answer"),
        ((b"SSH-2.0-OpenSSH\r\n",), "no whole HTTP answer"),
        ((OK + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",), "no whole HTTP answer"),
        ((OK + b"X: " + b"y" * 90_000 + b"\r\n\r\n",), "no whole HTTP answer"),
    ],
)
def test_an_answer_that_is_not_whole_and_plain_is_no_answer(chunks: tuple[bytes, ...], why: str) -> None:
    """Encoded, endless, truncated and foreign answers are refused by name."""
    with serving(answering(*chunks)) as port, pytest.raises(ProbeError, match=why):
        ask(port)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """A 302 comes back as it is, after one request."""
    asked = []

    def behave(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )

    with serving(behave) as port:
        answer = ask(port)
    assert answer.status == 302
    assert len(asked) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "get", "OPTIONS"])
def test_nothing_but_get_and_head_is_ever_sent(method: str) -> None:
    """Other methods are refused before a socket is opened."""
    with Visit.alone(environment()) as visit, pytest.raises(ProbeError, match="only GET and HEAD"):
        visit.exchange(HttpRequest(method, "http://127.0.0.1:9/"))


@pytest.mark.parametrize(
    "url", ["ftp://h/", "http:///x", "http://u:p@h/", "http://h:99999/", "file:///etc/passwd"]
)
def test_other_urls_are_refused_unasked(url: str) -> None:
    """No scheme but http and https, no credentials in a URL."""
    with Visit.alone(environment()) as visit, pytest.raises(ProbeError):
        visit.exchange(HttpRequest("GET", url))


def test_reach_at_moves_the_socket_and_not_the_name() -> None:
    """The mapped port is dialled, and Host keeps the declared name."""
    heard = []

    def behave(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nok")

    with serving(behave) as port:
        mapped = environment({"API.production.test.:80": f"127.0.0.1:{port}"})
        with Visit.alone(mapped) as visit:
            answer = visit.exchange(HttpRequest("GET", "http://api.production.test/health"))
    assert answer.place.how == "reach_at"
    assert b"Host: api.production.test\r\n" in heard[0]


def test_a_closed_port_is_named_and_quick() -> None:
    """Refusal takes no retry and names host and port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    started = time.monotonic()
    with Visit.alone(environment()) as visit, pytest.raises(ProbeError, match=f"refused at 127.0.0.1:{port}"):
        visit.dial("127.0.0.1", port)
    assert time.monotonic() - started < 1


def test_a_name_that_does_not_resolve_says_where_to_map_it() -> None:
    """The remedy of a failed look-up is reach_at."""
    with Visit.alone(environment()) as visit, pytest.raises(ProbeError, match="does not resolve") as caught:
        visit.place("nothing.invalid", 80)
    assert "reach_at" in caught.value.remedy


def test_cloud_metadata_is_never_asked() -> None:
    """Link-local addresses are refused."""
    with Visit.alone(environment()) as visit, pytest.raises(ProbeError, match="link-local"):
        visit.place("169.254.169.254", 80)


def test_a_server_carries_two_connections_at_a_time() -> None:
    """A third visit waits for a seat, and gives up at the deadline."""
    with (
        Visit.alone(environment(), 0.5) as visit,
        visit.seat("127.0.0.1", 9),
        visit.seat("127.0.0.1", 9),
        pytest.raises(ProbeError, match="no free connection"),
        visit.seat("127.0.0.1", 9),
    ):
        pass


def test_the_deadline_spares_a_socket_that_reuses_a_number() -> None:
    """A watched socket that was closed is not confused with the one that has its number now."""
    with Deadline(0.3) as deadline:
        first, _peer = socket.socketpair()
        number = first.fileno()
        deadline.watch(number)
        first.close()
        again, peer = socket.socketpair()
        assert number in {again.fileno(), peer.fileno()}
        time.sleep(0.5)
        again.sendall(b"alive")
        assert peer.recv(5) == b"alive"


@pytest.mark.parametrize(
    "command", ["INSERT", "SET TRANSACTION", "DEL", "FLUSHALL", "PUT", "PUBLISH", "COPY"]
)
def test_production_is_refused_what_is_no_known_read(command: str) -> None:
    """A command whose first word is not allow-listed never reaches production."""
    tally = Tally(protected=True)
    if command.startswith("SET "):
        tally.sent(command)
        assert tally.footprint().reads == 1
        return
    with pytest.raises(ProbeError):
        tally.sent(command)
    assert tally.footprint().reads == 0
