"""PostgreSQL addresses as its clients read them: libpq first, and where others differ.

An address keeps three readings (libpq; urllib-based clients such as asyncpg; SQLAlchemy). Two addresses
are compared client by client: what the clients do not agree on is unknown, never different.
Pure: the start-up guard loads this in a bare process.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from disjoint.model.address import Likeness, Sameness
from disjoint.model.engine import Foreign, compare_foreign, read_foreign
from disjoint.model.host import MASKED, Host, printable, unresolved
from disjoint.model.secret import Secret
from disjoint.model.url import (
    LIMIT,
    NO_PORT,
    NOT_A_URL,
    REFERENCE,
    TOO_LONG,
    UNSET,
    Door,
    compare_doors,
    crowded,
    undecided,
    with_object,
)

from .dsn import Stated, catalogued, inner, readings
from .parameters import parameters
from .provider import POOLER, door

NOTHING: Mapping[str, str] = MappingProxyType({})

SERVICE = "a service file of each machine says where"
DEFAULT = "the client's own default: a socket or localhost of each machine"
DIFFER = "clients read the text differently: "
NO_DATABASE = "the database is whatever the client's user or service file names"
COUNTS = "the lists of hosts and ports do not pair"


class Candidate(NamedTuple):
    """One endpoint that libpq may connect to."""

    host: str
    """A name, an address or a socket directory (begins with ``/`` or ``@``); empty is libpq's default."""
    hostaddr: str
    """Where to connect if stated; `host` is then only used for TLS."""
    port: int


class Login(NamedTuple):
    """What libpq would really use. Never shows a credential."""

    candidates: tuple[Candidate, ...]
    database: str
    user: str
    password: Secret | None
    parameters: Mapping[str, str]
    fault: str = ""

    def __repr__(self) -> str:
        return f"Login(postgres, fault={self.fault!r})"


class Reading(NamedTuple):
    """What one client makes of the text."""

    doors: tuple[Door, ...] = ()
    database: str | None = None
    """None where the text does not say."""
    by_user: bool = False
    """Whether a pooler chooses the server by the user's name alone."""
    fault: str = ""
    doubt: str = ""

    def __repr__(self) -> str:
        return f"Reading(fault={self.fault!r}, doubt={self.doubt!r})"


class PostgresAddress(NamedTuple):
    """A parsed address without credentials."""

    shown: str
    """``db.example:5432/app``, or a mask where the text may have cut its password in two."""
    fault: str = ""
    readings: tuple[Reading, ...] = ()
    foreign: Foreign | None = None

    @property
    def kind(self) -> str:
        """The kind whose `compare` understands this address."""
        return "postgres"

    def __repr__(self) -> str:
        return f"PostgresAddress({self.shown!r}, fault={self.fault!r})"


def parse(text: str, overrides: Mapping[str, str] = NOTHING) -> PostgresAddress:
    """Read an address. Never raises; `fault` says why no client would accept the text.

    Args:
        text: a URI, a JDBC URL or keyword/value pairs.
        overrides: the environment's PG* variables; PGHOSTADDR wins over a stated host, for libpq only.
    """
    if len(text) > LIMIT:
        return PostgresAddress("(invalid)", fault=TOO_LONG)
    if not text.strip() and not overrides:
        return PostgresAddress("(unset)", readings=(Reading(doubt=UNSET),) * 3)
    three = readings(text)
    if three is None:
        foreign = read_foreign(inner(text.strip()))
        if foreign and foreign.engine != "postgresql":
            return PostgresAddress(foreign.shown, foreign=foreign)
        return PostgresAddress("(invalid)", fault=NOT_A_URL)
    without_address = {name: value for name, value in overrides.items() if name != "PGHOSTADDR"}
    libpq, urllib, sqlalchemy = three
    read = (_read(libpq, overrides), _read(urllib, without_address), _read(sqlalchemy, overrides))
    if all(reading.fault for reading in read):
        return PostgresAddress("(invalid)", fault=read[0].fault)
    return PostgresAddress(_shown(text, read), readings=read)


def login(text: str, overrides: Mapping[str, str] = NOTHING) -> Login:
    """What libpq would use of a text and its environment. Never raises; `fault` says why it cannot."""
    three = readings(text) if len(text) <= LIMIT else None
    if three is None:
        return Login((), "", "", None, {}, NOT_A_URL)
    stated = _filled(three[0], overrides)
    read = _read(three[0], overrides)
    candidates = _candidates(stated)
    fault = read.fault or read.doubt or (SERVICE if stated.service and not _whole(stated) else "")
    if candidates is None or fault:
        return Login((), "", "", None, {}, fault or COUNTS)
    user = stated.user or ""
    password = stated.password
    return Login(
        candidates,
        stated.dbname or user,
        user,
        Secret(password) if password else None,
        parameters(stated, overrides),
    )


def _whole(stated: Stated) -> bool:
    """Is nothing left for a service file to say? It may name the hostaddr, which goes before any host."""
    return bool(stated.hostaddr and stated.port and stated.dbname and stated.user)


def compare(a: PostgresAddress, b: PostgresAddress) -> Likeness:
    """Whether two addresses reach one database. Never raises."""
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if a.foreign or b.foreign:
        return compare_foreign(a.foreign, b.foreign)
    answers = [_compare_reading(x, y) for x, y in zip(a.readings, b.readings, strict=True)]
    if len({answer.verdict for answer in answers}) == 1:
        return answers[0]
    servers = {answer.of_server for answer in answers}
    server: Sameness | None = "same" if servers == {"same"} else None
    return Likeness("unknown", DIFFER + answers[0].why, server)


