"""What drivers take for an address without a scheme: ADO.NET's options, Go's and Oracle's names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

_LONGEST = 8192
_GO = re.compile(r"[^\s()]*@tcp[46]?\((?P<place>[^\s()]+)\)/(?P<name>[^\s?]*)(?:\?\S*)?")
"""As go-sql-driver/mysql has it."""
_EASY = re.compile(
    r"(?:[^\s/@:]+/[^\s@]*@(?://)?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::(?P<port>[0-9]+))?"
    r"|(?://)?(?P<alone>[^\s/@:]+):(?P<known>152[1-9]|2484))/(?P<name>[\w.$-]+)(?::\w+)?"
)
"""Oracle's easy connect: by itself only at the ports of its listeners."""
_DESCRIBED = re.compile(
    r"\(\s*host\s*=\s*([^\s(),=]+)\s*(?:\)\s*\(|,)\s*port\s*=\s*([0-9]{1,5})", re.IGNORECASE
)
"""A place in Oracle's descriptors and in those of MySQL's Java driver."""
_NAMED = re.compile(r"\(\s*(?:service_name|sid)\s*=\s*([\w.$-]+)\s*\)", re.IGNORECASE)
_ODBC = re.compile(r"[?&]odbc_connect=([^&\s]+)", re.IGNORECASE)
_SERVER = ("server", "data source", "datasource", "host", "addr", "address", "network address")
_BESIDE = frozenset(
    {
        *("database", "initial catalog", "dbname", "driver"),
        *("integrated security", "trusted_connection", "user id", "uid"),
    }
)
"""One of which a database's have: mail servers and caches are written in options as well."""
_OPTION = re.compile(r"([^=;]+)=\s*(\{[^}]*\}|\"[^\"]*\"|'[^']*'|[^;]*)[^;]*;?")
_BEFORE = re.compile(r"(?:tcp|np|lpc|admin):", re.IGNORECASE)
_DRIVERS = {"mysql": "mysql", "mariadb": "mysql", "postgres": "postgresql"}
_PORTS = {"3306": "mysql", "5432": "postgresql"}


def dsn_url(text: str) -> str:
    """The URL of a data source that is named in a driver's own way; nothing for other texts."""
    if len(text) > _LONGEST or ("=" not in text and "@" not in text and ":" not in text):
        return ""
    if go := _GO.fullmatch(text):
        return f"mysql://{go['place']}/{go['name']}"
    if easy := _EASY.fullmatch(text):
        return (
            f"oracle://{easy['host'] or easy['alone']}:{easy['port'] or easy['known'] or 1521}/{easy['name']}"
        )
    if odbc := _ODBC.search(text):
        return _of_options(_options(unquote(odbc[1].replace("+", " "))))
    return _of_descriptor(text) or _of_options(_options(text))


def described(text: str) -> tuple[str, ...]:
    """Each host and port of a descriptor in brackets."""
    if len(text) > _LONGEST or "(" not in text:
        return ()
    return tuple(f"{host}:{port}" for host, port in _DESCRIBED.findall(text))


def _of_descriptor(text: str) -> str:
    places = described(text)
    engine = "mysql" if text.lower().startswith(("jdbc:mysql:", "mysql:", "jdbc:mariadb:")) else "oracle"
    name = _NAMED.search(text) if places else None
    path = name[1] if name else text.rpartition("/")[2].partition("?")[0] if engine == "mysql" else ""
    return f"{engine}://{','.join(places)}/{path}" if places else ""


def _options(text: str) -> Mapping[str, str]:
    """By key; a password in braces or quotes may hold what looks like another option."""
    found: dict[str, str] = {}
    for key, value in _OPTION.findall(text) if ";" in text else ():
        found.setdefault(key.strip().lower(), value.strip(" \t'\"{}"))
    return found


def _of_options(options: Mapping[str, str]) -> str:
    server = next((options[name] for name in _SERVER if options.get(name)), "")
    if not server or _BESIDE.isdisjoint(options):
        return ""
    hosts, _, stated = _BEFORE.sub("", server).rpartition(",")
    if not stated.strip().isdigit():
        hosts, stated = f"{hosts},{stated}".strip(","), ""
    port = stated.strip() or options.get("port", "")
    place = ",".join(_place(host, port) for host in hosts.split(","))
    name = next((options[key] for key in ("database", "initial catalog", "dbname") if key in options), "")
    engine = _engine(options, port)
    return f"{engine}://{place}/{name}"


def _place(host: str, port: str) -> str:
    """A server without its instance's name, and the port."""
    name = host.partition("\\")[0].strip()
    return f"{name}:{port}" if port and ":" not in name else name


def _engine(options: Mapping[str, str], port: str) -> str:
    """By the driver's name, else by the port; a host by that key is Npgsql's, a server Microsoft's."""
    driver = options.get("driver", "").lower()
    told = next((engine for word, engine in _DRIVERS.items() if word in driver), "")
    return told or _PORTS.get(port) or ("postgresql" if options.get("host") else "sqlserver")
