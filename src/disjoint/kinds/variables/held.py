"""What one variable holds: its secrets, and every text that its value is, holds or decodes to. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from .forms import LONG_ENOUGH, normal_forms
from .shapes import SHORTEST, is_default, named_secret, reveals_itself, separated, shaped_secret, token_like

_HEADER = re.compile(r"(?:bearer|basic|token|bot|apikey)\s+(\S+)\Z", re.IGNORECASE)
"""An Authorization header as it is sent (RFC 9110, 11.6.2)."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_BETWEEN = re.compile(r"[\s,;&?'\"<>(){}\[\]|]+")
_PARTS = re.compile(r"[/:@]+")
_LINE = re.compile(r"[\s\-\"']*([A-Za-z_][\w.-]*)[\"']?[ \t]*(?::(?=\s)|=)")
"""A setting, as YAML, TOML, INI and properties write one."""
_OPTION = re.compile(
    r"(?<![\w.-])(?:-{0,2}(?P<key>[A-Za-z][\w.-]*)[ \t]*=[ \t]*|--(?P<flag>[A-Za-z][\w.-]*)[ \t]+(?!-))"
    r"(?P<value>'[^'\n]*'|\"[^\"\n]*\"|[^\s;,&'\"]+)"
)
_LOGIN = re.compile(r"[^\s:/@]{1,64}[:/]([^\s@]+)@[^\s@]+\Z")
"""As Go's and Oracle's drivers take it: no scheme says what it is."""
_LONGEST = 1 << 16
_DEEPEST = 12


def held(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Each secret, with what it is called in a report: never with a piece of it."""
    if named_secret(name):
        yield from ((name, part) for part in sorted(_members(value)) if shaped_secret(name, part))
    elif reveals_itself(name, value):
        yield name, value
    if header := _HEADER.match(value):
        texts = sorted(_credentials(header[1]))
        yield from ((f"{name} (as a header)", text) for text in texts if shaped_secret(name, text))
    yield from dict.fromkeys(each for form in _texts(value.strip()) for each in _inside(name, form))


def _inside(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The secrets of what is written in a value: under keys, in addresses, in options."""
    where = "JSON" if text[:1] in {"{", "["} else "lines"
    for key, found in _keyed(text):
        if _is_secret(key, found):
            yield f"{name} (in its {where})", found
    for url in dict.fromkeys((text, *urls(text))) if "://" in text else ():
        yield from _in_url(name, url)
    yield from _in_options(name, text)


def written(value: str) -> tuple[str, ...]:
    """A value, its JSON's texts, and what either decodes to."""
    text = value.strip()
    found = {text: None, **dict.fromkeys(_texts_in_json(text))}
    decoded = (form for each in tuple(found) if _encoded(each) for form in normal_forms(each))
    return (*found, *(form for form in decoded if form not in found and not form.startswith("bytes:")))


def labelled(value: str) -> Iterator[tuple[str, str]]:
    """A value and what it decodes to, and each text of either's JSON or lines with its key."""
    for form in _texts(value.strip()):
        yield "", form
        yield from _keyed(form)


def _texts(text: str) -> Iterator[str]:
    """A text and what it decodes to."""
    decoded = normal_forms(text) if text and _encoded(text) else frozenset[str]()
    yield from (form for form in (text, *sorted(decoded - {text})) if not form.startswith("bytes:"))


def _keyed(text: str) -> Iterator[tuple[str, str]]:
    """Each text of JSON or of a file's lines, with its key."""
    if (node := _json(text) if text[:1] in {"{", "["} else None) is None:
        yield from _lines(text)
    else:
        yield from _leaves("", node, _DEEPEST)


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
            if depth and node[:1] in {"{", "["}:
                yield from _leaves(key, _json(node), depth - 1)
        case {"name": str(name), "value": str(text)} if depth:
            yield name, text
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
        if _is_secret("signature_key" if key == "sig" else key, text):
            yield f"{name} (in its query)", text


def _in_options(name: str, text: str) -> Iterator[tuple[str, str]]:
    """As ADO.NET, ODBC, libpq, clouds' connection strings and command lines write them."""
    if len(text) > _LONGEST:
        return
    for found in _OPTION.finditer(text) if "=" in text or "--" in text else ():
        key, option = found["key"] or found["flag"], found["value"].strip("'\"")
        if key.upper() == "PWD" and not option.startswith("/"):
            key = "DB_PWD"  # .NET's and ODBC's password; a shell's is its folder
        if _is_secret(key, option):
            yield f"{name} (in its options)", option
    login = _LOGIN.match(text) if "@" in text else None
    if login and not login[1].startswith("//") and token_like(login[1]):
        yield f"{name} (password)", login[1]


def _is_secret(key: str, text: str) -> bool:
    """Whether a key that somebody wrote in any style promises a secret, and what it has is one."""
    plain = named_secret(key)
    return (plain or (token_like(text) and named_secret(separated(key)))) and shaped_secret(key, text)
