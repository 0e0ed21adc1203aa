"""What a connection text states, client by client: libpq, urllib-based ones, SQLAlchemy, pgjdbc.

Sources: PostgreSQL manual 32.1.1 and 32.2, fe-connect.c (conninfo_parse, conninfo_uri_parse_options);
asyncpg connect_utils; dj-database-url; SQLAlchemy engine.url and its dialects' multi-host form;
pgjdbc Driver.parseURL. Pure. What is returned holds credentials: keep it local.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from disjoint.model.host import unresolved
from disjoint.model.url import NOT_A_URL, PADDED, REFERENCE, split_hosts

# Dialect names of one protocol: dj-database-url, django-environ, Laravel, Ecto, SQLAlchemy dialects.
_SCHEMES: Mapping[str, str] = {
    **dict.fromkeys(("postgres", "postgresql", "postgis", "pgsql", "psql", "timescale", "ecto"), "5432"),
    **dict.fromkeys(("cockroach", "cockroachdb", "crdb"), "26257"),
    "redshift": "5439",
}
_URI = re.compile(r"(\s*)([A-Za-z][A-Za-z0-9]*)(\+[A-Za-z0-9_.-]+)?://(.*)\Z", re.DOTALL)
_JDBC = re.compile(r"(?:jdbc|r2dbc):(?:[a-z0-9-]+:)*(postgresql|pgsql|redshift):(.*)\Z", re.DOTALL)
_URLLIB = re.compile(r"([^/?#]*)(?:/([^?#]*))?(?:\?([^#]*))?", re.DOTALL)
_SQLALCHEMY = re.compile(
    r"(?:([^:/]*)(?::([^@]*))?@)?(\[[^/?]+\]|[^/:?]+)?(?::([0-9]*))?(?:/([^?]*))?(?:\?(.*))?\Z", re.DOTALL
)
_SPACE = " \t\n\r\v\f"
_PAIR = re.compile(
    rf"[{_SPACE}]*([^={_SPACE}]*)[{_SPACE}]*=[{_SPACE}]*"
    rf"(?:'((?:[^'\\]|\\.)*)'|(?!')((?:\\.|[^\\{_SPACE}])*)\\?)",
    re.DOTALL,
)
_REST = re.compile(rf"[^{_SPACE}]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
# pgjdbc takes libpq's names in any case, and its own; what stands before the first is the query's start.
_JDBC_NAME = re.compile(r"(?:(?<=&)|\A)(?:PG(HOST|PORT|DBNAME)|((?i:host|port|dbname)))(?==)")
_TARGETS = frozenset({"host", "hostaddr", "port", "dbname"})
_LONGEST_NAME = 63
_HOST_PORT = re.compile(r"\[?([^\[\],]*?)\]?:([0-9]+)\Z")

# PQconninfoOptions of libpq 18; a keyword it does not know ends the connection.
_KEYWORDS = """
    service user password passfile channel_binding connect_timeout dbname host hostaddr port
    client_encoding options application_name fallback_application_name keepalives keepalives_idle
    keepalives_interval keepalives_count tcp_user_timeout sslmode sslnegotiation sslcompression sslcert
    sslkey sslcertmode sslpassword sslrootcert sslcrl sslcrldir sslsni requirepeer require_auth
    min_protocol_version max_protocol_version ssl_min_protocol_version ssl_max_protocol_version
    gssencmode krbsrvname gsslib gssdelegation replication target_session_attrs load_balance_hosts
    scram_client_key scram_server_key servicefile oauth_issuer oauth_client_id oauth_client_secret
    oauth_scope sslkeylogfile requiressl authtype tty
