"""Ask a web service who answers, with which key, for which environment; and what its pages lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.host import read_host
from disjoint.model.probe import HttpAnswer, HttpRequest, Place, Probe, ProbeError

from .address import WebAddress
from .cookies import Cookie
from .crawl import crawl
from .facts import Bundle, Hop, WebDeclared, WebFacts, unasked, unreadable
from .health import Health, read_health
from .locate import Spot
from .pages import Page, Walk, cookies_of, digest_of, led_away, mark_digest, url_of, walk

T = TypeVar("T")
A = TypeVar("A")


def observe(target: Target[WebDeclared], probe: Probe) -> WebFacts:
    """One GET of the health path, a second if that gave an identity, which must then stand; and the pages.

    What fails is Unknown with its remedy; raises nothing of its own.
    """
    text = unasked(target, Unknown("not asked"))
    match text.address:
        case Unknown(reason, remedy):
            return unasked(target, Unknown(reason, remedy))
        case Known(address) if fault := unreadable(address):
            return unasked(target, Unknown(fault, f"mend {target.where('url')}"))
        case Known(address):
            return _seen(text, address, target.declared, probe)


def _seen(text: WebFacts, address: WebAddress, declared: WebDeclared, probe: Probe) -> WebFacts:
    place = _attempt(lambda: probe.place(address.host, address.port))
    spot = Spot(address, "/" + declared.health.partition("#")[0].removeprefix("/"))
    request = HttpRequest("GET", url_of(spot), {"Accept": "application/json"})
    answer = _attempt(lambda: probe.exchange(request)) if isinstance(place, Known) else place
    health = _then(answer, lambda a: Known(read_health(a, declared)))
    walked = _attempt(lambda: walk(address, declared.pages, probe)) if isinstance(place, Known) else place
    cookies = _then(both(answer, walked), lambda seen: Known(_cookies(*seen, address)))
    return replace(
        text,
        place=_then(place, lambda p: Known(_where(p, probe))),
        number=_then(place, lambda p: _number(p, probe)),
        reached=_then(place, lambda p: Known(p.how)),
        tls=_then(answer, lambda a: Known(bool(a.certificate))),
        tls_key=_then(answer, lambda a: _tls_key(a, probe)),
        status=_then(answer, lambda a: Known(a.status)),
        named=_then(health, lambda h: h.named),
        deployment=_then(health, lambda h: _lasting(h, request, declared, probe)),
        mark=Known(digest_of(address, probe)),
        hops=_then(both(answer, walked), lambda seen: Known(_hops(*seen, spot, declared, probe))),
        cookies=cookies,
        bundle=_then(walked, lambda w: _bundle(w, declared, probe)),
    )


def _hops(
    health: HttpAnswer, walked: Walk, spot: Spot, declared: WebDeclared, probe: Probe
) -> tuple[Hop, ...]:
    return (*led_away(declared.health, Page(spot, health), probe), *walked.hops)


def _cookies(health: HttpAnswer, walked: Walk, address: WebAddress) -> tuple[Cookie, ...]:
    return cookies_of((health, *(page.answer for page in walked.pages)), address.where)


def _bundle(walked: Walk, declared: WebDeclared, probe: Probe) -> Fact[Bundle]:
    if probe.protected:
        return Unknown("production's pages are not searched for names")
    return _attempt(lambda: crawl(walked, probe)) if declared.bundle else Unknown("not asked", _ASK)


_ASK = "declare bundle = true"


def _lasting(health: Health, request: HttpRequest, declared: WebDeclared, probe: Probe) -> Fact[str]:
    """An identity counts if the next answer repeats it: one drawn per process differs from itself."""
    match health.deployment:
        case Known(minted) if minted:
            answer = _attempt(lambda: probe.exchange(request))
            again = _then(answer, lambda a: read_health(a, declared).deployment)
            return _identity(health, probe) if again == health.deployment else _PASSING
        case _:
            return _identity(health, probe)


_PASSING = Unknown(
    "asked twice, one address did not give one deployment identity",
    "let it answer an identity that is minted for each deployment, not for each process or request",
)


def _attempt(ask: Callable[[], T]) -> Fact[T]:
    try:
        return Known(ask())
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)


def _then(fact: Fact[A], read: Callable[[A], Fact[T]]) -> Fact[T]:
    match fact:
        case Known(value):
            return read(value)
        case Unknown():
            return fact


def _where(place: Place, probe: Probe) -> str:
    return probe.digest("place", f"{place.address} {place.port}")


def _number(place: Place, probe: Probe) -> Fact[str]:
    """Of a public address alone: a private one, and the end of a tunnel, is another machine elsewhere."""
    where = read_host(place.address)
    return Known("" if place.how == "reach_at" or where.relative else mark_digest(where.name, probe))


def _identity(health: Health, probe: Probe) -> Fact[str]:
    return _then(health.deployment, lambda d: Known(probe.digest("deployment", d) if d else ""))


def _tls_key(answer: HttpAnswer, probe: Probe) -> Fact[str]:
    if not answer.certificate:
        return Unknown("clear text: the service shows no key", "serve it over https")
    from cryptography import x509  # noqa: PLC0415  (slow to load, and only TLS needs it)
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    try:
        key = x509.load_der_x509_certificate(answer.certificate).public_key()
    except ValueError:
        return Unknown("the certificate's key cannot be read")
    return Known(probe.digest("key", key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()))
