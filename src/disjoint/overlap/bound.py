"""How much a sample must hold, and what its silence proves.

A value is kept by its digest alone, so both sides keep the same ones: of m copied values at
least one is kept with probability 1 - (1 - 1/k)^m, whoever copied them and in whatever order.
Samples drawn apart would keep a copied value on both sides only once in k squared.
"""

from __future__ import annotations

import math

from disjoint.model.census import Detection

SMALL = 2_000_000
"""Values of both sides together that are compared whole, whatever was asked: a second of work."""
LARGEST = 1 << 20
"""A sample that is thinner than this would take minutes to plant a value in."""


def one_in(wanted: Detection, values: int, small: int | None = None) -> int:
    """The largest power of two by which a sample may be thinned and still find what is wanted.

    Args:
        wanted: what must be found, and how surely.
        values: about how many there are on both sides together.
        small: so many of them are compared whole; `SMALL` where nothing is stated.
    """
    if values <= (SMALL if small is None else small):
        return 1
    kept = 1
    while 2 * kept <= LARGEST and missed(2 * kept, wanted.confidence) <= wanted.values:
        kept *= 2
    return kept


def missed(kept_one_in: int, confidence: float) -> int:
    """The smallest number of copied values of which a sample holds one with this confidence.

    Args:
        kept_one_in: k; 1 keeps all.
        confidence: 0 to 1, exclusive.
    """
    if kept_one_in == 1:
        return 1
    return math.ceil(math.log(1 - confidence) / math.log1p(-1 / kept_one_in))


def found(kept_one_in: int, copied: int) -> float:
    """The probability that a sample holds at least one of so many copied values."""
    return 1.0 if kept_one_in == 1 and copied else 1 - (1 - 1 / kept_one_in) ** copied
