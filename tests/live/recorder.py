"""A forward before an HTTP server that writes down the head of every request: what was really sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import NamedTuple, Self


class Request(NamedTuple):
    """One request's first line and headers."""

    method: str
    path: str
    headers: str


class Recorder:
    """Listens on a free port of 127.0.0.1 while it is open; one request a connection."""

    def __init__(self, port: int) -> None:
        self._there = port
        self.requests: list[Request] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def to(self, bucket: str) -> list[Request]:
        """The requests about one bucket."""
        return [request for request in self.requests if request.path.split("?")[0].split("/")[1] == bucket]

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(("127.0.0.1", self._there)) as far:
            head = b""
            while b"\r\n\r\n" not in head and (octets := near.recv(65536)):
                head += octets
            first, _, headers = head.decode("latin-1").partition("\r\n")
            method, path, _ = first.split(" ")
            self.requests.append(Request(method, path, headers))
            far.sendall(head)
            while octets := far.recv(65536):
                near.sendall(octets)
