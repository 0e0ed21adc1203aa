"""Web addresses as browsers read them (WHATWG URL), and where urllib or httpx would go elsewhere.

Source: https://url.spec.whatwg.org/#concept-basic-url-parser, "special" schemes only.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from disjoint.model.address import Likeness
from disjoint.model.host import MASKED, Host, compare_hosts, read_host, read_port, unresolved

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

NOT_SET = "no address is set: the program's own default is used"
NO_SCHEME = "without a scheme each framework completes the address in its own way"
SLASHES = "browsers repair the slashes after the scheme, urllib and httpx find no host"
BACKSLASH = "browsers end the host at the backslash, urllib and httpx read on to the @"
REFERENCE = "the address holds an unresolved reference"
PATTERN = "the address is a pattern"
PATH_ONLY = "a path without a host belongs to the page's own origin"
LOOKALIKE = "the host names differ in look-alike letters"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# No zone: WHATWG's URLs have none.
_LITERAL = re.compile(r"\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\](?::(.*))?\Z", re.DOTALL)
_BLANKS = "".join(map(chr, range(0x21)))
_REMOVED = str.maketrans("", "", "\t\r\n")
_TENANT_SUFFIXES = (".proxy.rlwy.net", ".tcp.ngrok.io", ".tcp.ngrok.app", ".tcp.eu.ngrok.io")
"""One host name that serves many tenants: the port picks whose server answers."""

# Letters that look like Latin ones in most fonts (a part of Unicode's confusables.txt).
_LATIN = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e\u0440\u051b\u0455\u0443\u0445\u051d\u03bf\u03b1\u03bd\u03c1\u03b9\u0131\u0261",
    "acdehijlopqsyxwoavpiig",
)


class Origin(NamedTuple):
    """Scheme, host and port, all normalised: what browsers call an origin."""

    scheme: str
    host: str
    port: int


class WebAddress(NamedTuple):
    """A parsed web address without credentials, path and query."""

    scheme: str = ""
    where: Host = Host("")
    port: int = 0
    doubt: str = ""
    """Why clients or frameworks may go to different places; empty if they agree."""
    fault: str = ""
    masked: bool = False
    """True where the host may be a part of a password (``https://user:pa/ss@host``)."""

    @property
    def kind(self) -> str:
        return "web"

    @property
    def host(self) -> str:
        """The host: lower case, ASCII, no trailing dot; an IP literal canonical; empty if unread."""
        return self.where.name

    @property
    def origin(self) -> Origin:
        return Origin(self.scheme, self.host, self.port)

    @property
    def tls(self) -> bool:
        return self.scheme in {"https", "wss"}

    @property
    def relative(self) -> str:
        """Why the host means another machine in each network; empty if it is global."""
        return self.where.relative

    @property
    def shown(self) -> str:
        if self.fault or not self.host:
            return f"({self.fault or self.doubt})"
        port = "" if self.port == DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{MASKED if self.masked else self.where.shown + port}"


def parse(text: str) -> WebAddress:
    """Read an address; scheme-less text is read as https and marked doubtful. Never raises."""
    cleaned = text.strip(_BLANKS).translate(_REMOVED)
    if not cleaned:
        return WebAddress(doubt=NOT_SET)
    if doubt := _no_address(cleaned):
        return WebAddress(doubt=doubt)
    found = _SCHEME.match(cleaned)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in DEFAULT_PORTS:
        if found and cleaned[found.end() :].startswith("//"):
            return WebAddress(fault="the scheme is not http, https, ws or wss")
        return _read("https", cleaned.lstrip("/\\"), NO_SCHEME)
    rest = cleaned[found.end() :]
    after = rest.lstrip("/\\")
    return _read(scheme, after, "" if rest[: len(rest) - len(after)] == "//" else SLASHES)


def compare(a: WebAddress, b: WebAddress) -> Likeness:
    """Do two addresses lead to one listener? Other names never prove another server."""
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if (doubt := a.doubt or b.doubt) and not a.doubt == b.doubt == NO_SCHEME:
        return Likeness("unknown", doubt)
    hosts = compare_hosts(a.where, b.where)
    if a.host != b.host and _lookalike(a.host, b.host):
        return Likeness("different", LOOKALIKE)
    if hosts.verdict != "same" or a.port == b.port:
        return hosts if hosts.verdict != "same" else Likeness("same", "host and port are the same")
    # Without a scheme 443 is only assumed: frameworks complete both in one way, whichever it is.
    return Likeness("unknown", doubt) if doubt else _other_port(a, b)


def compare_text(a: str | None, b: str | None) -> Likeness:
    """Compare production's text with staging's; None is an unset variable."""
    if a is None or b is None:
        return Likeness("unknown", NOT_SET)
    return compare(parse(a), parse(b))


def _no_address(text: str) -> str:
    """Why the text names no single host, though it is no error."""
    authority = re.split(r"[/?#]", text.partition("://")[2] or text, maxsplit=1)[0]
    if unresolved(authority.rpartition("@")[2]) or unresolved(text.partition("://")[0]):
        return REFERENCE
    if "*" in authority.rpartition("@")[2]:
        return PATTERN
    return PATH_ONLY if re.match(r"[/\\?#.](?![/\\])", text) else ""


def _read(scheme: str, rest: str, doubt: str) -> WebAddress:
    """Read what follows the slashes: ``user:password@host:port`` up to the path."""
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    for_urllib = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in for_urllib[len(authority) :]:
        doubt = doubt or BACKSLASH
    place = authority.rpartition("@")[2]
    masked = "@" not in authority and ":" in authority and "@" in rest
    if place.startswith("["):
        if (literal := _LITERAL.match(place)) is None:
            return WebAddress(fault="the brackets hold no IPv6 address")
        return _placed(scheme, read_host(literal[1]), literal[2] or "", doubt, masked)
    name, _, port_text = place.partition(":")
    decoded = unquote(name)
    if ":" in decoded:
        return WebAddress(fault="the host has a colon")
    return _placed(scheme, read_host(decoded), port_text, doubt, masked)


def _placed(scheme: str, host: Host, port_text: str, doubt: str, masked: bool) -> WebAddress:
    port = read_port(port_text, DEFAULT_PORTS[scheme])
    if port is None:
        return WebAddress(fault="the port is no number from 1 to 65535")
    if host.fault:
        return WebAddress(fault=host.fault)
    return WebAddress(scheme, host, port, doubt, masked=masked)


def _other_port(a: WebAddress, b: WebAddress) -> Likeness:
    if {a.port, b.port} == {80, 443}:
        return Likeness("unknown", "ports 80 and 443 of one host: nearly always one service")
    if a.host.endswith(_TENANT_SUFFIXES):
        return Likeness("unknown", "one proxy host serves many tenants: the port picks the service")
    return Likeness("unknown", "another port of one host: a second listener or another service", "same")


def _lookalike(a: str, b: str) -> bool:
    """True for two names that only look alike: letters of another script in place of Latin ones."""
    return ("xn--" in a or "xn--" in b) and _drawn(a) == _drawn(b)


def _drawn(host: str) -> str:
    """The name as a reader sees it: punycode decoded, look-alikes folded to Latin letters."""
    return ".".join(map(_letters, host.split("."))).translate(_LATIN)


def _letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
