"""Where a broker or a result backend leads, if Redis answers there."""

from __future__ import annotations

from typing import TypeVar

from disjoint.kinds.redis.address import Login
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import ProbeError
from disjoint.model.url import ENCODE, SEVERED, severed

from .address import login, parse
from .facts import CeleryDeclared

T = TypeVar("T")

BROKER, BACKEND = "broker", "result_backend"
"""The settings that name a server."""


def login_of(target: Target[CeleryDeclared], setting: str) -> Login:
    """Where a setting leads.

    Raises:
        ProbeError: the setting is unknown, or leads to something else.
    """
    text = must(target.setting(setting)).reveal()
    address, found = parse(text), login(text)
    if why := address.fault or address.doubt:
        raise ProbeError(why, f"mend the {setting}, or run where its value is known")
    if len(address.entries) > 1:
        raise ProbeError(
            f"the {setting} is a list of servers to fail over to: which is in use is unknown", _EACH
        )
    if severed(text):
        raise ProbeError(SEVERED, ENCODE)
    if found is None:
        raise ProbeError(f"this version asks only Redis; the {setting} is something else", _OTHER)
    return found


_EACH = "declare each server of the list as a resource of its own"
_OTHER = (
    "compare it by hand (RabbitMQ: rabbitmqctl cluster_status and the virtual host; SQS: account, region, "
    "queue_name_prefix), or declare a result backend's store as a resource of its own kind"
)


def must(fact: Fact[T]) -> T:
    """The value of a fact.

    Raises:
        ProbeError: it is unknown.
    """
    match fact:
        case Known(value):
            return value
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)
