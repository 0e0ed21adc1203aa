"""Do two halves belong together? One reason for each refusal, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

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


class There(NamedTuple):
    """Where one side of a resource is."""

    shown: str
    everywhere: bool
    """Whether this is one place in every network."""
    server: frozenset[str]
    """Who its server says it is, as digests; none where it does not."""
    kin: frozenset[str] = frozenset()
    """What its server and each copy of it say, and another server does not: most of it outlives a restart."""


NOWHERE = There("", everywhere=False, server=frozenset())


def of_these_places(
    compared: Compared, production: Mapping[str, There], staging: Mapping[str, There]
) -> None:
    """Whether rows were compared of the very resources that are judged.

    Raises:
        UnprovenError: one of them is somewhere else, or nobody says where it is.
    """
    for resource, shown in compared.places.items():
        servers, kin = (told.get(resource, ((), ())) for told in (compared.servers, compared.kin))
        for side, place, server, own in zip((production, staging), shown, servers, kin, strict=True):
            then = There(place, everywhere=False, server=frozenset(server), kin=frozenset(own))
            _expect_there(resource, then, side.get(resource, NOWHERE))


def _expect_there(resource: str, then: There, there: There) -> None:
    place, server = then.shown, then.server
    of = f"{resource}: rows were compared of {place}, and"
    if not there.shown:
        raise UnprovenError(
            f"{of} whether it is judged is not known: its address is not told here (a blind seal names none)"
        )
    if place != there.shown:
        raise UnprovenError(f"{of} {there.shown} is judged: make everything with the same variables")
    if there.everywhere:
        return _expect_kin(of, then, there)
    if not (server and there.server):
        raise UnprovenError(
            f"{of} its name may mean another server in each network, of which one does not say who it is: "
            "let its role ask that (disjoint explain --grants KIND), and make everything anew"
        )
    if not server & there.server:
        raise UnprovenError(
            f"{of} the server of that name is another one now, or was started anew: make everything anew"
        )
    return None


def _expect_kin(of: str, then: There, there: There) -> None:
    """One name in every network leads to another server where it was given to one, or by a tunnel."""
    if then.kin and there.kin and not then.kin & there.kin:
        raise UnprovenError(
            f"{of} that name leads to another server now (or to one that was started without its memory of "
            "itself): make everything anew, by the same tunnels"
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
