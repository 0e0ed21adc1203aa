"""Put a function of ours around a driver's, once, and at a place that every way to connect goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MARK = "__disjoint_original__"


def wrap(owner: Any, name: str, made: Callable[[Any], Any]) -> None:
    """Replace an attribute by what `made` makes of it; what an earlier call put there is replaced in turn.

    Raises:
        ImportError: this version of the driver has no such place.
    """
    if (found := vars(owner).get(name)) is None:
        raise ImportError(f"this version of {owner.__name__} cannot be watched: it has no {name}")
    original = getattr(found, _MARK, found)
    plain = original.__func__ if isinstance(original, classmethod) else original
    ours = made(plain)
    if isinstance(original, classmethod):
        ours = classmethod(ours)
    setattr(ours, _MARK, original)
    setattr(owner, name, ours)
