"""Do two halves belong together? One reason for each refusal, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from disjoint.errors import UnprovenError

from .half import Common, Compared, Held, Looked, standing

SKEW_SECONDS = 1.5
"""By how much a machine's clock may differ from the servers' that it asked."""
MARGIN = timedelta(seconds=2 * SKEW_SECONDS)
"""Both clocks may be off by that much, in opposite directions."""
LIFETIME = timedelta(hours=24)


def trusted_clock(half: Common) -> None:
    """A time counts only where the servers' clocks bear this machine's out.

    Raises:
        UnprovenError: they differ.
    """
    if half.clock is not None and abs(half.clock) > SKEW_SECONDS:
        raise UnprovenError(
            f"the clocks disagree: {half.environment}'s servers are {half.clock:+.1f} s ahead of the machine "
            "that asked them; set its clock and make the half anew"
        )


def follows(held: Held, now: datetime) -> None:
    """Whether a standing half may be looked for now.

    Raises:
        UnprovenError: it is over, or stands in the future: one of the clocks is wrong.
    """
    if held.alive_at is not None:
        raise UnprovenError("the hold is over: its marks are gone; hold again and look meanwhile")
    if held.stands_at > now + timedelta(seconds=SKEW_SECONDS):
        ahead = (held.stands_at - now).total_seconds()
        raise UnprovenError(f"the clocks disagree: the hold began {ahead:.1f} s after this moment")


def of_one_manifest(half: Common, manifest: str, environment: str) -> None:
    """Whether a half was made for this manifest and side.

    Raises:
        UnprovenError: it was not.
    """
    if half.manifest != manifest:
        raise UnprovenError(f"{half.environment}'s half was made for another manifest than this one")
    if half.environment != environment:
        raise UnprovenError(f"a half of {half.environment} stands where {environment}'s is expected")


def of_one_run(held: Held, looked: Looked) -> None:
    """Whether production looked for these very marks.

    Raises:
        UnprovenError: it looked for those of another run.
    """
    if (looked.run, looked.held) != (held.run, standing(held)):
        raise UnprovenError("the halves are of two runs: production looked for the marks of another hold")


def in_one_window(held: Held, looked: Looked) -> datetime:
    """The last moment of the hold, if the whole look lies before it.

    Raises:
        UnprovenError: the marks are not known to have stood while production looked.
    """
    if held.alive_at is None:
        raise UnprovenError(
            "the hold never ended in order: nobody saw its marks alive after the look; if it has ended "
            "since, this is the copy from before: take the file as `disjoint hold` left it"
        )
    if looked.looked_until < looked.looked_from or looked.looked_from < held.stands_at - MARGIN:
        raise UnprovenError("the clocks disagree: production looked before the marks stood")
    if looked.looked_until + MARGIN > held.alive_at:
        late = (looked.looked_until + MARGIN - held.alive_at).total_seconds()
        raise UnprovenError(
            f"the hold ended early: its marks must stand {MARGIN.total_seconds():g} s longer than the look "
            f"(clocks may differ), and {late:.1f} s are missing; hold for longer"
        )
    return held.alive_at


def fresh(held: Held, now: datetime) -> None:
    """Whether the halves are of these days.

    Raises:
        UnprovenError: too old, or from the future.
    """
    if held.started_at > now + MARGIN:
        raise UnprovenError("the clocks disagree: the halves are from the future")
    if now - held.started_at > LIFETIME:
        raise UnprovenError(f"the halves are stale: made on {held.started_at:%Y-%m-%d %H:%M} UTC")


def of_these_places(compared: Compared, production: Mapping[str, str], staging: Mapping[str, str]) -> None:
    """Whether rows were compared of the very resources that are judged.

    Raises:
        UnprovenError: one of them is somewhere else, or nobody says where it is.
    """
    for resource, (theirs, ours) in compared.places.items():
        judged = production.get(resource), staging.get(resource)
        if None in judged:
            raise UnprovenError(
                f"{resource}: rows were compared of {theirs} and {ours}, and whether these are judged is not "
                "known: an address of it is not told here (a blind seal names none)"
            )
        if (theirs, ours) != judged:
            raise UnprovenError(
                f"{resource}: rows were compared of {theirs} and {ours}, and others are judged here: "
                "make everything with the same variables"
            )


def fresh_census(compared: Compared, now: datetime) -> None:
    """Whether staging was read within a day.

    Raises:
        UnprovenError: too long ago, or in the future.
    """
    if max(compared.made_at, compared.started_at) > now + MARGIN:
        raise UnprovenError("the clocks disagree: the comparison of rows is from the future")
    if now - compared.made_at > LIFETIME:
        raise UnprovenError(f"the comparison of rows is stale: read on {compared.made_at:%Y-%m-%d %H:%M} UTC")
