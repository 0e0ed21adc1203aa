"""Which of production's hosts a process's variables mention: by digests, in one pass over each text. Pure.

Whatever names a host has it in its text, however that is laid out. So a variable that mentions none of
production's names none of its servers; one that does is read as `verify` reads it, by `named`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from disjoint.certify.guarded import HOST, OBJECT, REACHED, WORD, digest, digester
from disjoint.certify.plain_address import PORTS, Place
from disjoint.certify.plain_host import spell
from disjoint.certify.plain_store import renamed, store
from disjoint.kinds.variables.forms import normal_forms
from disjoint.tuples import NamedTuple

from .policy import Endpoint, Host, Policy

_TOKEN = re.compile(r"[\w.:-]{4,}")
WORD_IN = r"[\w-]+"
"""Of a cloud's name for a store: its account, region, project, the store's own name.

Like others here that hardly any process needs: compiled where it is.
"""
_WIDE = str.maketrans("\u3002\uff0e\uff61", "...")
"""Dots that resolvers take for one (RFC 3490, 3.1)."""
_SIX = r"(?<!\w)(?:[0-9a-f]{0,4}:){2,}[0-9a-f.]*"
_ACCOUNT = r"://(?:[^\s/?#]*@)?([\w-]+)(?![\w.:@-])"
_ACCOUNTS = (".snowflakecomputing.com", ".bigquery.googleapis.com")
"""Providers whose customers write an account's name for its host."""
_ESCAPED = r"\\u([0-9a-fA-F]{4})"
_BARE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-, ")
"""Of what is nothing but hosts."""
_LONGEST, _LONGEST_SIX = 256, 45
_POOLER = ".pooler.supabase.com"
_SEVERAL = (".supabase.co", ".supabase.in", ".windows.net", ".neon.tech", ".neon.build", ".mongodb.net")
"""Providers that give one store several hosts."""
_TENANT = r"[\w-]+\.([a-z0-9]{16,32})\Z"
"""A user of Supabase's pooler, who says whose database is meant."""
RELAYS = frozenset(
    {"SMTP_HOST", "SMTP_SERVER", "SMTP_ADDRESS", "EMAIL_HOST", "MAIL_HOST", "MAIL_SERVER", "MAILER_HOST"}
    | {"STATSD_HOST", "DD_AGENT_HOST", "SYSLOG_HOST", "ALLOWED_HOSTS", "NO_PROXY", "no_proxy"}
)
"""Names of variables whose host everybody has: what is no store of production's is none by these, either."""
_NO_SERVERS = frozenset({"web", "file", "sqlite", "memory", "bucket"})


class At(NamedTuple):
    """One of production's hosts, and how its digests name it."""

    theirs: Host
    host: str
    port: int
    """The one that a provider gives this name of a store; zero where ports are as they are stated."""


