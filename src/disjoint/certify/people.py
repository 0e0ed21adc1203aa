"""Who is who: one person's several names, and letters made to look like others. Pure.

Names that may be one person's count as one: to refuse a second colleague costs a question, to take
one person for two costs the rule that two must agree.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_ALIKE = str.maketrans(
    "абвеёзиіјкӏмнорстухһԁԛԝѕѵαβεηικνορτυχωϲıɩɡɑ", "abbee3uijkimhopctyxhdqwsvabehikvoptuxwciiga"
)
"""Letters of Cyrillic, Greek and others that look like Latin ones; in lower case, without accents."""
_PASSED_OVER = frozenset({"Mn", "Me", "Cf", "Cc", "Zs"})
"""Accents, signs without a shape, and spaces."""


def spelling(name: str) -> str:
    """What several writings of one name have in common: case, accents, width, scripts, hidden signs."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = "".join(c for c in folded if unicodedata.category(c) not in _PASSED_OVER)
    return kept.translate(_ALIKE)


def person(name: str) -> str:
    """What several names of one person have in common: without domain and ``+`` suffix."""
    return spelling(unicodedata.normalize("NFKC", name).partition("@")[0].partition("+")[0])


def is_among(name: str, people: Iterable[str]) -> bool:
    """Whether a person is one of others, by whatever name."""
    return person(name) in set(map(person, people))
