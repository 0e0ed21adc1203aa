"""Staging's logins at production's broker and result backend: one attempt each, none twice."""

from __future__ import annotations

from functools import partial

from disjoint.kinds.redis.session import Login, knock, known
from disjoint.model.experiment import Pair
from disjoint.model.fact import Fact, Known, Unknown

from .facts import CeleryDeclared, Knock, Knocks
from .login import BACKEND, BROKER, login_of


def reach(pair: Pair[CeleryDeclared]) -> Knocks:
    """Try staging's logins where production's addresses lead; each answer stands on its own."""
    first, second = known(partial(_door, pair, BROKER)), known(partial(_door, pair, BACKEND))
    broker = _knocked(first, pair)
    return Knocks(broker, broker if first == second else _knocked(second, pair))


Door = tuple[Login, Login]


def _door(pair: Pair[CeleryDeclared], setting: str) -> Door:
    """Production's login and staging's; the logical database is no part of a door.

    Raises:
        ProbeError: a setting is unknown, or leads to something else than Redis.
    """
    theirs, ours = (login_of(side.target, setting) for side in (pair.production, pair.staging))
    return theirs._replace(db=0, username="", password=None), ours._replace(db=0, host="", port=0, path="")


def _knocked(door: Fact[Door], pair: Pair[CeleryDeclared]) -> Fact[Knock]:
    match door:
        case Known((theirs, ours)):
            return known(lambda: Knock(*knock(theirs, ours, pair.production.probe)))
        case Unknown():
            return door
