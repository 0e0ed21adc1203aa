"""What a process that runs now says of the time at which another side was sealed. Pure."""

from __future__ import annotations

from datetime import datetime

from .fact import Unknown

SLACK_SECONDS = 3.0
"""By how much two machines' clocks may differ, of which each agrees with its own servers to 1.5 s."""

NEW_IDS: Unknown = Unknown(
    "staging's server started after production was sealed, or does not say when: production's may have "
    "started anew since, and have other ids",
    "run `disjoint seal` in production once more",
)


def elder(since: float, sealed_at: datetime) -> bool:
    """Whether a process that started at `since`, by this machine's clock, ran before a side was sealed."""
    return since < sealed_at.timestamp() - SLACK_SECONDS
