"""Which files a program or a stylesheet names that a browser loads for it: surely, or perhaps. Pure.

Every expression is linear, or bounded by a small number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MODULE = r"m?js|cjs|jsx|tsx?|vue|svelte|json|css"
_IMPORT = re.compile(
    rf"(?:\bfrom|(?<!@)\bimport\(?)\s?[\"'`](\.{{0,2}}/[^\"'`\s]{{1,300}}?\.(?:{_MODULE})(?:\?[^\"'`\s]{{0,100}})?)[\"'`]"
)
_FILE = re.compile(
    r"[\"'`]((?:\.{0,2}/)?(?:[\w.@~-]{1,80}/){0,7}[\w.@~-]{1,120}\.(?:m?js|json)(?:\?[^\"'`\s]{0,100})?)[\"'`]"
)
_MAP = r"\{([^{}]{0,20000})\}\[\w{1,3}\]"
_CHUNKS = re.compile(
    rf"\"([\w./@~-]{{0,80}})\"\s?\+\s?(?:\({_MAP}\s?\|\|\s?\w{{1,3}}\)|\w{{1,3}})"
    rf"\s?\+\s?\"([.~_-]{{1,3}})\"\s?\+\s?{_MAP}\s?\+\s?\"([\w.-]{{0,20}}\.m?js)\""
)
"""How webpack's runtime names a chunk: ``"js/"+({7:"admin"}[e]||e)+"."+{7:"1a2b"}[e]+".js"``."""
_PAIR = re.compile(r"[\"']?([\w./~-]{1,80})[\"']?\s?:\s?[\"']([\w./~-]{1,80})[\"']")
_SHEET = re.compile(r"@import\s{1,8}(?:url\(\s?)?[\"']?([^\"')\s;]{1,300})")


class Guess(NamedTuple):
    """A file that a running program may load: ``assets/page-1a2b.js``. It need not exist."""

    reference: str
    called: bool
    """Handed to a call, or assigned: ``fetch("/config.json")``, ``new Worker("w.js")``."""

    @property
    def folder(self) -> str:
        """The first folder of a path that says not what it is relative to; empty if it does."""
        first, slash, _ = self.reference.partition("?")[0].partition("/")
        return first if slash and first.strip(".") else ""


def imports(program: str) -> Iterator[str]:
    """References to modules that a program imports."""
    return (found[1] for found in _IMPORT.finditer(program))


def sheets(text: str) -> Iterator[str]:
    """References to stylesheets that another one imports."""
    return (found[1] for found in _SHEET.finditer(text))


def _chunks(program: str) -> Iterator[Guess]:
    """Chunks by the tables of names and digests from which webpack's runtime puts their names together."""
    for found in _CHUNKS.finditer(program):
        folder, between, ending = found[1], found[3], found[5]
        names = dict(_PAIR.findall(found[2] or ""))
        for number, digest in _PAIR.findall(found[4]):
            yield Guess(f"{folder}{names.get(number, number)}{between}{digest}{ending}", called=False)


def guesses(program: str) -> Iterator[Guess]:
    """Scripts and JSON that a program may load; a name alone, or a table's key, only where it is called."""
    for found in _FILE.finditer(program):
        before = program[max(0, found.start() - 5) : found.start()].rstrip()
        assigned = before.endswith("=" if "/" in found[1] else "src=")
        guess = Guess(found[1], assigned or before.endswith("("))
        if guess.called or guess.folder or guess.reference.startswith("/"):
            yield guess
    yield from _chunks(program)
