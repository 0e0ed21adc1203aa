"""kombu's binding sets: who takes what from a broker, read without being a client of it."""

from __future__ import annotations

from disjoint.kinds.redis.session import Session
from disjoint.model.probe import ProbeError

BINDING = "_kombu.binding."
MAILBOX = ".celery.pidbox"
SEPARATOR = b"\x06\x16"
"""Between routing key, pattern and queue in a member of a binding set (kombu's redis transport)."""
MEMBERS = 10_000
"""A set is sent whole while the server does nothing else: 1 ms for these."""
_TOO_MANY = "remove the bindings of queues that are gone: kombu leaves them behind"


def workers(session: Session, prefix: str) -> tuple[str, ...]:
    """Each live worker has bound its own mailbox: ``celery@host.celery.pidbox``."""
    names = members(session, f"{prefix}{BINDING}{MAILBOX[1:]}")
    return tuple(sorted(name.removesuffix(MAILBOX) for name in names))


def members(session: Session, key: str) -> list[str]:
    """The queue names in one binding set.

    Raises:
        ProbeError: the set was not read.
    """
    size = session.ask("SCARD", key)
    if not isinstance(size, int) or size > MEMBERS:
        raise ProbeError(f"a binding set holds more than {MEMBERS} names, or is no set", _TOO_MANY)
    match session.ask("SMEMBERS", key):
        case list(found):
            ends = [m.rpartition(SEPARATOR)[2] for m in found if isinstance(m, bytes)]
            return [end.decode("utf-8", "backslashreplace") for end in ends]
        case _:
            raise ProbeError("SMEMBERS was not answered with a set")
