"""What every address shares: reading a host as clients do, and how far its name reaches.

Pure and importable without dataclasses: the start-up guard reads addresses in a bare process.
Nothing here ever returns "different" for a server: other names may lead to one machine.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

from .address import Likeness

MASKED = "•••"


class Host(NamedTuple):
    """A host, normalised: lower case, ASCII (IDNA), without a trailing dot; an IP literal canonical."""

    name: str
    numeric: bool = False
    """True for an IP literal (any spelling that inet_aton takes; IPv4-mapped IPv6 is IPv4)."""
    relative: str = ""
    """Why the name means something else in each network (loopback, private); empty if it is global."""
    doubt: str = ""
    """Why clients may read the name differently; empty if they agree."""
    fault: str = ""
    """Why no client can use it; empty if valid. Never quotes the text."""

    @property
    def shown(self) -> str:
        """The host for people; IPv6 in brackets, control characters escaped."""
        return f"[{self.name}]" if self.numeric and ":" in self.name else printable(self.name)


LOOPBACK = "loopback belongs to each machine"
ADDRESS = "a private address means another machine in each network"
ENVIRONMENT = "the name is resolved by each environment's own private DNS"
SINGLE = "a name without a dot is resolved inside each network"
LOCAL = "the name is local to each network"
ZONE = "a zone index belongs to each machine"
OTHER_NAMES = "two names or addresses may lead to one server"
NAT64 = "the address is the other one's only behind a NAT64 gateway"

_PRIVATE = tuple(
    ip_network(net)
    for net in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("198.18.0.0/15", "224.0.0.0/3", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
_LOOPBACK = tuple(ip_network(net) for net in ("0.0.0.0/8", "127.0.0.0/8", "::/127"))
_NAT64 = ip_network("64:ff9b::/96")

# Names that no public DNS serves, or that a platform serves differently to each environment.
_ENVIRONMENT_SUFFIXES = (".railway.internal", ".svc", ".cluster.local", ".consul", ".flycast", ".internal")
_LOCAL_SUFFIXES = (
    *(".local", ".localdomain", ".lan", ".home", ".home.arpa", ".corp", ".intranet", ".private", ".domain"),
    *(".docker", ".default", ".production", ".staging", ".onion", ".workgroup", ".localnet"),
)
# UTS 46 deviation characters: IDNA 2003 and 2008 give them different ASCII names.
_DEVIATIONS = frozenset("ßẞς\u200c\u200d")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|,;\"'`{}()=&+*!$]")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_REFERENCE = re.compile(r"\$\{|\$\(|\{\{|\}\}|%\([A-Za-z_]+\)s|\$[A-Za-z_][A-Za-z0-9_]*")


def read_host(text: str, *, numeric_dot: bool = True) -> Host:
    """Read a host without brackets, already percent-decoded. Never raises.

    Args:
        text: a name or an IP literal in any spelling.
        numeric_dot: whether ``8.8.8.8.`` is an address (WHATWG) or nothing (getaddrinfo).
    """
    if not text or len(text) > 1024:
        return Host("", fault="the host is empty" if not text else "the host is too long")
    if ":" in text:
        return _ipv6(text)
    name, doubt = _ascii(text)
    dotted, name = name.endswith("."), name.removesuffix(".")
    if _ends_in_number(name):
        return _ipv4(name) if numeric_dot or not dotted else Host("", fault="an IPv4 address ends in a dot")
    return _named(name, doubt)


def compare_hosts(a: Host, b: Host) -> Likeness:
    """Same, unknown or invalid; never different."""
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if a.name != b.name:
        return Likeness("unknown", NAT64 if _behind_nat64(a, b) else a.relative or b.relative or OTHER_NAMES)
    if why := a.doubt or b.doubt or a.relative:
        return Likeness("unknown", why)
    return Likeness("same", "the host is the same")


def read_port(text: str, default: int) -> int | None:
    """A port as clients read it: empty is the default, leading zeros count; None is no port at all."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 40):
        return None
    number = int(text)
    return number if 0 < number < 65536 else None


