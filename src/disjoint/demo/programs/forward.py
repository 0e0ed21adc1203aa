"""A TCP forward on 127.0.0.1, as ``ssh -L``, a balancer or a provider's proxy makes one.

``forward.py PORT TARGET_PORT[,TARGET_PORT...] [PEM [postgres]]``: connections go to the targets in turn.
With a PEM file of chain and key TLS ends here; with ``postgres``, after PostgreSQL's own question for it.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
GSS_REQUEST = bytes.fromhex("00000008 04d21630")

Greet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
"""What comes before the octets that are carried; returns those that were read of them already."""


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry octets one way until either end is gone."""
    with suppress(OSError):
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> bytes:
    """Nothing comes before."""
    return b""


def negotiation(context: ssl.SSLContext) -> Greet:
    """PostgreSQL's: a client asks for TLS in clear text, hears ``S``, and begins it."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        while (asked := await reader.readexactly(8)) == GSS_REQUEST:
            writer.write(b"N")
        if asked != SSL_REQUEST:
            return asked
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(context)
        return b""

    return greet


async def forward(port: int, targets: Iterator[int], greet: Greet, context: ssl.SSLContext | None) -> None:
    """Accept and forward until stopped."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            read = await greet(reader, writer)
            there, back = await asyncio.open_connection("127.0.0.1", next(targets))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        back.write(read)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(carry, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


def main(port: int, targets: str, certificate: str = "", greeting: str = "") -> None:
    """Forward until stopped."""
    turns = itertools.cycle([int(target) for target in targets.split(",")])
    if not certificate:
        asyncio.run(forward(port, turns, silence, None))
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if greeting == "postgres":
        asyncio.run(forward(port, turns, negotiation(context), None))
    else:
        asyncio.run(forward(port, turns, silence, context))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
