"""How environments are called: synonyms people use for one and the same."""

from __future__ import annotations

import re

_CALLED = {
    "production": "production",
    "prod": "production",
    "prd": "production",
    "live": "production",
    "staging": "staging",
    "stage": "staging",
    "stg": "staging",
    "dev": "development",
    "testing": "test",
}


def canonical(name: str) -> str:
    """An environment's name in lower case, usual synonyms folded (``Prod`` -> ``production``)."""
    folded = name.strip().lower()
    return _CALLED.get(folded, folded)


def same_environment(left: str, right: str) -> bool:
    """Do two names call one environment? ``staging-production`` calls neither."""
    return bool(left.strip()) and canonical(left) == canonical(right)


def spellings(name: str) -> frozenset[str]:
    """Every way to call one environment, in lower case."""
    folded = canonical(name)
    return frozenset({name.strip().lower(), folded, *(word for word, of in _CALLED.items() if of == folded)})


_WORDS = re.compile(
    r"(?=.{1,40}\Z)[A-Za-z]{1,16}[0-9]{0,4}(?:[-_. /](?:[A-Za-z]{1,16}[0-9]{0,4}|[0-9]{1,4}))*\Z"
)


def readable(text: str) -> bool:
    """Does it read as a name? What stands where a name belongs may be a secret, and is then not shown."""
    return _WORDS.match(text) is not None