def compare_text(a: str | None, b: str | None) -> Likeness:
    """As `compare`, from text; None is an unset variable. Never raises."""
    return compare(parse(a or ""), parse(b or ""))


def _filled(stated: Stated, overrides: Mapping[str, str]) -> Stated:
    """What the text leaves out, from the environment, as libpq's defaults fill it."""

    def variable(name: str) -> str | None:
        return overrides.get(name) or None

    service = stated.service or variable("PGSERVICE")
    if service:
        # The service file, which we do not read, comes before the variables.
        return stated._replace(service=service)
    return stated._replace(
        host=variable("PGHOST") if stated.host is None else stated.host,
        hostaddr=variable("PGHOSTADDR") if stated.hostaddr is None else stated.hostaddr,
        port=variable("PGPORT") if stated.port is None else stated.port,
        dbname=variable("PGDATABASE") if stated.dbname is None else stated.dbname,
        user=variable("PGUSER") if stated.user is None else stated.user,
        password=variable("PGPASSWORD") if stated.password is None else stated.password,
    )


def _candidates(stated: Stated) -> tuple[Candidate, ...] | None:
    """Hosts, addresses and ports paired by position; None where their counts or ports are wrong."""
    hosts = (stated.host or stated.default_host).split(",")
    addresses = stated.hostaddr.split(",") if stated.hostaddr else [""] * len(hosts)
    if not stated.host and stated.hostaddr:
        hosts = [""] * len(addresses)
    ports = (stated.port or "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    numbers = [_port(port, stated.default_port) for port in ports]
    known = [number for number in numbers if number is not None]
    if not len(hosts) == len(addresses) == len(ports) == len(known):
        return None
    return tuple(Candidate(*each) for each in zip(hosts, addresses, known, strict=True))


def _port(text: str, default: str) -> int | None:
    """As strtol takes it: blanks round it, leading zeros and a plus sign are allowed."""
    digits = text.strip().removeprefix("+") or default
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        return None
    return int(digits) if 0 < int(digits) < 65536 else None


def _read(stated: Stated, overrides: Mapping[str, str]) -> Reading:
    stated = _filled(stated, overrides)
    if stated.fault or stated.doubt:
        return Reading(fault=stated.fault, doubt=stated.doubt)
    targets = (stated.host, stated.hostaddr, stated.port, stated.dbname)
    if any(unresolved(part) for part in targets if part):
        return Reading(doubt=REFERENCE)
    candidates = _candidates(stated)
    if candidates is None:
        return Reading(fault=NO_PORT if "," not in (stated.port or "") else COUNTS)
    doors = tuple(_door(candidate, stated) for candidate in candidates)
    if all(door.host.fault for door in doors):
        return Reading(fault=doors[0].host.fault)
    by_user = all(candidate.host.lower().rstrip(".").endswith(POOLER) for candidate in candidates)
    return Reading(doors, _database(stated), by_user)


def _door(candidate: Candidate, stated: Stated) -> Door:
    options = dict(stated.parameters).get("options", "")
    name = candidate.hostaddr or candidate.host
    if name:
        return door(name, candidate.port, stated.user or "", options)
    if stated.service:
        return Door(Host(f"(service {stated.service})", relative=SERVICE), candidate.port)
    return Door(Host("(default)", relative=DEFAULT), candidate.port)


def _database(stated: Stated) -> str | None:
    """libpq: no database is the user's name, unless a service file comes first."""
    name = stated.dbname or ("" if stated.service else stated.user)
    return catalogued(name) if name else None


def _compare_reading(a: Reading, b: Reading) -> Likeness:
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if doubt := a.doubt or b.doubt:
        return Likeness("unknown", doubt)
    if _other_projects(a, b):
        return Likeness("different", "the user names another project of the pooler")
    server = compare_doors(a.doors, b.doors)
    if a.database is None or b.database is None:
        return undecided(NO_DATABASE, server)
    if a.database == b.database or server.verdict != "unknown" or _alike(a, b):
        return with_object(server, a.database == b.database, "database")
    # Behind another name a pooler may call production's database as it likes.
    return server


def _other_projects(a: Reading, b: Reading) -> bool:
    """Both come through Supabase's pooler, which takes the project from the user, and name two."""
    named = all(not door.host.doubt for door in (*a.doors, *b.doors))
    apart = not {door.host.name for door in a.doors} & {door.host.name for door in b.doors}
    return a.by_user and b.by_user and named and apart


def _alike(a: Reading, b: Reading) -> bool:
    """One private name on both sides: whichever servers it means, the databases' names differ."""
    places = {(door.host.name, door.port) for door in a.doors if not door.host.doubt}
    return any((door.host.name, door.port) in places for door in b.doors)


def _shown(text: str, read: tuple[Reading, ...]) -> str:
    if not text.strip():
        return "(unset)"
    first = next(reading for reading in read if not reading.fault)
    if first.doubt:
        return "(unresolved reference)"
    places = ",".join(_place(door) for door in first.doors)
    shown = f"{printable(places)}/{printable(first.database or '')}"
    is_pairs = "://" not in text and not text.strip().startswith(("jdbc:", "r2dbc:"))
    stray = "@" in shown.replace("/@", "").removeprefix("@") if is_pairs else crowded(inner(text).strip())
    return MASKED if stray else shown


def _place(door: Door) -> str:
    return f"{door.host.shown}:{door.port}"


def as_libpq(address: PostgresAddress) -> PostgresAddress:
    """The address as libpq alone reads it: PG* variables and ``?host=`` followed, others' doubts left out."""
    return address._replace(readings=address.readings[:1] * 3)
