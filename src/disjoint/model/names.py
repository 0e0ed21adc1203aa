"""How environments are called: synonyms people use for one and the same."""

from __future__ import annotations

_CALLED = {
    "production": "production",
    "prod": "production",
    "prd": "production",
    "live": "production",
    "staging": "staging",
    "stage": "staging",
    "stg": "staging",
}


def canonical(name: str) -> str:
    """An environment's name in lower case, usual synonyms folded (``Prod`` -> ``production``)."""
    folded = name.strip().lower()
    return _CALLED.get(folded, folded)


def same_environment(left: str, right: str) -> bool:
    """Do two names call one environment? ``staging-production`` calls neither."""
    return bool(left.strip()) and canonical(left) == canonical(right)
