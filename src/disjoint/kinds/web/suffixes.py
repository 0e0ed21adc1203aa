"""The public suffix list, as the installed library ships it: read once, and only where a cookie asks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


@functools.cache
def _listed() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415  (few cookies name a domain)

    return PublicSuffixList()


def is_suffix(domain: str) -> bool:
    """True where strangers register names under a domain; an unknown top level is one."""
    return "." not in domain or bool(_listed().is_public(domain))
