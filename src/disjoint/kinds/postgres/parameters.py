"""The parameters of a connection beside where it leads and who comes: TLS, wishes about the server. Pure.

Source: PostgreSQL manual 32.15 for the environment's names.
"""

from __future__ import annotations

from collections.abc import Mapping

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


def parameters(stated: Stated, overrides: Mapping[str, str]) -> Mapping[str, str]:
    """libpq's own parameters: those of the text before those of the environment."""
    given = dict(stated.parameters)
    environment = {
        keyword: overrides[variable]
        for variable, keyword in _ENVIRONMENT_PARAMETERS.items()
        if overrides.get(variable)
    }
    stated_here = {name: value for name, value in given.items() if name in KEYWORDS - _IDENTITY}
    return {**environment, **_tls_spelling(given), **stated_here}


def _tls_spelling(given: Mapping[str, str]) -> Mapping[str, str]:
    """``ssl=``: libpq takes ``true`` for require; asyncpg takes the names of sslmode."""
    value = given.get("ssl", "")
    mode = "require" if value in {"true", "1", "True"} or given.get("requiressl") == "1" else value
    known = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
    return {"sslmode": mode} if mode in known else {}
