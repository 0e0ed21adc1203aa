"""What comes back from a URL: two records in order, or one reason why there is no proof."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from disjoint.attested.asking import VARIABLE, Answer, Question, asked, token
from disjoint.cli.spoken import spoken
from disjoint.errors import UnprovenError, UsageError
from disjoint.model.environment import Environment
from disjoint.model.secret import Secret
from disjoint.runner.deadline import Deadline

NONCE = "0123456789abcdef" * 2
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json-seq\r\n\r\n"
PAUSE = 0.1


class Peer:
    """A server of one connection, which sends its pieces with a pause between them and keeps what it read."""

    def __init__(self, pieces: Sequence[bytes], *, stays: bool = False) -> None:
        self.read = b""
        self._pieces, self._stays = pieces, stays
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                while b"\r\n\r\n" not in self.read:
                    self.read += connection.recv(4096)
                for piece in self._pieces:
                    connection.sendall(piece)
                    self._over.wait(PAUSE)
                if self._stays:
                    self._over.wait(20)

    def end(self) -> None:
        self._over.set()
        self._listener.close()
        self._thread.join()


@contextlib.contextmanager
def peer(*pieces: bytes, stays: bool = False) -> Iterator[Peer]:
    found = Peer(pieces, stays=stays)
    try:
        yield found
    finally:
        found.end()


@contextlib.contextmanager
def asking(port: int, seconds: float = 5.0) -> Iterator[Answer]:
    url = f"http://127.0.0.1:{port}/.well-known/disjoint?from=ci"
    staging = Environment("staging", False, {}, url, held=False, attested=url)
    question = Question(staging, Secret("t0ken-of-the-test"), NONCE, 7)
    with Deadline(seconds) as deadline, asked(question, deadline) as answer:
        yield answer


def both(port: int, seconds: float) -> tuple[str, str]:
    with asking(port, seconds) as answer:
        return answer.standing(), answer.whole()


def refused(port: int, *, seconds: float = 5.0) -> str:
    with pytest.raises(UnprovenError) as error:
        both(port, seconds)
    return str(error.value)


def chunked(*records: bytes) -> list[bytes]:
    head = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    return [head, *(b"%x\r\n%s\r\n" % (len(each), each) for each in records), b"0\r\n\r\n"]


def test_two_records_come_one_after_the_other() -> None:
    """The first is there while the second is not yet, however the octets are cut."""
    records = b'\x1e{"a":1}\n', b'\x1e{"b":', b"2}\n"
    with peer(*chunked(*records), stays=True) as server, asking(server.port) as answer:
        assert answer.standing() == '{"a":1}'
        assert answer.whole() == '{"b":2}'
    request, *headers = server.read.decode().split("\r\n")
    assert request == "GET /.well-known/disjoint?from=ci HTTP/1.1"
    assert {"Authorization: Bearer t0ken-of-the-test", f"Disjoint-Nonce: {NONCE}", "Disjoint-Seconds: 7"} <= {
        *headers
    }


@pytest.mark.alone
def test_a_standing_half_is_given_out_before_the_answer_ends() -> None:
    began = time.monotonic()
    with peer(HEAD, b'\x1e{"a":1}\n', stays=True) as server, asking(server.port) as answer:
        assert answer.standing() == '{"a":1}'
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([HEAD], "its marks never stood: the answer ended"),
        ([HEAD, b'\x1e{"a":1}'], "its marks never stood: the answer ended"),
        ([HEAD, b'{"a":1}\n{"b":2}\n'], "its marks never stood: the answer ended"),
        ([HEAD, b'\x1e{"a":1}\n', b'\x1e{"b"'], "its half was never closed: the answer ended"),
        (chunked(b'\x1e{"a":1}\n')[:-1], "its half was never closed: the connection broke (IncompleteRead)"),
        ([HEAD, b'\x1e{"a":1}\n', b"x" * (17 << 20)], "its half was never closed: too long"),
        ([HEAD.replace(b"json-seq", b"json")], "has no such route"),
        ([b"HTTP/1.1 401 No\r\n\r\n"], "it does not take this token"),
        ([b"HTTP/1.1 403 No\r\n\r\n"], "it is production, by its own account"),
        ([b"HTTP/1.1 404 No\r\n\r\n"], "has no such route"),
        ([b"HTTP/1.1 429 No\r\n\r\n"], "it is answering somebody else"),
        ([b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n"], "it answered 302"),
        (
            [b"HTTP/1.1 503 No\r\n\r\nthere is no \x1b[31mdisjoint.toml here\n"],
            r"it could not make its half: there is no \x1b[31mdisjoint.toml here",
        ),
        (
            [b"HTTP/1.1 503 No\r\n\r\n" + b"a" * 290 + b"Bearer t0ken-of-the-test"],
            "it could not make its half: •••",
        ),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Type: t0ken-of-the-test/x\r\n\r\n"],
            "(what answers sends another type than application/json-seq)",
        ),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "no answer that can be read came"),
        ([b""], "no answer that can be read came"),
    ],
)
def test_whatever_else_comes_proves_nothing_and_says_why(pieces: list[bytes], why: str) -> None:
    with peer(*pieces) as server:
        told = refused(server.port)
    assert why in told
    assert "t0ken" not in told
    assert "from=ci" not in told
    assert spoken(told).startswith(f"127.0.0.1:{server.port}/.well-known/disjoint: ")


@pytest.mark.alone
@pytest.mark.parametrize("pieces", [[HEAD], [b"HTTP/1.1 200"], [HEAD, b'\x1e{"a":1}\n']])
def test_a_peer_that_falls_silent_holds_nobody_up(pieces: list[bytes]) -> None:
    began = time.monotonic()
    with peer(*pieces, stays=True) as server:
        assert "127.0.0.1" in refused(server.port, seconds=0.8)
    assert time.monotonic() - began < 3


@pytest.mark.alone
def test_a_peer_that_drips_holds_nobody_up() -> None:
    with peer(HEAD, *[b"\x1e"] * 100) as server:
        began = time.monotonic()
        assert "never stood" in refused(server.port, seconds=0.8)
        assert time.monotonic() - began < 3


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "connection refused at 127.0.0.1" in refused(port)


def test_a_token_that_could_be_guessed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("", "short", "with blanks in the middle", "zwölf und noch mehr Zeichen"):
        monkeypatch.setenv(VARIABLE, text)
        with pytest.raises(UsageError, match="16 characters or more") as error:
            token()
        assert not text or text not in str(error.value)
    monkeypatch.setenv(VARIABLE, "t" * 16)
    assert token().reveal() == "t" * 16
