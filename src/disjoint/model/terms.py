"""What people write of a census, read once: ``1000@99.9%``. Pure."""

from __future__ import annotations

import re

from .census import Detection

_WRITTEN = re.compile(r"([1-9][0-9]{0,11})@([0-9]{1,2}(?:\.[0-9]{1,6})?)%")
DETECT = "1000@99.9%"
"""What a sample must not miss where nothing is stated."""


def detection(text: str) -> Detection:
    """``1000@99.9%``: a thousand copied values are found with a probability of 99.9 %.

    Raises:
        ValueError: it is not written so, or the probability is not between 50 % and 100 %.
    """
    if not (found := _WRITTEN.fullmatch(text.strip())) or not 50 <= float(found[2]) < 100:
        raise ValueError(
            f'detect = "{text[:40]}": write how many copied values must be found and how surely: "{DETECT}"'
        )
    return Detection(int(found[1]), round(float(found[2]) / 100, 9))
