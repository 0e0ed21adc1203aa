"""Which commands may be sent, by what name they are counted, and what lets a user send them.

Two lists: what may reach any server, and what marks one that is proven to be staging's own.
"""

from __future__ import annotations

ACL = (
    "ACL SETUSER disjoint reset on >PASSWORD resetchannels &disjoint:* %R~* -@all +ping +info +scan +dbsize "
    "+client|setname +select +subscribe +pubsub|numsub +cluster|nodes"
)
"""The least privilege that answers everything this product asks of Redis.

CLIENT LIST is not among it: it shows other clients' addresses, and is asked only where a
subscription is not allowed.
"""

LOOK_ACL = (
    "ACL SETUSER disjoint-look reset on >PASSWORD resetkeys resetchannels &disjoint:* -@all "
    "+info +select +subscribe +pubsub|numsub"
)
"""Four commands for production's half of a canary, and of its identity; no key, no other channel."""

CALL = "+multi +exec +publish &*.celery.pidbox (~*disjoint.* +sadd +rpush +pexpire +lrange +del)"
"""What a user of staging's broker needs over and above to call its workers: own keys, one kind of channel."""

_PLAIN = frozenset(("PING", "INFO", "SCAN", "DBSIZE", "TYPE", "TTL", "STRLEN", "SELECT"))
_TWO_WORDS = frozenset(
    ("OBJECT ENCODING", "ACL WHOAMI", "CLIENT SETNAME", "CLIENT LIST", "PUBSUB NUMSUB", "CLUSTER NODES")
)
_OWN_CHANNELS = frozenset(("SUBSCRIBE", "UNSUBSCRIBE"))
_CHANNEL, _NAME = "disjoint:", "disjoint-"
_BINDINGS = "_kombu.binding."
_OF_BINDINGS = frozenset(("SMEMBERS", "SCARD"))
_SCHEDULE = ":schedule"
_OF_SCHEDULES = frozenset(("ZCARD", "ZRANGE"))
_PROTOCOLS = (("2",), ("3",))
_MAILBOX = ".celery.pidbox"
_OWN_KEY = "disjoint."
_TOGETHER = frozenset(("MULTI", "EXEC"))
_OF_OWN_KEYS = frozenset(("SADD", "RPUSH", "PEXPIRE", "LRANGE", "DEL"))


def allowed(*words: str) -> bool:
    """True for a command that may be sent to production; asked before anything is packed.

    AUTH is not among them: the session sends it once, when it opens.
    """
    verb, arguments = words[0].upper(), words[1:]
    if verb in _OWN_CHANNELS:
        return bool(arguments) and all(name.startswith(_CHANNEL) for name in arguments)
    if verb in _OF_BINDINGS:
        return len(arguments) == 1 and _BINDINGS in arguments[0]
    if verb in _OF_SCHEDULES:
        return bool(arguments) and arguments[0].endswith(_SCHEDULE)
    if verb == "HELLO":
        return arguments in _PROTOCOLS
    pair = " ".join((verb, *arguments[:1])).upper()
    if pair == "CLIENT SETNAME":
        return len(arguments) == 2 and arguments[1].startswith(_NAME)
    return verb in _PLAIN or pair in _TWO_WORDS


def marks(*words: str) -> bool:
    """True for a command that stores or tells nothing but a mark of our own; never sent to production."""
    verb, arguments = words[0].upper(), words[1:]
    if verb == "PUBLISH":
        return len(arguments) == 2 and (arguments[0].startswith(_CHANNEL) or arguments[0].endswith(_MAILBOX))
    if verb in _OF_OWN_KEYS:
        return bool(arguments) and _OWN_KEY in arguments[0]
    return len(words) == 1 and verb in _TOGETHER


def name_of(*words: str) -> str:
    """A command's constant text: its verb, and its section or subcommand; never an argument."""
    verb = words[0].upper()
    pair = " ".join((verb, *words[1:2])).upper()
    if verb == "INFO":
        return " ".join((verb, *words[1:2]))
    return pair if pair in _TWO_WORDS else verb


def grant(name: str) -> str:
    """The ACL rule that allows a command, by its constant text."""
    if name in _OF_BINDINGS:
        return f"(+smembers +scard %R~*{_BINDINGS}*)"
    if name in _OF_SCHEDULES:
        return f"(+zcard +zrange %R~*{_SCHEDULE})"
    if name in _OF_OWN_KEYS or name in _TOGETHER:
        return CALL
    if name in _OWN_CHANNELS:
        return f"+subscribe +pubsub|numsub &{_CHANNEL}*"
    return "+" + (name.replace(" ", "|") if name in _TWO_WORDS else name.split(maxsplit=1)[0]).lower()
