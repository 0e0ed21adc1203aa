"""HMAC-SHA256 under one key, cut to 128 bits: of one value, or of many at once."""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from disjoint.model.census import HALF, WHOLE, Sieve

from .numbers import np

Item = TypeVar("Item")

KEY = 32
"""Octets of a file's key."""
FEW_CORES = 2
_BLOCK = 64
"""Octets of SHA-256's; a file's key is shorter."""
_LENGTHS = (0, 1, 15, 16, 31, 32, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000)
"""Around every edge of a block, and of a word."""
_TRIED = (*(bytes(at % 256 for at in range(length)) for length in _LENGTHS), "dïsjöïnt ≠ 🔒".encode())


def drawn() -> bytes:
    """A fresh key: 128 random bits in hexadecimal digits, for polars-hash takes a text."""
    return secrets.token_hex(KEY // 2).encode()


def digester(key: bytes) -> Callable[[bytes], bytes]:
    """The digest of one value.

    Both hashes begin with a block of the key (RFC 2104): hashed once, which leaves two fifths of the time.
    """
    block = key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
    outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))

    def made(value: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(value)
        second.update(first.digest())
        return second.digest()[:WHOLE]

    return made


def many(key: bytes) -> Callable[[Sequence[bytes]], bytes]:
    """The digests of many values, end to end in their order: by polars-hash where it can, else by hashlib."""
    if key.isascii() and at_once():
        return _vectorised(key.decode())
    made = digester(key)
    return lambda values: b"".join(map(made, values))


@functools.cache
def at_once() -> bool:
    """Whether polars-hash (extra `fast`) is installed, and answers as the standard library does."""
    key = drawn()
    try:
        return _vectorised(key.decode())(_TRIED) == b"".join(map(digester(key), _TRIED))
    except Exception:  # noqa: BLE001  (whatever a library says that does not fit the others: it is not used)
        return False


def _vectorised(key: str) -> Callable[[Sequence[bytes]], bytes]:
    import polars as pl  # noqa: PLC0415  (an extra, as polars-hash is)
    import polars_hash as plh  # noqa: PLC0415

    told = plh.col("value").chash.hmac_sha256(key=key).str.head(2 * WHOLE).str.join("")

    def made(values: Sequence[bytes]) -> bytes:
        try:
            found = pl.Series("value", values, dtype=pl.Binary).to_frame().select(told)
        except pl.exceptions.PanicException:  # no Exception: it would end a reading's thread without a word
            raise RuntimeError("polars gave up") from None
        return bytes.fromhex(found.item()) if values else b""

    return made


def alongside(items: Iterable[Item], made: Callable[[Item], bytes]) -> Iterator[tuple[Item, bytes]]:
    """Each item with what is made of it, in their order; the next is fetched meanwhile where a core is free.

    hashlib keeps the interpreter to itself for texts as short as these, so that it gains nothing by a thread;
    nor does anybody where both servers' work fills the cores.
    """
    if not at_once() or (os.cpu_count() or 1) <= FEW_CORES:
        yield from ((item, made(item)) for item in items)
        return
    with ThreadPoolExecutor(1, "disjoint-digests") as pool:
        waiting: tuple[Item, Future[bytes]] | None = None
        for item in items:
            begun = item, pool.submit(made, item)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = begun
        if waiting is not None:
            yield waiting[0], waiting[1].result()


def narrowed(wholes: bytes, sieve: Sieve) -> bytes:
    """Of whole digests those that the sieve keeps, as wide as it says."""
    halves = np.frombuffer(wholes, ">u8").reshape(-1, WHOLE // HALF)
    if sieve.mask:
        halves = halves[halves[:, 0] & np.uint64(sieve.mask) == 0]
    return halves[:, : sieve.width // HALF].tobytes()
