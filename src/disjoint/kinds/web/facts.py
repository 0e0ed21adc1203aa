"""What may be known of a web service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Literal, NamedTuple

from disjoint.model.address import Address
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.kind import SETTING, Identity, Lead
from disjoint.model.plain import Plain

from .address import NO_SCHEME, WebAddress, parse
from .cookies import Cookie
from .mentions import Form, Use
from .token import TokenKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDeclared:
    """A service with an address people and other services reach it at."""

    url: str = field(metadata=SETTING)
    """Its address; without a scheme (``RAILWAY_PUBLIC_DOMAIN``) it is asked over https."""
    health: str = "/health"
    """The path that answers with JSON and names the environment."""
    environment_field: str = "environment"
    """The member of that JSON that holds the environment's name; dots lead into objects."""
    deployment_field: str | None = None
    """The member that identifies the deployment; without it, usual names and headers are tried."""
    environment_header: str | None = None
    """The answer's header that holds the environment's name, where its JSON does not."""
    pages: tuple[str, ...] = ()
    """Paths of its pages beside ``/``: where redirects and cookies are looked for."""
    bundle: bool = False
    """Read staging's pages, their scripts and source maps for production's hosts."""
    cors: bool = False
    """Ask each side whether it lets the other's pages read its answers."""
    origin: str | None = field(default=None, metadata=SETTING)
    """The address of the pages that call it, beside its own."""
    canary: str | None = None
    """The path at which the application keeps a nonce for a minute, and shows what it keeps."""
    reach: bool = False
    """Try a token that is minted with staging's key at production's `token_path`."""
    token_path: str | None = None
    """Answers 2xx to a valid token of nobody's, and 401 or 403 without one."""
    token_kind: TokenKind = "jwt"  # noqa: S105  (no secret: how a token looks)
    secret_key: str | None = field(default=None, metadata=SETTING)
    """What tokens are signed with."""
    token_salt: str | None = None
    """The salt of itsdangerous or Django; their own default without it."""
    token_claims: str = "{}"  # noqa: S105  (no secret: how a token looks)
    """What a token must say besides, as one JSON object."""
    token_header: str = "Authorization"  # noqa: S105  (no secret: how a token looks)
    """The header that carries it; ``Authorization`` as a Bearer token, ``Cookie`` under `token_cookie`."""
    token_cookie: str = "session"  # noqa: S105  (no secret: how a token looks)


class Hop(NamedTuple):
    """A way out: where a page sends its reader, on another host. Recorded, never followed."""

    page: str
    """The declared path that led there."""
    how: str
    """``Location``, ``Refresh`` or ``meta refresh``."""
    to: WebAddress
    mark: str
    """Digest of that host, as `WebFacts.mark`; empty where no public name is meant."""


Where = Literal["page", "script", "stylesheet", "JSON file", "source map"]


class Mention(NamedTuple):
    """A host that staging's pages name."""

    mark: str
    """Digest of that host, as `WebFacts.mark`: what else stands in a bundle stays there."""
    use: Use
    form: Form
    where: Where


class Bundle(NamedTuple):
    """What was read of staging's pages, and which hosts they name."""

    files: int
    """Pages, what they load from their own host, and source maps that were read."""
    elsewhere: int
    """Scripts on other hosts, which were not."""
    own: int
    """Scripts on its own host."""
    unread: int
    """Further files that its scripts speak of, and that were not asked for."""
    mentions: frozenset[Mention]
    twins: frozenset[str] = frozenset()
    """Digests of the same hosts with ``www.`` before them, or without, where they are used."""
    numbers: frozenset[str] = frozenset()
    """Digests of numeric addresses that they use."""


Asker = Literal["own", "other", "null", "stranger"]
"""Whose page asks: this side's own, the other environment's, one without an origin, or nobody's host."""
Allowed = Literal["nobody", "it", "everybody", "others"]
"""Whom the answer lets read it."""


class Reply(NamedTuple):
    """What one answer allows to the page that asked."""

    asker: Asker
    allowed: Allowed
    credentials: bool


class Cors(NamedTuple):
    """What each side allows."""

    production: Fact[tuple[Reply, ...]]
    staging: Fact[tuple[Reply, ...]]


