"""Where this process is connected to, by its own file table; nothing where there is no ``/proc``."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from disjoint.tuples import NamedTuple

MOST = 512
"""Places that are told of."""
WEB = frozenset({80, 443})
"""Ports that are not told of: every process calls somebody's."""
_LISTENS = "0A"
_FILES, _TABLES = "/proc/self/fd", ("/proc/self/net/tcp", "/proc/self/net/tcp6")
_SOCKET, _WORD = "socket:[", 8


class Row(NamedTuple):
    """A socket as the kernel lists it; addresses and ports in hexadecimal."""

    local: str
    remote: str
    state: str
    inode: str


def peers() -> tuple[str, ...]:
    """``address:port`` of every server that this process connected to; IPv6 addresses in brackets."""
    mine = _inodes()
    rows = [row for table in _TABLES for row in _rows(table) if row.inode in mine]
    accepting = {_port(row.local) for row in rows if row.state == _LISTENS}
    found = {
        _shown(row.remote)
        for row in rows
        if _port(row.remote) not in {0, *WEB} and _port(row.local) not in accepting
    }
    return tuple(sorted(found)[:MOST])


def _inodes() -> set[str]:
    """Of the sockets that this process holds."""
    found: set[str] = set()
    with suppress(OSError):
        for name in os.listdir(_FILES):
            with suppress(OSError):  # closed meanwhile
                target = os.readlink(f"{_FILES}/{name}")
                if target.startswith(_SOCKET):
                    found.add(target[len(_SOCKET) : -1])
    return found


def _rows(table: str) -> Iterator[Row]:
    with suppress(OSError), open(table, encoding="ascii") as lines:
        next(lines, "")
        for line in lines:
            words = line.split()
            yield Row(words[1], words[2], words[3], words[9])


def _port(place: str) -> int:
    return int(place.rpartition(":")[2], 16)


def _shown(place: str) -> str:
    """The kernel writes an address as words in the machine's own order."""
    digits = place.partition(":")[0]
    words = (digits[at : at + _WORD] for at in range(0, len(digits), _WORD))
    address = ipaddress.ip_address(b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words))
    plain = (address.ipv4_mapped if address.version == 6 else None) or address
    return f"[{plain}]:{_port(place)}" if plain.version == 6 else f"{plain}:{_port(place)}"
