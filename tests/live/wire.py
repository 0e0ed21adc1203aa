"""A forward before a server that keeps every octet that passes, in either direction."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Wire:
    """Listens on a free port of 127.0.0.1 while it is open."""

    def __init__(self, port: int) -> None:
        self._there = port
        self.asked = bytearray()
        self.answered = bytearray()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._there))
                for one, other, kept in ((near, far, self.asked), (far, near, self.answered)):
                    threading.Thread(target=self._carry, args=(one, other, kept), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while octets := one.recv(65536):
                kept += octets
                other.sendall(octets)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
