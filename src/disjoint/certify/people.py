"""Who is who: one person's several names, and letters made to look like others. Pure.

Names that may be one person's count as one: to refuse a second colleague costs a question, to take
one person for two costs the rule that two must agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ALIKE = str.maketrans(
    "абвеёзиіјкӏмнорстухһԁԛԝѕѵαβεηικνορτυχωϲıɩɡɑ", "abbee3uijkimhopctyxhdqwsvabehikvoptuxwciiga"
)
"""Letters of Cyrillic, Greek and others that look like Latin ones; in lower case, without accents."""
_PASSED_OVER = frozenset({"Mn", "Me", "Cf", "Cc", "Zs"})
"""Accents, signs without a shape, and spaces."""

_NOREPLY = re.compile(r"[0-9]+[+-](?P<name>[^@]+)@users\.noreply\.", re.IGNORECASE)
"""The address that GitHub (``ID+NAME@``) and GitLab (``ID-NAME@``) give to whoever hides their own."""
_NOBODY = frozenset({"", "unknown", "root", "runner", "nobody"})
"""What stands for a requester where `certify` learned of none."""


def spelling(name: str) -> str:
    """What several writings of one name have in common: case, accents, width, scripts, hidden signs."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = "".join(c for c in folded if unicodedata.category(c) not in _PASSED_OVER)
    return kept.translate(_ALIKE)


def person(name: str) -> str:
    """What several names of one person have in common: without domain, ``+`` suffix and a host's number."""
    plain = unicodedata.normalize("NFKC", name)
    given = _NOREPLY.match(plain)
    return spelling(given["name"] if given else plain.partition("@")[0].partition("+")[0])


def is_among(name: str, people: Iterable[str]) -> bool:
    """Whether a person is one of others, by whatever name."""
    return person(name) in set(map(person, people))


def nobody(people: Iterable[str]) -> bool:
    """Whether these names are such as anybody may have, so that nobody knows who asked."""
    return _NOBODY.issuperset(map(spelling, people))
