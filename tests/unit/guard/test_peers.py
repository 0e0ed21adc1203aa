"""Where this process is connected to, by real sockets."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator

import pytest

from disjoint.guard import peers as module
from disjoint.guard.peers import MOST, peers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@contextlib.contextmanager
def listening(family: socket.AddressFamily, address: str, *, both: bool = False) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        if both:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, 0))
        listener.listen(1)
        yield listener


def port(sock: socket.socket) -> int:
    number: int = sock.getsockname()[1]
    return number


@pytest.mark.parametrize(
    ("family", "address", "shown"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET, "127.1.2.3", "127.1.2.3"),
        (socket.AF_INET6, "::1", "[::1]"),
    ],
)
def test_a_server_is_named_while_the_connection_lasts(
    family: socket.AddressFamily, address: str, shown: str
) -> None:
    """By the address that was connected to."""
    with listening(family, address) as listener:
        place = f"{shown}:{port(listener)}"
        assert place not in peers()
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.connect((address, port(listener)))
            assert place in peers()
        assert place not in peers()


def test_an_ipv4_address_in_ipv6s_clothes_is_undressed() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as listener, socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", port(listener)))
        assert f"127.0.0.1:{port(listener)}" in peers()


@pytest.mark.parametrize("both", [False, True])
def test_who_connected_to_this_process_is_not_named(both: bool) -> None:
    """The side that was accepted is no connection of ours; the side that connected is."""
    family, address = (socket.AF_INET6, "::") if both else (socket.AF_INET, "0.0.0.0")  # noqa: S104
    with listening(family, address, both=both) as listener, socket.socket() as client:
        client.connect(("127.0.0.1", port(listener)))
        accepted, _ = listener.accept()
        with accepted:
            found = peers()
        own, theirs = port(client), port(listener)
    assert not [place for place in found if place.endswith(f":{own}")]
    assert f"127.0.0.1:{theirs}" in found


def test_a_connection_whose_other_side_has_left_is_named_as_well() -> None:
    """A pool keeps it, and would connect again."""
    with listening(socket.AF_INET, "127.0.0.1") as listener, socket.socket() as client:
        client.connect(("127.0.0.1", port(listener)))
        listener.accept()[0].close()
        assert f"127.0.0.1:{port(listener)}" in peers()


def test_the_webs_ports_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(socket.AF_INET, "127.0.0.1") as listener, socket.socket() as client:
        client.connect(("127.0.0.1", port(listener)))
        assert f"127.0.0.1:{port(listener)}" in peers()
        monkeypatch.setattr(module, "WEB", frozenset({port(listener)}))
        assert f"127.0.0.1:{port(listener)}" not in peers()


def test_places_are_named_once_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            listener = stack.enter_context(listening(socket.AF_INET, "127.0.0.1"))
            for _ in range(2):
                stack.enter_context(socket.socket()).connect(("127.0.0.1", port(listener)))
        found = peers()
        assert len(found) == len(set(found)) >= 3
        monkeypatch.setattr(module, "MOST", 2)
        assert peers() == found[:2]
    assert MOST * len("[2001:0db8:0000:0000:0000:0000:0000:0001]:65535,") < 1 << 17  # one word of a command


def test_without_proc_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(socket.AF_INET, "127.0.0.1") as listener, socket.socket() as client:
        client.connect(("127.0.0.1", port(listener)))
        monkeypatch.setattr(module, "_TABLES", ("/proc/self/net/none", "/proc/self/net/tcp"))
        assert f"127.0.0.1:{port(listener)}" in peers()
        monkeypatch.setattr(module, "_FILES", "/proc/self/none")
        assert peers() == ()
