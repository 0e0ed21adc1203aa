"""Staging's login at production's server: one attempt, nothing asked if it succeeds."""

from __future__ import annotations

from collections.abc import Mapping

from disjoint.model.experiment import Pair
from disjoint.model.probe import ProbeError

from .address import Login
from .connect import connect
from .facts import Knock, PostgresDeclared
from .failures import DatabaseClosedError, LoginRefusedError
from .login import login_of

_OF_A_CLIENT = ("sslcert", "sslkey", "sslpassword", "sslcertmode")


def reach(pair: Pair[PostgresDeclared]) -> Knock:
    """Try staging's user, password and client certificate where production's URL leads.

    Raises:
        ProbeError: no server answered there, or what it answered is no word on the credentials.
    """
    theirs, ours = login_of(pair.production.target), login_of(pair.staging.target)
    if '"' in ours.user:
        raise ProbeError("the user's name holds a quotation mark: the answer could not be told from it")
    try:
        with connect(_as(ours, theirs), pair.production.probe):
            return Knock(True, "production's database let staging's login in")
    except LoginRefusedError as refusal:
        return Knock(False, refusal.reason)
    except DatabaseClosedError as closed:
        return Knock(True, closed.reason)


def _as(ours: Login, theirs: Login) -> Login:
    """Production's door, with no credential of production's."""
    kept = {name: value for name, value in theirs.parameters.items() if name not in _OF_A_CLIENT}
    return theirs._replace(
        user=ours.user, password=ours.password, parameters={**kept, **_own(ours.parameters)}
    )


def _own(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name in _OF_A_CLIENT}