"""
KEYWORDS = frozenset(_KEYWORDS.split())


class Stated(NamedTuple):
    """What one client finds in the text; None where it is silent."""

    host: str | None = None
    hostaddr: str | None = None
    port: str | None = None
    dbname: str | None = None
    user: str | None = None
    password: str | None = None
    service: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    """Why this client refuses the text."""
    doubt: str = ""
    """Why nothing can be said of it."""
    default_port: str = "5432"
    default_host: str = ""

    def __repr__(self) -> str:
        return f"Stated(fault={self.fault!r}, doubt={self.doubt!r})"


class _Cut(NamedTuple):
    user: str
    password: str
    location: str
    path: str
    query: str


def readings(text: str) -> tuple[Stated, Stated, Stated] | None:
    """The text as libpq, a urllib-based client and SQLAlchemy read it; None if it is another engine's."""
    if jdbc := _JDBC.match(text.strip()):
        stated = _jdbc(jdbc[2])._replace(default_port=_SCHEMES.get(jdbc[1], "5432"))
        return stated, stated, stated
    uri = _URI.match(text)
    if uri is None and text.strip().startswith(("jdbc:", "r2dbc:")):
        return None
    if uri is None:
        stated = _conninfo(text)
        return stated, stated, stated
    if uri[2].lower() not in _SCHEMES:
        return None
    three = _uri(text, uri)
    port = _SCHEMES[uri[2].lower()]
    libpq, urllib, sqlalchemy = (stated._replace(default_port=port) for stated in three)
    return libpq, urllib, sqlalchemy


def inner(text: str) -> str:
    """The URL within a JDBC URL; any other text as it is."""
    return re.sub(r"\A\s*(?:jdbc|r2dbc):(?:[a-z0-9-]+:)*(?=[a-z0-9]+://)", "", text)


def catalogued(name: str) -> str:
    """A database's name as the server looks it up: it cuts off what is beyond 63 bytes (NAMEDATALEN)."""
    return name.encode("utf-8", "surrogatepass")[:_LONGEST_NAME].decode("utf-8", "backslashreplace")


def _uri(text: str, uri: re.Match[str]) -> tuple[Stated, Stated, Stated]:
    rest = uri[4]
    stripped = re.sub(r"[\t\r\n]", "", rest).rstrip()
    libpq = _stated(_cut_libpq(rest), _query_wins)
    if uri[1]:
        libpq = Stated(fault=PADDED)
    urllib = _stated(_cut_urllib(stripped), _authority_wins)
    cut = _cut_sqlalchemy(stripped)
    sqlalchemy = _stated(cut, _multihost) if cut else libpq
    if uri[3]:
        return sqlalchemy, urllib, sqlalchemy
    same_cut = cut is None or cut == _cut_libpq(rest)
    return libpq, urllib, libpq if same_cut and text == text.strip() else sqlalchemy


def _cut_libpq(rest: str) -> _Cut:
    """Userinfo ends at the first ``@`` that comes before any ``/``; there is no fragment."""
    found = re.match(r"[^@/]*@", rest)
    userinfo, location = (found[0][:-1], rest[found.end() :]) if found else ("", rest)
    user, _, password = userinfo.partition(":")
    end = re.search(r"[/?]", location)
    if end is None:
        return _Cut(user, password, location, "", "")
    path, _, query = location[end.start() :].removeprefix("/").partition("?")
    # From version 18 on, blanks round a name and a value are dropped; before, such a text was refused.
    pairs = (pair.partition("=") for pair in query.split("&"))
    query = "&".join(name.strip() + equals + value.strip() for name, equals, value in pairs)
    return _Cut(user, password, location[: end.start()], path, query)


def _cut_urllib(rest: str) -> _Cut:
    """Userinfo ends at the last ``@`` of the authority; the fragment is dropped (RFC 3986)."""
    found = _URLLIB.match(rest)
    authority, path, query = (part or "" for part in found.groups()) if found else ("", "", "")
    userinfo, _, location = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    return _Cut(user, password, location, path, query)


def _cut_sqlalchemy(rest: str) -> _Cut | None:
    """Its own expression: a password may hold ``/``; None where it would refuse the text."""
    found = _SQLALCHEMY.match(rest)
    if found is None or "," in (found[3] or ""):
        return None
    user, password, host, port, path, query = (part or "" for part in found.groups())
    return _Cut(user, password, f"{host}:{port}" if port else host, path, query)


Pick = Callable[[Stated, Mapping[str, list[str]]], Stated]


def _stated(cut: _Cut, pick: Pick) -> Stated:
    if unresolved(cut.location):
        return Stated(doubt=REFERENCE)
    hosts = split_hosts(cut.location)
    targets = [pair for pair in cut.query.split("&") if pair.partition("=")[0] in _TARGETS]
    if hosts is None or _BAD_ESCAPE.search(" ".join((cut.location, cut.path, *targets))):
        return Stated(fault=NOT_A_URL)
    names = ",".join(host for host, _ in hosts)
    ports = ",".join(unquote(port) for _, port in hosts)
    query = _query(cut.query)
    stated = Stated(
        host=names or None,
        port=ports or None,
        dbname=unquote(cut.path) or None,
        user=unquote(cut.user) or None,
        password=unquote(cut.password) or None,
        parameters=tuple((name, values[-1]) for name, values in query.items()),
    )
    return pick(stated, query)


