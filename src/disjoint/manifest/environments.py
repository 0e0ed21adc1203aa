"""``[environments.*]``: the two sides, one of them protected."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from disjoint.model.environment import Environment
from disjoint.model.names import same_environment

from .document import Table

Read = Callable[..., Environment]
"""`disjoint.sources.read`, handed in: stages never meet."""

KEYS = ("variables", "protected", "reach_at", "sealed_by")
SOURCES = ("dotenv", "process", "sealed", "attested")
LATER = (
    "railway", "compose", "kubernetes", "helm", "heroku", "render", "fly", "vercel", "terraform",
    "aws", "gcp", "doppler", "infisical", "onepassword", "github",
)  # fmt: skip
"""Sources people will ask for by these names."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What an environment or a resource may be called: it stands in every report."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ENDPOINT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+):(?P<port>[0-9]{1,5})")


class Sides(NamedTuple):
    """The two environments of a manifest."""

    production: Environment
    staging: Environment


def read_environments(top: Table, read: Read, directory: Path) -> Sides:
    """Read both environments' variables.

    Raises:
        ManifestError: not two, not one of them protected, or a key at fault.
        SourceError: the variables cannot be read.
    """
    sections = dict(top.table("environments").tables())
    if len(sections) != 2:
        raise top.refuse(
            "environments",
            f"expected exactly two environments, found {len(sections)}; "
            "write [environments.production] and [environments.staging]",
        )
    for name, section in sections.items():
        if not NAME.fullmatch(name):
            raise section.refuse(None, "a name is letters, digits, '-' and '_', at most 64 of them")
        section.only(KEYS)
    production = _protected(top, sections)
    (staging,) = sections.keys() - {production}
    if same_environment(production, staging):
        raise sections[staging].refuse(
            None, f"{staging} and {production} are two words for one environment: rename one of them"
        )
    specs = {name: _spec(section) for name, section in sections.items()}
    _expect_sources(sections, specs, production, staging)
    found = {
        name: read(
            specs[name],
            name=name,
            protected=name == production,
            reach_at=_reach_at(section.table("reach_at")),
            directory=directory,
        )
        for name, section in sections.items()
    }
    return Sides(found[production], found[staging])


def _expect_sources(
    sections: Mapping[str, Table],
    specs: Mapping[str, Mapping[str, str | bool]],
    production: str,
    staging: str,
) -> None:
    """Whether each side's source is one that the side may have, beside the other's."""
    if "sealed" in specs[staging]:
        raise sections[staging].refuse(
            "variables", "only the protected environment is sealed; give staging its own variables"
        )
    if "attested" in specs[production]:
        raise sections[production].refuse(
            "variables", "only staging is attested: production answers nobody; seal it, or give its variables"
        )
    if "attested" in specs[staging] and "sealed" in specs[production]:
        raise sections[staging].refuse(
            "variables",
            "an attested staging is looked for by production's own observer, and production is sealed: run "
            "`disjoint verify` inside staging, with variables = { process = true }",
        )
    if all("process" in spec for spec in specs.values()):
        raise sections[staging].refuse("variables", "both environments read the variables of this process")


def _protected(top: Table, sections: Mapping[str, Table]) -> str:
    stated = [name for name, section in sections.items() if "protected" in section.values and _flag(section)]
    match stated:
        case [name]:
            return name
        case []:
            like = next(
                (name for name in sections if name.lower().startswith(("prod", "live"))), "production"
            )
            raise top.refuse(
                "environments", f"none is protected; write protected = true in [environments.{like}]"
            )
        case _:
            raise sections[stated[1]].refuse(
                "protected", f"only one environment can be protected, and {stated[0]} is"
            )


def _flag(section: Table) -> bool:
    return section.convert("protected", bool) is True


def _stated(section: Table) -> Table:
    if "variables" not in section.values:
        raise section.refuse(None, 'variables is missing; for example variables = { dotenv = ".env" }')
    table = section.table("variables")
    for key in table.values:
        if key in LATER:
            raise table.refuse(key, f"is not available in this version; the sources are {', '.join(SOURCES)}")
    table.only(SOURCES)
    if len(table.values) != 1:
        raise section.refuse("variables", f"expected exactly one source: {' or '.join(SOURCES)}")
    return table


def _spec(section: Table) -> Mapping[str, str | bool]:
    table = _stated(section)
    if "sealed" in table.values or "sealed_by" in section.values:
        return _sealed(section, table)
    if "dotenv" in table.values:
        return {"dotenv": table.text("dotenv")}
    if "attested" in table.values:
        return {"attested": _url(table)}
    if table.convert("process", bool) is not True:
        raise table.refuse("process", "is true, or does not stand at all")
    return {"process": True}


def _sealed(section: Table, table: Table) -> Mapping[str, str]:
    if "sealed" not in table.values:
        raise section.refuse("sealed_by", 'stands beside variables = { sealed = "…" } only')
    by = {"sealed_by": section.text("sealed_by")} if "sealed_by" in section.values else {}
    return {"sealed": table.text("sealed"), **by}


def _url(table: Table) -> str:
    """Nothing but https keeps the token from whoever is on the way; loopback is on nobody's."""
    text = table.text("attested")
    try:
        url = urlsplit(text)
        plain = url.scheme == "https" or (url.scheme == "http" and (url.hostname or "") in _LOOPBACK)
        if plain and url.hostname and url.port != 0 and not (url.username or url.password or url.fragment):
            return text
    except ValueError:
        pass
    raise table.refuse(
        "attested", "expected https, then ://host/path without a login; http to 127.0.0.1 alone"
    )


def _reach_at(table: Table) -> Mapping[str, str]:
    reach_at: dict[str, str] = {}
    for key in table.values:
        there = _endpoint(table, key, key)
        here = _endpoint(table, key, table.text(key))
        try:
            ipaddress.ip_address(here.host.strip("[]"))
        except ValueError:
            raise table.refuse(
                key, 'expected a numeric address and port to connect to, such as "127.0.0.1:54321"'
            ) from None
        reach_at[f"{there.host.lower().rstrip('.')}:{there.port}"] = f"{here.host}:{here.port}"
    return reach_at


class _Endpoint(NamedTuple):
    host: str
    port: int


def _endpoint(table: Table, key: str, text: str) -> _Endpoint:
    if "$" in text:
        raise table.refuse(key, "takes no variables: write host and port out")
    found = _ENDPOINT.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise table.refuse(key, 'expected "host:port" = "address:port"')
    return _Endpoint(found["host"], int(found["port"]))
