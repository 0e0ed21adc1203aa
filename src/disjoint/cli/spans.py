"""How long something is good for, as people write it: 30m, 24h, 7d."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import click

_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def span(longest: timedelta) -> Callable[[click.Context, click.Parameter, str], timedelta]:
    """What click reads an option's text with; nothing longer than this is taken."""

    def read(_context: click.Context, _option: click.Parameter, text: str) -> timedelta:
        found = _SPAN.fullmatch(text)
        stated = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
        if timedelta() < stated <= longest:
            return stated
        raise click.BadParameter(f"{text} is no time of at most {longest.days} days: 30m, 24h, 7d")

    return read
