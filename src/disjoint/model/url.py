"""URLs as RFC 3986 cuts them, and what an address of any kind is made of. Pure.

Cut by hand: the standard library's splitter changes with every Python version, and raises.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from .address import Likeness, Nearness, Sameness
from .host import OTHER_NAMES, Host, compare_hosts, read_host, read_port

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?\Z", re.DOTALL)
_CREDENTIAL = re.compile(r"(?:passw|pwd|passphrase|secret|token|key)\w*\s*=", re.IGNORECASE)
_ENTRY = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]*))(?::([^:\[\]]*))?\Z")
_NO_ADDRESS = re.compile(r"\[[^:\]]*\]")

NOT_A_URL = "the text is no URL that this client accepts"
TOO_LONG = "the text is too long for an address"
LIMIT = 8192
"""Characters; a longer text is no address that anybody means."""
NO_PORT = "the port is no number between 1 and 65535"
UNSET = "an unset or empty value leaves the address to each environment's defaults"
REFERENCE = "an unresolved reference means what its platform makes of it"
PADDED = "some clients strip the blanks round the text and others do not"


class Url(NamedTuple):
    """The pieces of a URL, still percent-encoded. Holds credentials: keep it local."""

    scheme: str
    """In lower case."""
    user: str
    password: str
    hosts: tuple[tuple[str, str], ...]
    """Host (decoded, without brackets) and port text; one entry unless the authority has commas."""
    path: str
    query: str
    fragment: str
    userinfo: bool

    def __repr__(self) -> str:
        return f"Url({self.scheme}://…)"


class Door(NamedTuple):
    """One way in: a host, a port, and on proxies that serve many tenants by name, the tenant."""

    host: Host
    port: int
    tenant: str = ""


def without_blanks(text: str) -> str:
    """The text as urllib and WHATWG take it: tabs and newlines dropped, blanks round it too."""
    return re.sub(r"[\t\r\n]", "", text).strip()


def split_url(text: str) -> Url | None:
    """Cut a URL; None where the text is none or its authority is malformed.

    Userinfo ends at the last ``@`` of the authority, as urllib and WHATWG have it.
    """
    found = _URL.match(text)
    if not found:
        return None
    scheme, authority, path, query, fragment = (part or "" for part in found.groups())
    userinfo, at, location = authority.rpartition("@")
    if ("[" in authority) != ("]" in authority) or _NO_ADDRESS.search(location):
        return None
    user, _, password = userinfo.partition(":")
    hosts = split_hosts(location)
    if hosts is None:
        return None
    return Url(scheme.lower(), user, password, hosts, path, query, fragment, bool(at))


def split_hosts(location: str) -> tuple[tuple[str, str], ...] | None:
    """``host[:port][,host[:port]...]`` with IPv6 in brackets; None where a part is malformed."""
    entries = [_ENTRY.match(part) for part in location.split(",")]
    matched = [entry for entry in entries if entry]
    if len(matched) != len(entries):
        return None
    return tuple((unquote(entry[1] or entry[2] or ""), entry[3] or "") for entry in matched)


def crowded(text: str) -> bool:
    """Whether an ``@`` stands where a raw delimiter in a password would leave it.

    Such a text may have cut its password in two, one half in the host or in the path: show nothing of it.
    """
    return text.count("@") > 1 or severed(text) or _stray_option(text)


def _stray_option(text: str) -> bool:
    """Whether a credential stands in the path, where a ``?`` was forgotten or JDBC has its options."""
    found = _URL.match(text)
    return found is not None and _CREDENTIAL.search(found[3]) is not None


def severed(text: str) -> bool:
    """Whether the host may be a piece of a password (``redis://:pa@ss/word@host``): ask nobody for it."""
    found = _URL.match(text)
    authority, query = (found[2] or "", found[4] or "") if found else ("", "")
    named = sum(pair.count("@") for pair in query.split("&") if pair.partition("=")[0] in _MAY_HOLD_AT)
    return text.count("@") > authority.count("@") + named


SEVERED = "the address may hold a piece of a password where its host should be"
ENCODE = "percent-encode the password in the address"


_MAY_HOLD_AT = {"user", "username", "password", "options", "application_name"}


def without_userinfo(text: str) -> str:
    """The text with what stands before the authority's last ``@`` cut out; for looking, not for showing."""
    found = _URL.match(text)
    if not found or "@" not in found[2]:
        return text
    return text[: found.start(2)] + text[found.start(2) + found[2].rindex("@") + 1 :]


def read_door(host: str, port: int, default: str = "localhost", tenant: str = "") -> Door:
    """A door from a decoded host as getaddrinfo reads it; an empty host is the client's default."""
    return Door(read_host(host or default, numeric_dot=False), port, tenant)


def read_port_text(text: str, default: int) -> int | None:
    """A port as urllib's readers take it: empty and zero are the default; None is no port at all."""
    return default if text and not text.strip("0") else read_port(text, default)


def compare_doors(a: tuple[Door, ...], b: tuple[Door, ...]) -> Likeness:
    """Whether two lists of ways in share one: same, unknown or invalid; never different."""
    for side in (a, b):
        if side and all(door.host.fault for door in side):
            return Likeness("invalid", side[0].host.fault)
    names = {door.host.name: door for door in a if not door.host.fault}
    if {door for door in a if _certain(door)} & set(b):
        return Likeness("same", "host and port are the same")
    close = next(((names[door.host.name], door) for door in b if door.host.name in names), None)
    pair = close or next(((x, y) for x in names.values() for y in b if not y.host.fault), None)
    return _compare_pair(*pair) if pair else Likeness("unknown", OTHER_NAMES)


def near(doors: tuple[Door, ...], thing: str) -> Nearness:
    """The places of the doors, and the thing at each: for kinds whose objects are on a server in common."""
    # `compare_doors` says "same" of an equal door, or of two with one host's name, port and tenant
    servers = frozenset(f"{door.host.name} {door.port} {door.tenant}" for door in doors)
    return Nearness(frozenset(f"{server} {thing}" for server in servers), servers)


def _certain(door: Door) -> bool:
    return not (door.host.fault or door.host.doubt or door.host.relative)


def _compare_pair(a: Door, b: Door) -> Likeness:
    hosts = compare_hosts(a.host, b.host)
    if hosts.verdict != "same":
        return hosts
    if a.port != b.port:
        return Likeness("unknown", "two ports of one host may lead to one server, or to two")
    if a.tenant != b.tenant:
        return Likeness("unknown", "one proxy serves many tenants, and two are named")
    return Likeness("same", "host and port are the same")


def undecided(why: str, server: Likeness) -> Likeness:
    """Nothing is known of the object; the server's verdict is kept where it says more."""
    return Likeness("unknown", why, None if server.verdict == "unknown" else server.verdict)


def with_object(server: Likeness, equal: bool, what: str) -> Likeness:
    """The object's verdict from its server's: another object on whichever server is different."""
    if server.verdict == "invalid":
        return server
    if equal:
        return server._replace(why=f"{server.why}; the {what} is the same")
    kept: Sameness | None = None if server.verdict == "different" else server.verdict
    return Likeness("different", f"another {what}; {server.why}", kept)
