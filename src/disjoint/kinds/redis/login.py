"""Where a declared resource's address leads, if one Redis server answers there."""

from __future__ import annotations

from disjoint.model.environment import Target
from disjoint.model.fact import Known, Unknown
from disjoint.model.probe import ProbeError
from disjoint.model.url import ENCODE, SEVERED, severed

from .address import Login, login
from .facts import RedisDeclared


def login_of(target: Target[RedisDeclared]) -> Login:
    """The login of an environment.

    Raises:
        ProbeError: the address is not known, or names no one server.
    """
    match target.setting("url"):
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)
        case Known(secret):
            if severed(secret.reveal()):
                raise ProbeError(SEVERED, ENCODE)
            where = login(secret.reveal())
            if where.fault:
                raise ProbeError(where.fault, "declare the address of one server")
            return where
