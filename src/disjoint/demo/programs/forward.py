"""A TCP forward on 127.0.0.1, as ``ssh -L`` or a provider's proxy makes one.

``forward.py PORT TARGET_PORT [PEM]``: with a PEM file of chain and key, TLS ends here.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from contextlib import suppress


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry octets one way until either end is gone."""
    with suppress(OSError):
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def forward(port: int, target: int, context: ssl.SSLContext | None) -> None:
    """Accept and forward until stopped."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(carry, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


def main(port: int, target: int, *certificate: str) -> None:
    """Forward until stopped."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[0])
    asyncio.run(forward(port, target, context))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