class Hosts:
    """Production's hosts, found by their digests."""

    __slots__ = ("_by", "_digest", "_key", "_objects", "_older", "_ports", "_words")

    def __init__(self, policy: Policy, key: bytes) -> None:
        self._key, self._digest = key, digester(key, HOST)
        self._by: dict[bytes, list[Host]] = {}
        self._older: dict[str, Host] = {}
        self._ports: set[int] = set()
        self._objects = policy.objects
        self._words = policy.words
        if policy.hosts is None:
            self._of_before(policy.all_endpoints)
        for each in policy.hosts or ():
            self._by.setdefault(bytes.fromhex(each.host.partition(":")[2]), []).append(each)

    def _of_before(self, endpoints: Iterable[Endpoint]) -> None:
        """What seals of before say of hosts; of hidden ones, those on usual ports."""
        for each in endpoints:
            if each.private or each.kind in _NO_SERVERS:
                continue
            host, _, port = each.shown.partition("://")[2].partition("/")[0].rpartition(":")
            if host:
                reached = frozenset({self.reached(host.strip("[]"), int(port))})
                made = Host(each.of, "", reached, each.kind)
                self._by.setdefault(self._digest(host.strip("[]")), []).append(made)
            elif each.reached and each.kind in PORTS:
                self._older[each.reached] = Host(each.of, "", frozenset({each.reached}), each.kind)
                self._ports.add(PORTS[each.kind])

    def at(self, host: str) -> list[At]:
        """What of production's is at a host, on whatever port.

        Args:
            host: as `spell` writes it.
        """
        return [At(each, name, port) for name, port in _names(host) for each in self._known(name)]

    def _known(self, name: str) -> Iterable[Host]:
        marks = (self.reached(name, port) for port in self._ports)
        hidden = [self._older[mark] for mark in marks if mark in self._older]
        return [*self._by.get(self._digest(name), ()), *hidden]

    def objects_at(self, engine: str, place: str) -> tuple[str, ...]:
        """The variables of production's that name the same thing in another engine."""
        return self._objects.get(digest(self._key, OBJECT, f"{engine} {place}"), ())

    def reached(self, host: str, port: int) -> str:
        """The digest of a host and a port."""
        return digest(self._key, REACHED, Place("", host, port, "").server.partition("://")[2])

    def mentioning(self, texts: Iterable[tuple[str, tuple[str, ...]]]) -> frozenset[str]:
        """The names of those whose texts mention one of production's hosts.

        Args:
            texts: of each name, as they are and as they decode.
        """
        known: dict[str, bool] = {}
        found, pooled, others = set[str](), set[str](), set[str]()
        for name, said in texts:
            tokens = {token for text in said for form in _forms(text) for token in _tokens(form)}
            if any(token.endswith(_POOLER) for token in tokens):
                pooled.add(name)
            met = {token for token in tokens if self._is_known(known, token)}
            if (met and not self._relays(name, said, met)) or self._is_worded(said):
                found.add(name)
            others |= tokens
        told = pooled and any(self._is_tenant(known, token) for token in others)
        return frozenset(found | pooled if told else found)

    def _relays(self, name: str, said: tuple[str, ...], met: Iterable[str]) -> bool:
        """Whether these are relays' hosts alone, in a variable that everybody has."""
        bare = name in RELAYS and len(said) == 1 and _BARE.issuperset(said[0].lower())
        return bare and all(
            at.theirs.relay for token in met for name in _meant(spell(token)) for at in self.at(name)
        )

    def _is_worded(self, said: tuple[str, ...]) -> bool:
        """Whether all the words of a name without a host stand in it."""
        if not self._words:
            return False
        forms = (form for text in said for form in (*_forms(text), *_beneath(text)))
        words = {word for form in forms for word in re.findall(WORD_IN, form)}
        digests = {digest(self._key, WORD, word) for word in words}
        return any(name <= digests for name in self._words)

    def _is_known(self, known: dict[str, bool], token: str) -> bool:
        if token not in known:
            known[token] = any(map(self.at, _meant(spell(token))))
        return known[token]

    def _is_tenant(self, known: dict[str, bool], token: str) -> bool:
        tenant = re.match(_TENANT, token)
        return tenant is not None and self._is_known(known, f"db.{tenant[1]}.supabase.co")


def at_door(host: str, tenant: str) -> str:
    """What a host is digested as that many customers go in by, of whom the login tells one."""
    return f"{host} {tenant}" if tenant else host


def _names(host: str) -> Iterator[tuple[str, int]]:
    """A host, and the names by which production's digests may have the store behind it."""
    yield host, 0
    if renamed(host):
        places = (store(Place(kind, host, 0, "")) for kind in ("postgres", "redis"))
        yield from dict.fromkeys((place.host, place.port) for place in places if place.host != host)


def _meant(host: str) -> Iterator[str]:
    """A host, and those that `verify` takes it for: an account's, the database's behind a web address."""
    yield host
    if "." not in host and ":" not in host:
        yield from (f"{host}{end}" for end in _ACCOUNTS)
    if host.endswith(_SEVERAL):
        from disjoint.model.stores import stands_for  # noqa: PLC0415  (for their customers alone)

        yield stands_for(host)


def _forms(text: str) -> Iterator[str]:
    """A text in lower case, and without what escapes a character of a name in it."""
    yield _plain(text)
    if "\\" in text:
        yield _plain(re.sub(_ESCAPED, lambda found: chr(int(found[1], 16)), text)).replace("\\", "")


def _beneath(text: str) -> Iterator[str]:
    """What the last part of a name decodes to, as Elastic's cloud has it (``shop:ZXUt…``)."""
    if ":" in text and len(text) <= _LONGEST and text.count(":") == 1 and "/" not in text:
        yield from map(_plain, normal_forms(text.partition(":")[2]))


def _plain(text: str) -> str:
    return text.lower() if text.isascii() else text.lower().translate(_WIDE)


def _tokens(text: str) -> Iterator[str]:
    """Whatever in a text may be a host."""
    for token in _TOKEN.findall(text):
        for piece in token.split(":") if ":" in token else (token,):
            if len(piece) <= _LONGEST and ("." in piece or _is_number(piece)):
                yield piece.strip(".-")
    yield from re.findall(_ACCOUNT, text) if "://" in text else ()
    if "::" in text or text.count(":") > 6:
        yield from (six for six in re.findall(_SIX, text) if len(six) <= _LONGEST_SIX)


def _is_number(token: str) -> bool:
    """Whether it may be an IPv4 address as one number (inet_aton)."""
    return token.startswith("0x") or (len(token) > 7 and token.isdecimal())
