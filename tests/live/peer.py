"""A peer on loopback that answers HTTP as a test wants it to, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Peer:
    """A listening peer."""

    port: int
    asked: list[bytes] = field(default_factory=list)

    @property
    def methods(self) -> set[bytes]:
        """The HTTP methods it was asked with."""
        return {request.split(b" ", 1)[0] for request in self.asked}


def page(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering_each(answer: Callable[[], bytes]) -> AbstractContextManager[Peer]:
    """A peer that answers whoever asks with what comes next."""

    class Next(Sequence[bytes]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: Any) -> Any:
            if index:
                raise IndexError
            return answer()

    return answering(Next())


@contextlib.contextmanager
def answering(
    chunks: Sequence[bytes], pause: float = 0.0, *, later: Sequence[bytes] | None = None
) -> Iterator[Peer]:
    """A peer that sends these chunks, with a pause after each; `later` to all but the first who asks."""
    listener = socket.create_server(("127.0.0.1", 0))
    peer = Peer(listener.getsockname()[1])

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            peer.asked.append(connection.recv(65536))
            for chunk in chunks if later is None or len(peer.asked) == 1 else later:
                connection.sendall(chunk)
                time.sleep(pause)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield peer
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
