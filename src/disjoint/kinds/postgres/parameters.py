"""The parameters of a connection beside where it leads and who comes: TLS, wishes about the server. Pure.

Source: PostgreSQL manual 32.15 for the environment's names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .dsn import KEYWORDS, Stated

_ENVIRONMENT_PARAMETERS = {
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGSSLCRL": "sslcrl",
    "PGSSLCRLDIR": "sslcrldir",
    "PGSSLSNI": "sslsni",
    "PGSSLCERTMODE": "sslcertmode",
    "PGSSLNEGOTIATION": "sslnegotiation",
    "PGSSLMINPROTOCOLVERSION": "ssl_min_protocol_version",
    "PGSSLMAXPROTOCOLVERSION": "ssl_max_protocol_version",
    "PGCHANNELBINDING": "channel_binding",
    "PGREQUIREAUTH": "require_auth",
    "PGREQUIREPEER": "requirepeer",
    "PGGSSENCMODE": "gssencmode",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
    "PGLOADBALANCEHOSTS": "load_balance_hosts",
    "PGOPTIONS": "options",
}
_IDENTITY = frozenset({"user", "password", "host", "hostaddr", "port", "dbname", "service"})


_PATHS = ("search_path", "currentSchema", "schema")
"""What asyncpg, pgx, pgjdbc and Prisma call it in a URL."""
_OPTION = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parameters(stated: Stated, overrides: Mapping[str, str]) -> Mapping[str, str]:
    """libpq's own parameters, those of the text before those of the environment; and ``search_path``,
    however the text says where bare names are looked for.
    """
    given = dict(stated.parameters)
    environment = {
        keyword: overrides[variable]
        for variable, keyword in _ENVIRONMENT_PARAMETERS.items()
        if overrides.get(variable)
    }
    stated_here = {name: value for name, value in given.items() if name in KEYWORDS - _IDENTITY}
    found = {**environment, **_tls_spelling(given), **stated_here}
    return {**found, **_path(given, found.get("options", ""))}


def _path(given: Mapping[str, str], options: str) -> Mapping[str, str]:
    """A parameter of its own goes before the start-up options, of which the last one counts."""
    named = [given[name] for name in _PATHS if given.get(name)]
    stated = [value for name, value in _settings(options) if name == "search_path"]
    path = named[0] if named else "".join(stated[-1:])
    return {"search_path": path} if path else {}


def _settings(options: str) -> Iterator[tuple[str, str]]:
    """As the server takes them: ``-c name=value``, ``-cname=value``, ``--name=value``."""
    words = iter([_ESCAPED.sub(r"\1", word) for word in _OPTION.findall(options)])
    for word in words:
        if word.startswith(("-c", "--")):
            setting = next(words, "") if word == "-c" else word[2:]
            name, _, value = setting.partition("=")
            yield name.replace("-", "_").lower(), value


def _tls_spelling(given: Mapping[str, str]) -> Mapping[str, str]:
    """``ssl=``: libpq takes ``true`` for require; asyncpg takes the names of sslmode."""
    value = given.get("ssl", "")
    mode = "require" if value in {"true", "1", "True"} or given.get("requiressl") == "1" else value
    known = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
    return {"sslmode": mode} if mode in known else {}