def unresolved(text: str) -> bool:
    """Whether the text is or holds a reference that only a platform or a shell can resolve."""
    return _REFERENCE.search(text) is not None


def printable(text: str, limit: int = 120) -> str:
    """Text for people: control, bidirectional and other unprintable characters escaped; shortened."""
    inert = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:limit])
    return inert if len(text) <= limit else inert + "…"


def _ascii(text: str) -> tuple[str, str]:
    """The name in lower-case ASCII, and why clients may differ on it."""
    if text.isascii():
        return text.lower(), ""
    doubt = "clients encode this international name differently" if _DEVIATIONS & set(text) else ""
    try:
        return text.encode("idna").decode("ascii").lower(), doubt
    except UnicodeError:
        return _punycode(text), "clients encode this international name differently"


def _punycode(text: str) -> str:
    labels = re.split("[.\u3002\uff0e\uff61]", text.lower())
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode", "replace").decode("ascii")
        for label in labels
    )


def _ends_in_number(name: str) -> bool:
    """WHATWG: a host whose last label is a number is an IPv4 address or nothing."""
    last = name.rpartition(".")[2]
    return _NUMBER.match(last) is not None


def _ipv4(name: str) -> Host:
    """One to four decimal, octal or hexadecimal parts; the last fills what is left (inet_aton)."""
    parts = [_part(part) for part in name.split(".")]
    numbers = [part for part in parts if part is not None]
    if len(numbers) != len(parts) or len(parts) > 4:
        return Host("", fault="the host ends in a number but is no IPv4 address")
    *heads, tail = numbers
    if any(head > 255 for head in heads) or tail >= 256 ** (4 - len(heads)):
        return Host("", fault="the host ends in a number but is no IPv4 address")
    whole = sum(head << (24 - 8 * place) for place, head in enumerate(heads)) + tail
    return _literal(IPv4Address(whole))


def _part(text: str) -> int | None:
    if not _NUMBER.match(text) or len(text) > 16:
        return None
    if text[:2] in {"0x", "0X"}:
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text[0] == "0":
        return int(text, 8) if set(text) <= set("01234567") else None
    return int(text)


def _ipv6(text: str) -> Host:
    literal, _, zone = text.partition("%")
    try:
        address = IPv6Address(literal)
    except ValueError:
        return Host("", fault="the host is no IPv6 address")
    if zone:
        return Host(f"{address}%{zone}", numeric=True, relative=ZONE)
    return _literal(address.ipv4_mapped or address)


def _literal(address: IPv4Address | IPv6Address) -> Host:
    if any(address in net for net in _LOOPBACK):
        return Host(str(address), numeric=True, relative=LOOPBACK)
    relative = ADDRESS if any(address in net for net in _PRIVATE) else ""
    return Host(str(address), numeric=True, relative=relative)


def _named(name: str, doubt: str) -> Host:
    if unresolved(name):
        return Host(name, doubt="the host is an unresolved reference")
    if not name or _FORBIDDEN.search(name) or any(not 0 < len(part) < 64 for part in name.split(".")):
        return Host("", fault="the host has a character or a label that no name may have")
    if len(name) > 253:
        return Host("", fault="the host is too long")
    return Host(name, relative=_scope(name), doubt=doubt)


def _scope(name: str) -> str:
    if name == "localhost" or name.endswith((".localhost", "localhost.localdomain", ".docker.internal")):
        return LOOPBACK
    if "." not in name:
        return SINGLE
    if name.endswith(_ENVIRONMENT_SUFFIXES):
        return ENVIRONMENT
    return LOCAL if name.endswith(_LOCAL_SUFFIXES) else ""


def _behind_nat64(a: Host, b: Host) -> bool:
    def embeds(outer: Host, inner: Host) -> bool:
        if not (outer.numeric and ":" in outer.name and inner.numeric and ":" not in inner.name):
            return False
        address = IPv6Address(outer.name.partition("%")[0])
        return address in _NAT64 and int(address) & 0xFFFFFFFF == int(IPv4Address(inner.name))

    return embeds(a, b) or embeds(b, a)
