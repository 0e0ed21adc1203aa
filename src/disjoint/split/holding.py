"""Staging's half: its marks stand for a while, and are seen again at the end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from disjoint.certify.belonging import trusted_clock
from disjoint.certify.half import Held, written
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.sign import passing_signer
from disjoint.certify.snapshot import written_snapshot
from disjoint.certify.watch import Watch
from disjoint.model.experiment import Sights
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.plain import plain
from disjoint.runner.deadline import Deadline
from disjoint.runner.marks import Holding, Key, Placed
from disjoint.runner.run import Run
from disjoint.runner.visit import Seats
from disjoint.snapshots import unclaimed_in

from .connections import elsewhere
from .side import BUDGET_SECONDS, by_resource, common_of, observed, parts_of

Wait = Callable[[float], None]
"""Waits so many seconds, or until the user has had enough."""
Publish = Callable[[str], None]
"""Puts a half's text where it is wanted, whole or not at all."""


class Asked(NamedTuple):
    """What a verifier asks of a hold, and what the process that answers it says of itself."""

    nonce: str = ""
    """The run's name; empty for one of our own."""
    connected: tuple[str, ...] = ()
    """Where the process is connected to, as ``address:port``."""


NOBODY = Asked()


def hold(
    manifest: Manifest,
    key: ProjectKey,
    seconds: float,
    publish: Publish,
    wait: Wait,
    asked: Asked = NOBODY,
) -> None:
    """Observe staging, place its marks, publish the standing half, keep them, and close it.

    Args:
        manifest: with staging's variables and nobody else's.
        key: of the project.
        seconds: for which the marks stand once they all do.
        publish: called twice, with the standing half and with the whole one.
        wait: called in between.
        asked: by whom, where somebody waits for the answer.

    Raises:
        UnprovenError: this machine's clock and the servers' disagree.
        WriteError: the half cannot be signed or written.
    """
    name, watch = asked.nonce or secrets.token_hex(16), Watch()
    # whoever asked knows the half by the project's code: an application's disk need not keep a key for it
    signer = passing_signer() if asked.nonce else None
    with Run((manifest.staging,), BUDGET_SECONDS, forks=False, key=stable_key(key)) as run:
        snapshot = observed(manifest, manifest.staging, run, watch.started)
    window = seconds + BUDGET_SECONDS
    with (
        Deadline(window) as deadline,
        Holding(parts_of(manifest, snapshot, run, deadline, Seats), window) as holding,
    ):
        placed = holding.placed()
        half = Held(
            **common_of(manifest, manifest.staging, run, key),
            run=name,
            started_at=watch.started,
            snapshot=written_snapshot(snapshot),
            stands_at=watch.now(),
            unclaimed=unclaimed_in(manifest, snapshot),
            connected=elsewhere(asked.connected, manifest.staging),
            marks=_marks(placed, None),
        )
        watch.expect_unset()
        trusted_clock(half)
        publish(written(half, key, signer))
        wait(seconds)
        over = watch.now()
        whole = replace(half, alive_at=over, marks=_marks(placed, holding.seen_again()))
        publish(written(whole, key, signer))


def _marks(placed: Mapping[Key, Fact[Placed]], again: Mapping[Key, Fact[Sights]] | None) -> dict[str, Any]:
    return by_resource(
        {key: _mark(fact, None if again is None else again[key]) for key, fact in placed.items()}
    )


def _mark(placed: Fact[Placed], again: Fact[Sights] | None) -> Any:
    match placed:
        case Unknown() as why:
            return plain(why)
        case Known(stands):
            return {"token": stands.token, "before": plain(stands.before), "after": plain(again)}
