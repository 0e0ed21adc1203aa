"""Staging's login at production's server: one attempt, and nothing is asked if it succeeds."""

from __future__ import annotations

from disjoint.model.experiment import Pair

from .facts import Knock, RedisDeclared
from .login import login_of
from .session import knock


def reach(pair: Pair[RedisDeclared]) -> Knock:
    """Try staging's user and password where production's address leads.

    Raises:
        ProbeError: no server answered there, or what it answered is no word on the credentials.
    """
    theirs, ours = login_of(pair.production.target), login_of(pair.staging.target)
    return Knock(*knock(theirs, ours, pair.production.probe))
