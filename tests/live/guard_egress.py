"""An application whose interpreter is watched: each place it was to reach, and what became of it."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from disjoint.guard import tripwire


class Loud(logging.Handler):
    """A log that goes to production itself, by the network."""

    def emit(self, record: logging.LogRecord) -> None:
        tried(lambda: socket.getaddrinfo("cache.production.test", 6379))
        SAID.append(record.getMessage())


SAID: list[str] = []


def tried(reach: object) -> str:
    try:
        assert callable(reach)
        reach()
    except OSError as error:
        return f"tried: {type(error).__name__}"
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return "reached"


class Address(NamedTuple):
    """An address as libraries pass it about."""

    host: str | bytearray
    port: int


def connect(host: str | bytearray, port: int) -> str:
    with socket.socket() as one:
        one.settimeout(0.2)
        return tried(lambda: one.connect(Address(host, port)))


def forked(host: str, port: int) -> str:
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        os.write(theirs, tried(lambda: socket.getaddrinfo(host, port)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return os.read(ours, 500).decode()


def main(own: int) -> None:
    logging.basicConfig(handlers=[Loud()])
    watched = tripwire.install()
    host = "cache.production.test"
    listener = socket.create_server(("127.0.0.1", 0))
    with ThreadPoolExecutor(1) as pool:
        in_thread = pool.submit(tried, lambda: socket.getaddrinfo(host, 6379)).result()
    strange = (
        None,
        (),
        (1,),
        ("a",),
        (["x"], 1),
        (host, "no-such-service"),
        (b"\xff", 6379),
        object(),
        (host, 1.5),
    )
    for each in strange:
        with socket.socket() as one:
            tried(lambda each=each, one=one: one.connect(each))
    ended = {
        "look-up": tried(lambda: socket.getaddrinfo(host, 6379)),
        "spelling": tried(lambda: socket.getaddrinfo("CACHE.production.test.", "6379")),
        "octets": tried(lambda: socket.getaddrinfo(host.encode(), 6379)),
        "connect": connect("203.0.113.7", 6379),
        "mutable octets": connect(bytearray(b"203.0.113.7"), 6379),
        "zeros": connect("203.000.113.007", 6379),
        "mapped": tried(lambda: socket.getaddrinfo("::ffff:203.0.113.7", 6379)),
        "wide": tried(lambda: socket.getaddrinfo("cache．production.test。", 6379)),
        "long port": tried(lambda: socket.getaddrinfo(host, 65536 + 6379)),
        "signed port": tried(lambda: socket.getaddrinfo(host, "+6379")),
        "datagram": tried(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("203.0.113.7", 6379))),
        "database": tried(lambda: socket.getaddrinfo("postgres.production.test", 5432)),
        "api": tried(lambda: socket.getaddrinfo("api.production.test", 80)),
        "thread": in_thread,
        "fork": forked(host, 6379),
        "other port": tried(lambda: socket.getaddrinfo(host, 6380)),
        "bucket": tried(lambda: socket.getaddrinfo("storage.disjoint.test", 9000)),
        "own": connect("127.0.0.1", listener.getsockname()[1]),
        "staging": tried(lambda: socket.getaddrinfo("cache.staging.test", 6379)),
    }
    del own
    print(json.dumps({"watched": watched, "ended": ended, "metrics": tripwire.metrics(), "said": SAID,
                      "threads": threading.active_count()}))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
