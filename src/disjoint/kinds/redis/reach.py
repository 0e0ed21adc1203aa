"""Staging's login at production's server: one attempt, and nothing is asked if it succeeds."""

from __future__ import annotations

from disjoint.model.experiment import Pair
from disjoint.model.probe import Probe

from .address import Login
from .facts import Knock, RedisDeclared
from .login import login_of
from .session import knock


def reach(pair: Pair[RedisDeclared]) -> Knock:
    """Try staging's user and password where production's address leads.

    Raises:
        ProbeError: no server answered there, or what it answered is no word on the credentials.
    """
    return knocked(login_of(pair.production.target), login_of(pair.staging.target), pair.production.probe)


def knocked(theirs: Login, ours: Login, probe: Probe) -> Knock:
    """Production's door, with no credential of production's.

    Raises:
        ProbeError: as above.
    """
    own = {name: value for name, value in ours.parameters.items() if name in _OF_A_CLIENT}
    kept = {name: value for name, value in theirs.parameters.items() if name not in _OF_A_CLIENT}
    stranger = theirs._replace(username=ours.username, password=ours.password, parameters={**kept, **own})
    let_in, words = knock(stranger, probe)
    return Knock(let_in, words)


_OF_A_CLIENT = ("ssl_certfile", "ssl_keyfile", "ssl_password")
