"""Which values nobody can write down beforehand: random numbers, and nothing made of something known. Pure.

A digest under a key keeps a value secret from whoever has no key. Whoever has it tests guesses at
millions a second: every telephone number there is, every address of a list. What may go down must
stand that, so the form of each value decides, and in doubt it stays.
"""

from __future__ import annotations

import re

_FORM = rb"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[47][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"
_UUID = re.compile(rb"(?<=36:)" + _FORM + rb"|(?<![0-9A-Za-z])" + _FORM + rb"(?![0-9A-Za-z])")
"""Versions 4 and 7: 122 and 74 random bits. 1 and 6 are a machine and a time, 3 and 5 hashes (RFC 9562).
In several columns together each text follows its length."""
_RUN = re.compile(rb"(?<![0-9A-Za-z_-])[0-9A-Za-z_-]{22,}(?![0-9A-Za-z_=-])")
"""128 bits in base64 without padding; hex is left out, for it may be a hash of something known."""
_CLASSES = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"[0-9]"))
_TURNS = re.compile(rb"(?<=[a-z])[^a-z]|(?<=[A-Z])[^A-Z]|(?<=[0-9])[^0-9]")
_RESTLESS = 0.45
"""Changes from one class of letters to another, among all steps: 0.6 in random text, 0.3 in CamelCase2024."""
_VARIED = 7
_LONG = 1 << 16
"""Octets that are looked at."""


def unguessable(value: bytes) -> bool:
    """Whether a value holds a part that no list of guesses has."""
    start = value[:_LONG]
    if any(len(set(found[0].lower())) > _VARIED for found in _UUID.finditer(start)):
        return True
    return any(_is_random(found[0]) for found in _RUN.finditer(start))


def _is_random(run: bytes) -> bool:
    turns = sum(1 for _ in _TURNS.finditer(run))
    return all(each.search(run) for each in _CLASSES) and turns >= _RESTLESS * (len(run) - 1)
