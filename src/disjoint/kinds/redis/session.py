"""A harmless session on a Redis or Valkey server: one attempt, allow-listed reads, all counted.

Server error texts never leave this module: they are told apart by type, and retold in our
own words.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import redis.exceptions as refused

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from .address import Login
from .wire import Wire, lost, opened

__all__ = (
    "ACL",
    "Identity",
    "Login",
    "Session",
    "allowed",
    "connect",
    "identify",
    "info",
    "known",
    "met_again",
    "process",
    "then",
)

A = TypeVar("A")
T = TypeVar("T")

ACL = (
    "ACL SETUSER disjoint reset on >PASSWORD resetchannels &disjoint:* %R~* -@all +ping +info +scan +dbsize "
    "+type +ttl +strlen +object|encoding +acl|whoami +client|setname +select +subscribe +unsubscribe "
    "+pubsub|numsub"
)
"""The least privilege that answers everything this product asks of Redis."""

_PLAIN = frozenset(("PING", "INFO", "SCAN", "DBSIZE", "TYPE", "TTL", "STRLEN", "SELECT"))
_TWO_WORDS = frozenset(("OBJECT ENCODING", "ACL WHOAMI", "CLIENT SETNAME", "PUBSUB NUMSUB"))
_OWN_CHANNELS = frozenset(("SUBSCRIBE", "UNSUBSCRIBE"))
_BINDINGS = "_kombu.binding."
_OF_BINDINGS = frozenset(("SMEMBERS", "SCARD"))


def allowed(*words: str) -> bool:
    """True for a command that may be sent to production; asked before anything is packed.

    AUTH is not among them: the session sends it once, when it opens.
    """
    verb, arguments = words[0].upper(), words[1:]
    if verb in _OWN_CHANNELS:
        return bool(arguments) and all(name.startswith("disjoint:") for name in arguments)
    if verb in _OF_BINDINGS:
        return len(arguments) == 1 and _BINDINGS in arguments[0]
    return verb in _PLAIN or " ".join((verb, *arguments[:1])).upper() in _TWO_WORDS


class Session:
    """One open, logged-in connection."""

    def __init__(self, wire: Wire, probe: Probe, where: str, transport: str) -> None:
        self._wire, self._probe, self._where = wire, probe, where
        self.transport = transport
        """``no TLS``, ``TLS, verified`` ...: how far the answers can be trusted."""

    def ask(self, *words: str) -> object:
        """Send one allow-listed command and return its reply: int, bytes, list or None.

        Raises:
            ProbeError: the command is not allow-listed, or was not answered; never
                with the server's own text.
        """
        if not allowed(*words):
            raise ProbeError("refused to send a command that is no allow-listed read")
        return self._exchange(name_of(*words), *words)

    def log_in(self, username: str, password: str) -> None:
        """Try the credentials once."""
        self._exchange("AUTH", *(("AUTH", username, password) if username else ("AUTH", password)))

    def select(self, database: int) -> int:
        """Go to a logical database; every connection begins in 0.

        Raises:
            ProbeError: the server has no such database, or the user may not go there.
        """
        if database:
            self.ask("SELECT", str(database))
        return database

    def _exchange(self, name: str, *words: str) -> object:
        self._probe.remaining()
        self._probe.sent(name)
        try:
            self._wire.send_command(*words)
            return self._wire.read_response()
        except refused.RedisError as error:
            raise self._retold(error, name) from None
        except (ValueError, IndexError, MemoryError, UnicodeError, RecursionError):
            raise ProbeError(f"{self._where} answered something that is no Redis protocol") from None

    def _retold(self, error: refused.RedisError, name: str) -> ProbeError:
        """A server's or redis-py's error in our words: their texts may quote what was sent."""
        match error:
            case refused.NoPermissionError():
                return ProbeError(f"this user may not run {name}", f"ACL SETUSER <that user> {grant(name)}")
            case refused.AuthenticationError() if name == "AUTH":
                return ProbeError(f"{self._where} refused the login", "mend user and password in the address")
            case refused.AuthenticationError():
                return ProbeError(f"{self._where} asks for a login", "put user and password into the address")
            case refused.BusyLoadingError():
                return ProbeError(f"{self._where} is still loading its data", "ask again in a moment")
            case refused.InvalidResponse():
                return ProbeError(f"{self._where} answered something that is no Redis protocol")
            case refused.ConnectionError() | refused.TimeoutError():
                return self._gone()
            case refused.ResponseError() if str(error).lower().startswith("unknown command"):
                return ProbeError(
                    f"{self._where} does not know {name}: renamed, disabled or a proxy", _DIRECT
                )
            case _:
                return ProbeError(f"{self._where} refused {name}", _DIRECT)

    def _gone(self) -> ProbeError:
        try:
            lost(self._probe, self._where)
        except ProbeError as error:
            return error


_DIRECT = f"ask the server itself, without a proxy, as a user made by: {ACL}"


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
    return "+" + (name.replace(" ", "|") if name in _TWO_WORDS else name.split(maxsplit=1)[0]).lower()


@contextlib.contextmanager
def connect(login: Login, probe: Probe) -> Iterator[Session]:
    """Open one session as the address says, log in at most once.

    Raises:
        ProbeError: not reachable, refused, or a certificate that was not accepted.
    """
    if login.fault:
        raise ProbeError(login.fault)
    seat = contextlib.nullcontext() if login.path else probe.seat(login.host, login.port)
    with seat, opened(login, probe) as (wire, where, transport):
        session = Session(wire, probe, where, transport)
        if login.username or login.password:
            session.log_in(login.username, login.password.reveal() if login.password else "")
        yield session


class Identity(NamedTuple):
    """Who a server says it is, in plain values: to be digested before they become facts."""

    run_id: Fact[str]
    replication_ids: Fact[tuple[str, ...]]
    role: Fact[str]
    linked: Fact[bool]
    clustered: Fact[bool]
    product: Fact[str]


def identify(session: Session) -> Identity:
    """Ask ``INFO server`` and ``INFO replication``; each answer stands on its own."""
    server = known(lambda: info(session, "server"))
    replication = known(lambda: info(session, "replication"))
    return Identity(
        run_id=then(server, _run_id),
        replication_ids=then(replication, _replication_ids),
        role=then(replication, _role),
        linked=then(replication, _linked),
        clustered=then(server, lambda says: _mode(says) == "cluster"),
        product=then(server, _product),
    )


def process(session: Session) -> str:
    """The run id of the process that answers now.

    Raises:
        ProbeError: it does not say.
    """
    return _run_id(info(session, "server"))


def met_again(login: Login, probe: Probe, run_id: str) -> bool:
    """Whether a second connection meets the process with this digest of a run id.

    Behind a balancer one address is several servers, and two of them differ as two environments' do.

    Raises:
        ProbeError: nobody answered, or did not say who it is.
    """
    with connect(login, probe) as session:
        return probe.digest("redis.run_id", process(session)) == run_id


def info(session: Session, section: str) -> Mapping[str, str]:
    """One section of ``INFO``, parsed as the text it is."""
    reply = session.ask("INFO", section)
    if not isinstance(reply, bytes):
        raise ProbeError(f"INFO {section} was not answered with text")
    lines = reply.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def known(read: Callable[[], T]) -> Fact[T]:
    """One reading as a fact: a visit that failed here says nothing about the next reading."""
    try:
        return Known(read())
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)


def then(fact: Fact[A], read: Callable[[A], T]) -> Fact[T]:
    """What follows from a fact, if it is known and holds what is looked for."""
    match fact:
        case Known(value):
            return known(lambda: read(value))
        case Unknown():
            return fact


_ID = re.compile(r"[0-9a-f]{40}")
_NO_ID = "0" * 40


def _mode(says: Mapping[str, str]) -> str:
    """``standalone``, ``cluster`` or ``sentinel``: Redis says ``redis_mode``, Valkey ``server_mode``."""
    mode = says.get("redis_mode") or says.get("server_mode")
    if not mode:
        raise ProbeError("the server does not say whether it is a cluster node", _DIRECT)
    return mode


def _run_id(says: Mapping[str, str]) -> str:
    if "sentinel" in (says.get("redis_mode"), says.get("server_mode")):
        raise ProbeError("a Sentinel answers there, which holds no keys", "declare the server that it names")
    run_id = says.get("run_id", "")
    if not _ID.fullmatch(run_id) or run_id == _NO_ID:
        raise ProbeError("the server does not say its run_id", _DIRECT)
    return run_id


def _replication_ids(says: Mapping[str, str]) -> tuple[str, ...]:
    stated = {says.get("master_replid", ""), says.get("master_replid2", "")}
    ids = sorted(i for i in stated if _ID.fullmatch(i) and i != _NO_ID)
    if not ids:
        raise ProbeError("the server does not say its replication id", _DIRECT)
    return tuple(ids)


def _role(says: Mapping[str, str]) -> str:
    roles = {"master": "primary", "slave": "replica"}
    try:
        return roles[says["role"]]
    except KeyError:
        raise ProbeError("the server does not say whether it is a replica", _DIRECT) from None


def _linked(says: Mapping[str, str]) -> bool:
    return _role(says) == "primary" or says.get("master_link_status") == "up"


def _product(says: Mapping[str, str]) -> str:
    name = says.get("server_name", "redis")
    version = says.get(f"{name}_version") or says.get("redis_version", "")
    return f"{name} {version}".strip()[:40]
