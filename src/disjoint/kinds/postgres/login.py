"""The login that a target's address states, as libpq would use it. Holds credentials: keep it local."""

from __future__ import annotations

from disjoint.model.environment import Target
from disjoint.model.fact import Known, Unknown
from disjoint.model.host import MASKED
from disjoint.model.probe import ProbeError
from disjoint.model.url import ENCODE, SEVERED

from .address import Login, login, parse
from .facts import PostgresDeclared, overrides


def login_of(target: Target[PostgresDeclared], name: str = "url") -> Login:
    """What to connect with; `name`: the setting that states it.

    Raises:
        ProbeError: the address is unknown, or none that a client would accept.
    """
    match target.setting(name):
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)
        case Known(secret):
            return _read(secret.reveal(), target, name)


def _read(text: str, target: Target[PostgresDeclared], name: str) -> Login:
    if parse(text).shown == MASKED:
        # libpq ends the userinfo at another @ than most clients, so that a piece may stand in the host
        raise ProbeError(SEVERED, ENCODE)
    found = login(text, overrides(target))
    if found.fault:
        raise ProbeError(f"no client accepts this address: {found.fault}", f"mend {target.where(name)}")
    return found
