"""Which names are one thing's own: nobody counts up to them, and no two environments choose them alike. Pure.

``user:1:profile`` stands in every environment. A random UUID in a name, a session's token or an
e-mail address does not. Between them are names that may have been made from something both sides
know: the MD5 of a template's name is the same wherever that template is.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re


class Naming(enum.Enum):
    """What it says that a name stands in two environments."""

    OWN = "own"
    """One of them holds what is the other's."""
    DOUBTFUL = "doubtful"
    """A copy, or a hash of something that both know."""
    PLAIN = "plain"
    """Nothing."""


def informative(name: str) -> bool:
    """Whether nobody else would give this name by chance or by the same code."""
    return naming(name) is Naming.OWN


def naming(name: str) -> Naming:
    """What kind of name it is; a name is as telling as its most telling part."""
    start = name[:_LONG]
    if not _MAY_TELL.search(start):
        return Naming.PLAIN
    if _is_own_uuid(start) or _is_token(start) or _is_address(start) or _RANDOM_BY_NAME.search(start):
        return Naming.OWN
    if any(_is_varied(found[0]) for found in _HASH.finditer(start)) or _is_encoded(start):
        return Naming.DOUBTFUL
    return Naming.PLAIN


_LONG = 2048
"""Characters of a name that are looked at."""
_MAY_TELL = re.compile(r"[0-9A-Za-z]{15}|-[0-9A-Fa-f]{4}-|@")
"""Stands in everything that is told below: most names are plain, and seen to be so at once."""
_UUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-?[0-9a-f]{4}-?(?P<version>[0-9a-f])[0-9a-f]{3}-?"
    r"(?P<variant>[0-9a-f])[0-9a-f]{3}-?[0-9a-f]{12}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_RANDOM = frozenset("1467")
"""Versions of UUIDs that hold a random number, or a machine and a time; 3 and 5 are hashes (RFC 9562)."""
_HASH = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{15,})"
)
"""Hex digits as a hash has them; a long number is one of them. Whose length is a hash's is not asked:
hashes are cut as people like."""
_RANDOM_BY_NAME = re.compile(
    r"(?:sess|session|sessions|sid|token|tokens|otp|nonce|csrf|jti|refresh|invite|reset|task-meta)"
    r"[^0-9A-Za-z]{1,3}(?:[0-9]{1,2}[^0-9A-Za-z]{1,3})?(?=[0-9A-Fa-f]*[A-Fa-f])(?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]{24,}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
"""What is named so is drawn at random, though its form be a hash's."""
_RUN = re.compile(r"[0-9A-Za-z]{20,}(?P<padding>=?)")
_READABLE = re.compile(rb"[\t\n\r -~]+")
_GROUPS = re.compile(r"[0-9]+")
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]+@(?P<host>(?:[0-9A-Za-z-]+\.)+[A-Za-z]{2,})(?![0-9A-Za-z-])"
)
_NOBODYS = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|(?:example|test|invalid|localhost|local))\Z")
"""Hosts at which nobody has an address (RFC 2606, RFC 6761)."""
_VARIED = 7
"""Distinct digits of a name that was not made up by hand: 32 random ones have fewer once in 10 million."""


def _is_own_uuid(name: str) -> bool:
    return any(_is_random_uuid(found) for found in _UUID.finditer(name))


def _is_random_uuid(found: re.Match[str]) -> bool:
    """Without hyphens one hash in 64 looks like one: only a hyphenated one is told by its version."""
    if "-" not in found[0] or not _is_varied(found[0]):
        return False
    return found["version"] in _RANDOM and found["variant"].lower() in "89ab"


def _is_token(name: str) -> bool:
    return any(_is_strewn(found[0]) and not _is_made(found) for found in _RUN.finditer(name))


def _is_encoded(name: str) -> bool:
    return any(_is_strewn(found[0]) for found in _RUN.finditer(name))


def _is_strewn(text: str) -> bool:
    """Letters beyond hex with digits strewn among them, as words never have them."""
    letters = set(text.lower()) - set("0123456789abcdef=")
    return bool(letters) and len(_GROUPS.findall(text)) >= 3


def _is_made(found: re.Match[str]) -> bool:
    """A hash or a text in base64: the one has its padding, the other can be read."""
    text = found[0]
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    return bool(found["padding"]) or bool(_READABLE.fullmatch(octets))


def _is_address(name: str) -> bool:
    return any(not _NOBODYS.search(found["host"].lower()) for found in _ADDRESS.finditer(name))


def _is_varied(text: str) -> bool:
    return len(set(text.lower()) - {"-"}) >= _VARIED
