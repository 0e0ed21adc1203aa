"""What one variable holds: its secrets, and every text that its value is, holds or decodes to. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from .forms import LONG_ENOUGH, normal_forms
from .shapes import SHORTEST, is_default, named_secret, shaped_secret

_HEADER = re.compile(r"(?:bearer|basic|token|bot|apikey)\s+(\S+)\Z", re.IGNORECASE)
"""An Authorization header as it is sent (RFC 9110, 11.6.2)."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_BETWEEN = re.compile(r"[\s,;&?'\"<>(){}\[\]|]+")
_PARTS = re.compile(r"[/:@]+")
_LINE = re.compile(r"[\s\-\"']*([A-Za-z_][\w.-]*)[\"']?[ \t]*(?::(?=\s)|=)")
"""A setting, as YAML, TOML, INI and properties write one."""
_LONGEST = 1 << 16
_DEEPEST = 12


def held(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Each secret, with what it is called in a report: never with a piece of it."""
    if named_secret(name):
        yield from ((name, part) for part in sorted(_members(value)) if shaped_secret(name, part))
    if header := _HEADER.match(value):
        texts = sorted(_credentials(header[1]))
        yield from ((f"{name} (as a header)", text) for text in texts if shaped_secret(name, text))
    if value.startswith("{"):
        yield from _in_json(name, value)
    if "://" in value:
        yield from _in_url(name, value)
    yield from _in_lines(name, value)


def written(value: str) -> tuple[str, ...]:
    """A value, its JSON's texts, and what either decodes to."""
    text = value.strip()
    found = {text: None, **dict.fromkeys(_texts_in_json(text))}
    decoded = (form for each in tuple(found) if _encoded(each) for form in normal_forms(each))
    return (*found, *(form for form in decoded if form not in found and not form.startswith("bytes:")))


def labelled(value: str) -> Iterator[tuple[str, str]]:
    """A value and what it decodes to, and each text of either's JSON or lines with its key."""
    text = value.strip()
    decoded = normal_forms(text) if text and _encoded(text) else frozenset[str]()
    for form in (text, *sorted(decoded - {text})):
        if not form.startswith("bytes:"):
            yield "", form
            if form[:1] in {"{", "["}:
                yield from _leaves("", _json(form), _DEEPEST)
            else:
                yield from _lines(form)


def words(value: str) -> Iterator[str]:
    """Every text of a secret's length that a value is, holds, assigns (``--token=…``) or decodes to."""
    for text in written(value):
        parts = _BETWEEN.split(text) if len(text) <= _LONGEST else ()
        inside = (part for word in parts for part in _pieces(word))
        yield from (each for each in dict.fromkeys((text, *inside)) if len(each) >= SHORTEST)


def _pieces(word: str) -> Iterator[str]:
    """A word, what it assigns, and the parts of an address with a login."""
    yield word
    yield from word.split("=", 1)[1:]
    if "@" in word:
        yield from map(unquote, _PARTS.split(word))


def urls(text: str) -> Iterator[str]:
    """The URLs that stand in a text: alone, in a command line, in a file's lines, in another URL's query."""
    for outer in _URL.findall(text) if "://" in text else ():
        yield outer.rstrip(",;)]}")
        yield from (inner.rstrip(",;)]}") for inner in _URL.findall(outer.partition("://")[2]))


def _encoded(text: str) -> bool:
    return len(text) >= LONG_ENOUGH and ("%" in text or "\\" in text or text[0] in "'\"`" or "/" not in text)


def _texts_in_json(text: str) -> Iterator[str]:
    if text[:1] in {"{", "["}:
        yield from (leaf for _, leaf in _leaves("", _json(text), _DEEPEST))


def _json(text: str) -> object:
    """What a text says as JSON; nothing where it is none, or too long to be a setting."""
    try:
        found: object = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    return found


def _members(value: str) -> set[str]:
    """The value, and the members of its list."""
    return {value, *(part.strip() for part in value.split(","))} if "," in value else {value}


def _credentials(text: str) -> set[str]:
    """A token as it is, or what follows the user of a basic login."""
    try:
        _, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {text}
    return {text, password} if colon else {text}


def _in_json(name: str, value: str) -> Iterator[tuple[str, str]]:
    for key, text in _leaves("", _json(value), _DEEPEST):
        if named_secret(key) and shaped_secret(key, text):
            yield f"{name} (in its JSON)", text


def _in_lines(name: str, value: str) -> Iterator[tuple[str, str]]:
    for key, text in _lines(value) if "\n" in value else ():
        if named_secret(key) and shaped_secret(key, text):
            yield f"{name} (in its lines)", text


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each setting of a file's text, with its key; one line alone counts where it is no value by itself."""
    lines = text.split("\n") if len(text) <= _LONGEST else ()
    for line in lines:
        found = _LINE.match(line)
        if found and (len(lines) > 1 or found[0].endswith(":")):
            yield found[1], line[found.end() :].strip(" \t\r,;\"'")


def _leaves(key: str, node: object, depth: int) -> Iterator[tuple[str, str]]:
    """Every text with the key that it stands under, as deep as people nest settings."""
    match node:
        case str():
            yield key, node
        case dict() if depth:
            for name, child in node.items():
                yield from _leaves(name, child, depth - 1)
        case list() if depth:
            for child in node:
                yield from _leaves(key, child, depth - 1)
        case _:
            pass


def _in_url(name: str, value: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(value)
        password, query = unquote(parts.password or ""), parse_qsl(parts.query, max_num_fields=100)
    except ValueError:
        return
    if len(password) >= SHORTEST and not is_default(password):
        yield f"{name} (password)", password
    for key, text in query:
        if named_secret(key) and shaped_secret(key, text):
            yield f"{name} (in its query)", text
