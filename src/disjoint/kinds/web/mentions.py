"""Which hosts a page, a script or a source map names: plain, escaped, split or encoded. Pure.

No JavaScript is run: what a program puts together at run time from variables is not seen. Every
expression is linear, or bounded by a small number, since a bundle is one line of millions.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from .address import parse

Form: TypeAlias = Literal["plain", "escaped", "split", "base64"]
Use: TypeAlias = Literal["used", "linked"]


class Naming(NamedTuple):
    """One host and port that a text names: ``api.example.com``, ``api.example.com:8443``."""

    host: str
    use: Use
    form: Form


_ESCAPED = re.compile(
    r"\\{1,4}(?:/|u\{?00([2-7][0-9a-fA-F])\}?|x([2-7][0-9a-fA-F]))"
    r"|%(?:25){0,3}([2-7][0-9a-fA-F])"
    r"|&#(?:x([2-7][0-9a-fA-F])|([0-9]{2,3}));|&(sol|colon|period);"
)
_ENTITIES = {"sol": "/", "colon": ":", "period": "."}
_QUOTE = "[\"'`]"
_PLUS = re.compile(rf"{_QUOTE}\s{{0,8}}\+\s{{0,8}}{_QUOTE}")
_PIECE = re.compile(rf"\$\{{\s?{_QUOTE}([^\"'`{{}}]{{0,200}}){_QUOTE}\s?\}}")
_LITERAL = r"(?:\"[^\"\\\n]{0,200}\"|'[^'\\\n]{0,200}')"
_LITERALS = re.compile(_LITERAL)
_CONCAT = re.compile(rf"{_QUOTE}\.concat\(\s?({_LITERAL}(?:\s?,\s?{_LITERAL}){{0,20}})\s?\)")
_JOIN = re.compile(rf"\[\s?({_LITERAL}(?:\s?,\s?{_LITERAL}){{1,40}})\s?,?\s?\]\.join\(\s?({_LITERAL})\s?\)")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_DEEPEST = 2
_FEW = 100
_LABEL = r"\w(?:[\w-]{0,61}\w)?"
_NAME = rf"{_LABEL}(?:\.{_LABEL}){{1,10}}"
_URL = re.compile(rf"//(?:[^\s/@\"'`<>\\]{{1,100}}@)?({_NAME})\.?(?::([0-9]{{1,5}}))?(?![A-Za-z0-9_.-]{{2}})")
_BARE = re.compile(rf"{_QUOTE}({_NAME})(?::([0-9]{{1,5}}))?(?=[\"'`/?#])")
_PROSE = re.compile(r"(?<![(=])(?:\s|\\[nrt])(?:https?:|wss?:)?\Z")
"""What stands before a URL in a sentence, a comment or a policy; in a program it is a quote."""
_LINKING = ("href", "<loc>", "canonical", "](")
_LINK = re.compile(
    r"(?:(?<!location\.)\bhref\\?[\"']?\s?[:=]\s?\\?[\"'`]?|<loc>|\]\(|\bcanonical\\?[\"']?\s?[:=]\s?\\?[\"'`]?)"
    r"(?:https?:|wss?:)?(?:\\?/){0,2}\Z"
)


def namings(text: str) -> frozenset[Naming]:
    """Every host that a text names. Never raises."""
    return frozenset(_named(text, False, 0))


def linked(text: str) -> frozenset[Naming]:
    """As `namings`, of a text that people or machines read and nothing calls."""
    return frozenset(naming._replace(use="linked") for naming in namings(text))


def _named(text: str, hidden: bool, depth: int) -> Iterator[Naming]:
    """What the text names once it is read as a program would read it."""
    plain = unescaped(text)
    whole = joined(plain)
    found = _found(whole)
    as_sent, as_read = _shown(text, found), _shown(plain, found)
    for host, use in found:
        form: Form = "plain" if host in as_sent else "escaped" if host in as_read else "split"
        yield Naming(host, use, "base64" if hidden else form)
    if depth < _DEEPEST and (inner := "\n".join(_decoded(whole))):
        yield from _named(inner, True, depth + 1)


def _shown(text: str, found: set[tuple[str, Use]]) -> str | frozenset[str]:
    """Where to look up whether a host stands in a text: few are searched, many would take too long."""
    return text.lower() if len(found) <= _FEW else frozenset(host for host, _ in _found(text))


def _found(text: str) -> set[tuple[str, Use]]:
    return {_using(text, found) for names in (_URL, _BARE) for found in names.finditer(text)}


def _using(text: str, found: re.Match[str]) -> tuple[str, Use]:
    start = found.start(1)
    before = text[max(0, start - 40) : start].lower()
    prose = _PROSE.search(text, max(0, found.start() - 8), found.start()) is not None
    link = prose or (any(word in before for word in _LINKING) and _LINK.search(before))
    host = found[1].lower()
    return f"{host}:{found[2]}" if found[2] else host, "linked" if link else "used"


def unescaped(text: str) -> str:
    """The text with the escapes of JSON, JavaScript, URLs and HTML read."""
    return _ESCAPED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    hexadecimal = found[1] or found[2] or found[3] or found[4]
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    if found[5]:
        return chr(int(found[5])) if 0x20 < int(found[5]) < 0x7F else " "
    return _ENTITIES[found[6]] if found[6] else "/"


def joined(text: str) -> str:
    """The text with literals put together that the program puts together: ``"a" + "b"``, ``.join``."""
    text = _JOIN.sub(lambda found: _array(found[1], found[2][1:-1]), text)
    text = _CONCAT.sub(lambda found: _array(found[1], "")[1:], text)
    text = _PIECE.sub(r"\1", text)
    return _PLUS.sub("", text)


def _array(literals: str, between: str) -> str:
    pieces = (piece[1:-1] for piece in _LITERALS.findall(literals))
    return f'"{between.join(pieces)}"'


def _decoded(text: str) -> Iterator[str]:
    """What stands in base64, if it is text with a dot in it."""
    for token in dict.fromkeys(_TOKEN.findall(text)):
        plain = token.rstrip("=").translate(_STANDARD)
        try:
            octets = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
            decoded = octets.decode("utf-8") if b"." in octets else ""
        except (binascii.Error, ValueError):
            continue
        if decoded:
            yield decoded


_STANDARD = str.maketrans("-_", "+/")


def named_mark(name: str) -> str:
    """The named host, normalised as addresses are; empty where it is no public name."""
    address = parse(f"https://{name}")
    public = not (address.fault or address.doubt or address.where.relative)
    return address.host if public else ""


def twin_of(host: str) -> str:
    """The other name under which a site answers as a rule: with ``www.`` before it, or without."""
    bare = host.removeprefix("www.")
    return bare if bare != host else f"www.{host}"


def is_numeric(host: str) -> bool:
    """Whether a host, as `named_mark` has it, is an address in numbers."""
    return host.replace(".", "").isdecimal()