Answer = Literal["taken", "refused", "unclear", "not asked"]
"""2xx; 401 or 403; anything else, which says nothing about credentials."""


class Door(NamedTuple):
    """What production's endpoint answered."""

    own: Answer
    """To a token of production's own: before staging's, and again after that was refused."""
    bare: Answer
    """Without a token."""
    theirs: Answer
    """To the same token, signed with staging's key."""
    statuses: str
    """The HTTP statuses in that order, for people."""


@dataclass(frozen=True, slots=True)
class WebFacts:
    """One environment's service. Digests are of the run's key."""

    address: Fact[WebAddress]
    place: Fact[str]
    """Digest of the numeric address and port that its name led to."""
    reached: Fact[str]
    """``reach_at``, ``DNS`` or ``literal``."""
    tls: Fact[bool]
    """True if the certificate was verified for the name; False over clear text."""
    tls_key: Fact[str]
    """Digest of the certificate's public key."""
    status: Fact[int]
    """What the health address answered."""
    named: Fact[str]
    """The environment that the health answer names."""
    deployment: Fact[str]
    """Digest of the deployment's identity; empty where a whole answer offers none."""
    mark: Fact[str]
    """Digest of its host; empty for a private name."""
    hops: Fact[tuple[Hop, ...]]
    """Where ``/`` and the declared pages lead, away from its own host."""
    cookies: Fact[tuple[Cookie, ...]]
    """What those pages and the health answer make a browser keep."""
    bundle: Fact[Bundle]
    """Which hosts its pages, scripts and source maps name; asked of staging alone."""
    number: Fact[str] = field(default_factory=lambda: Unknown("its numeric address was not kept"))
    """Digest of the public numeric address that its name led to, as `mark`; empty for any other."""


def from_text(target: Target[WebDeclared], reason: str) -> WebFacts:
    """What the text alone says; everything else is unknown for `reason`."""
    return unasked(target, Unknown(reason))


def unasked(target: Target[WebDeclared], why: Unknown) -> WebFacts:
    """As `from_text`, with a remedy where there is one."""
    rest = {f.name: why for f in fields(WebFacts) if f.name != "address"}
    match target.setting("url"):
        case Known(secret):
            return WebFacts(address=Known(parse(secret.reveal())), **rest)
        case Unknown() as unknown:
            return WebFacts(address=unknown, **rest)


def unreadable(address: WebAddress) -> str:
    """Why nobody should be asked at this address; empty if it names one host for every client."""
    if address.fault:
        return address.fault
    if address.masked:
        return "the address may hold a piece of a password where its host should be"
    doubt = address.doubt if address.doubt != NO_SCHEME else ""
    return doubt or ("" if address.host else "the address names no host")


def leads(facts: WebFacts) -> tuple[Lead, ...]:
    """Where its pages send a reader, and which hosts they call."""
    called = mapped(
        facts.bundle, lambda b: frozenset(m.mark for m in b.mentions if m.use == "used" and m.mark)
    )
    sent = mapped(facts.hops, lambda hops: frozenset(hop.mark for hop in hops if hop.mark))
    return Lead("web/redirect", "its pages redirect to", sent), Lead("web/bundle", "its pages name", called)


def identities(facts: WebFacts) -> tuple[Identity, ...]:
    """The deployment that answers; none where a whole answer offers no identity."""
    return (Identity("web/same-deployment", "deployment", _marks(facts.deployment)),)


def _marks(deployment: Fact[str]) -> Fact[frozenset[str]]:
    match deployment:
        case Known(minted):
            return Known(frozenset({minted} - {""}))
        case Unknown():
            return deployment


def stable(facts: WebFacts) -> Mapping[str, Fact[Plain | Address]]:
    """Where the service is, and which environment it says it is; each deployment is a new one."""
    return {"address": facts.address, "named": facts.named}


def aged(theirs: WebFacts, ours: WebFacts, sealed_at: datetime) -> WebFacts:
    """Every deployment has an identity of its own: what differs may be production's next one."""
    del sealed_at
    if isinstance(theirs.deployment, Known) and theirs.deployment != ours.deployment:
        return replace(theirs, deployment=Known(""))
    return theirs
