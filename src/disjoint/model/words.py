"""How sentences are put together: a number with its noun, and one reason told once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def counted(number: int, noun: str) -> str:
    """``1 read``, ``2 reads``, ``2 addresses``: a number with its noun."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names with commas; of many the first few, and how many more there are."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def told(reasons: Iterable[tuple[str, str]]) -> str:
    """Who says what, each reason once: ``production and staging: connection refused``."""
    who: dict[str, list[str]] = {}
    for name, reason in reasons:
        who.setdefault(reason, []).append(name)
    return "; ".join(f"{' and '.join(names)}: {reason}" for reason, names in who.items())


def transport(verified: bool) -> str:
    """How far an answer over HTTP can be trusted."""
    return "TLS, verified for the name" if verified else "clear text: can be altered on the way"