def _query(text: str) -> Mapping[str, list[str]]:
    """Names and their values in order; what has no ``=`` is dropped, as all but libpq do."""
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        if equals:
            found.setdefault(unquote(name), []).append(unquote(value))
    return found


def _query_wins(stated: Stated, query: Mapping[str, list[str]]) -> Stated:
    """libpq: a parameter replaces what the authority or the path said; the last one counts."""
    last = {name: values[-1] for name, values in query.items()}
    return Stated(
        host=last.get("host", stated.host),
        hostaddr=last.get("hostaddr"),
        port=last.get("port", stated.port),
        dbname=last.get("dbname", stated.dbname),
        user=last.get("user", stated.user),
        password=last.get("password", stated.password),
        service=last.get("service"),
        parameters=stated.parameters,
    )


def _authority_wins(stated: Stated, query: Mapping[str, list[str]]) -> Stated:
    """asyncpg and dj-database-url: a parameter only fills what the authority leaves out."""
    filled = _multihost(stated._replace(host=None, port=None), query) if not stated.host else stated
    last = {name: values[-1] for name, values in query.items()}
    return filled._replace(
        port=stated.port or filled.port or last.get("port"),
        dbname=stated.dbname or last.get("dbname") or last.get("database"),
        user=stated.user or last.get("user"),
        password=stated.password or last.get("password"),
        hostaddr=last.get("hostaddr") if not stated.host else None,
        service=last.get("service"),
    )


def _multihost(stated: Stated, query: Mapping[str, list[str]]) -> Stated:
    """SQLAlchemy: ``?host=h1:5432&host=h2:5433`` and ``?host=h1,h2&port=5432,5433``."""
    overridden = _query_wins(stated, query)
    tokens = [token for value in query.get("host", ()) for token in value.split(",")]
    if not tokens:
        return overridden
    pairs = [(found[1], found[2]) if (found := _token(token)) else (token, "") for token in tokens]
    if any(port for _, port in pairs):
        ports = ",".join(port for _, port in pairs)
        return overridden._replace(host=",".join(host for host, _ in pairs), port=ports)
    return overridden._replace(host=",".join(tokens))


def _token(text: str) -> re.Match[str] | None:
    """``host:port``; a socket directory and a bare IPv6 address have colons of their own."""
    return _HOST_PORT.match(text) if text[:1] not in {"/", "@"} and text.count(":") == 1 else None


def _jdbc(rest: str) -> Stated:
    """``//host:port,host/db?name=value``, or only a database; parameters replace what came before."""
    if not rest.startswith("//"):
        path, _, query = rest.partition("?")
        cut = _Cut("", "", "", path.removeprefix("/"), query)
    else:
        location, _, tail = rest[2:].partition("?")
        location, _, path = location.partition("/")
        cut = _Cut("", "", location, path, tail)
    cut = cut._replace(query=_JDBC_NAME.sub(lambda name: (name[1] or name[2]).lower(), cut.query))
    if "@" in cut.location:
        return Stated(fault="a JDBC URL takes no userinfo")
    stated = _stated(cut._replace(path=cut.path.replace("+", "%20")), _query_wins)
    query_user = dict(_pairs_plus(cut.query)).get("user")
    return stated._replace(user=query_user or stated.user, default_host="localhost")


def _pairs_plus(query: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in query.split("&")]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def _conninfo(text: str) -> Stated:
    """Keyword/value pairs, exactly as libpq's conninfo_parse takes them."""
    found: dict[str, str] = {}
    place = 0
    # Trailing blanks end the text, but not one that a backslash makes part of the last value.
    while _REST.search(text, place):
        pair = _PAIR.match(text, place)
        if pair is None:
            return Stated(doubt=REFERENCE) if unresolved(text) else Stated(fault=NOT_A_URL)
        found[pair[1]] = _ESCAPED.sub(r"\1", pair[2] if pair[2] is not None else pair[3])
        place = pair.end()
    if not found.keys() <= KEYWORDS:
        return Stated(fault="libpq knows no such keyword")
    return _query_wins(
        Stated(parameters=tuple(found.items())), {name: [value] for name, value in found.items()}
    )
