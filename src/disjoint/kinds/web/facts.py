"""What may be known of a web service."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.kind import SETTING, Identity

from .address import NO_SCHEME, WebAddress, parse


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


def identities(facts: WebFacts) -> tuple[Identity, ...]:
    """The deployment that answers; none where a whole answer offers no identity."""
    return (Identity("web/same-deployment", "deployment", _marks(facts.deployment)),)


def _marks(deployment: Fact[str]) -> Fact[frozenset[str]]:
    match deployment:
        case Known(minted):
            return Known(frozenset({minted} - {""}))
        case Unknown():
            return deployment
