"""`disjoint compare`: what two addresses say about each other, by text alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import click

from disjoint.errors import UsageError
from disjoint.model.address import Likeness, Sameness

from .exits import Exit
from .spoken import show

LINE_LIMIT = 1 << 20
"""Octets of one line; a longer one is malformed."""

EXITS: dict[Sameness, Exit] = {
    "different": Exit.HOLDS,
    "same": Exit.BAD,
    "invalid": Exit.USAGE,
    "unknown": Exit.UNPROVEN,
}


class Pair(NamedTuple):
    """One line's question."""

    id: str | int | None
    kind: str
    a: str | None
    b: str | None

    def __repr__(self) -> str:
        return f"Pair({self.kind!r})"


class MalformedError(Exception):
    """A line that asks nothing; its text says why and quotes nothing of it."""


@click.command(
    epilog="Exit codes: 0 different, 1 same, 2 invalid or usage, 3 unknown. With --jsonl: 0, or 2."
)
@click.option("--kind", metavar="KIND", help="postgres, redis, celery, bucket, web or variables.")
@click.option(
    "--jsonl", is_flag=True, help='Read lines {"id", "kind", "a", "b"} and answer each with a line.'
)
@click.argument("addresses", nargs=-1, metavar="[A B]")
def command(kind: str | None, jsonl: bool, addresses: tuple[str, ...]) -> int:
    """Say whether two addresses may reach one thing. A is production's, B is staging's.

    Text can prove "same", hardly ever "different": other names may lead to one server.

    Other people on this machine can read a command's arguments. Give values that hold a password on
    standard input instead: two lines, production's first.

    \b
    disjoint compare --kind web https://api.example.com https://api-staging.example.com
    disjoint compare --kind postgres < two-lines.txt
    disjoint compare --jsonl < pairs.jsonl
    """
    if jsonl:
        if kind or addresses:
            raise UsageError("--jsonl reads kind and addresses from its lines: give neither")
        return _stream(sys.stdin.buffer)
    if not kind:
        raise UsageError("say which --kind of address to compare")
    a, b = _two(addresses)
    answer = _compare(kind, a, b)
    server = f" (the server: {answer.server})" if answer.server else ""
    show(f"{answer.verdict}: {answer.why}{server}")
    return EXITS[answer.verdict]


def _compare(kind: str, a: str | None, b: str | None) -> Likeness:
    from disjoint import pipeline  # noqa: PLC0415  (--help needs none of it)

    return pipeline.compare(kind, a, b)


def _two(addresses: tuple[str, ...]) -> tuple[str, str]:
    """The two addresses, from the arguments or from two lines of standard input."""
    if len(addresses) == 2:
        return addresses[0], addresses[1]
    if addresses:
        raise UsageError("give two addresses, or none and two lines on standard input")
    lines = [sys.stdin.buffer.readline(LINE_LIMIT).decode("utf-8", "replace") for _ in range(2)]
    if not lines[1]:
        raise UsageError("standard input must hold two lines: production's address, then staging's")
    return lines[0].rstrip("\r\n"), lines[1].rstrip("\r\n")


def _stream(lines: BinaryIO) -> int:
    """Answer each line as it comes; a malformed one is answered too, and shows in the exit code."""
    malformed = False
    for number, line in enumerate(_lines(lines), 1):
        if not line.strip():
            continue
        answer = _answer(line, number)
        malformed = malformed or "error" in answer
        # ASCII, so that a lone surrogate in an id cannot end the stream
        show(json.dumps(answer))
    return Exit.USAGE if malformed else Exit.HOLDS


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, one at a time; of one that is too long nothing is kept."""
    while line := stream.readline(LINE_LIMIT):
        cut = len(line) == LINE_LIMIT and not line.endswith(b"\n")
        yield b"too long" if cut else line
        while cut:
            rest = stream.readline(LINE_LIMIT)
            cut = len(rest) == LINE_LIMIT and not rest.endswith(b"\n")


def _answer(line: bytes, number: int) -> dict[str, object]:
    try:
        pair = _pair(line)
    except MalformedError as error:
        return {"id": None, "line": number, "error": str(error)}
    try:
        answer = _compare(pair.kind, pair.a, pair.b)
    except UsageError as error:
        return {"id": pair.id, "line": number, "error": str(error)}
    found: dict[str, object] = {"id": pair.id, "verdict": answer.verdict, "why": answer.why}
    return {**found, "server": answer.server} if answer.server else found


def _pair(line: bytes) -> Pair:
    try:
        read = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise MalformedError("the line is no JSON") from None
    if not isinstance(read, dict):
        raise MalformedError("the line is no JSON object")
    kind, a, b, name = (read.get(key) for key in ("kind", "a", "b", "id"))
    if not isinstance(kind, str) or not {"a", "b"} <= read.keys():
        raise MalformedError("the line must have id, kind, a and b")
    if not (isinstance(a, str | None) and isinstance(b, str | None)):
        raise MalformedError("a and b must be texts, or null for an unset variable")
    return Pair(name if isinstance(name, str | int) else None, kind, a, b)
