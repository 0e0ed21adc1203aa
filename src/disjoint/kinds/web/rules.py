"""What two web services' names and answers say about each other. Pure."""

from __future__ import annotations

from dataclasses import replace

from disjoint.model.experiment import Blind, Seen, Unseen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.host import LOOPBACK
from disjoint.model.kind import Asks, Lint, Question, Rule, Side
from disjoint.model.names import same_environment
from disjoint.model.words import transport

from .address import DEFAULT_PORTS, WebAddress, compare
from .doors import cors, cross_token
from .facts import WebDeclared, WebFacts, unreadable
from .surface import bundle, cookie_scope, links_to_production, redirect

WebQuestion = Question[WebFacts, WebDeclared]


def same_domain(q: WebQuestion) -> Judgement:
    """A variable that was copied, or never set, sends staging's callers to production's own address.

    Equal names are one service for everybody who uses the name. Other names prove little: a second
    name, a redirect or a proxy may lead to the same service.
    """
    match both(q.production.facts.address, q.staging.facts.address):
        case Unknown(reason, remedy):
            return unproven(f"an address is not known: {reason}", _addresses(q), remedy or _SET)
        case Known((production, staging)):
            return _by_name(q, production, staging)


_SET = "declare the public address of this service in both environments"
_OWN = "give staging an address of its own, and redeploy what was built with the old one"
_NAMES_ONLY = (
    "names only: another name, a redirect or a proxy may lead to one service; see web/same-deployment"
)


def _by_name(q: WebQuestion, production: WebAddress, staging: WebAddress) -> Judgement:
    seen = _addresses(q)
    if fault := unreadable(production) or unreadable(staging):
        return unproven(f"an address cannot be read: {fault}", seen, _SET)
    if production.host != staging.host:
        if production.port == staging.port and {production.relative, staging.relative} == {LOOPBACK}:
            return unproven("both addresses are names of one's own machine", seen, _SET)
        summary = f"staging's address is {staging.shown}, production's {production.shown}"
        return isolated(Grade.DECLARED, summary, seen, _NAMES_ONLY)
    if production.port != staging.port:
        return _other_port(q, production, staging)
    if production.relative and production.relative != LOOPBACK:
        why = f"both addresses are {staging.shown}, and {staging.relative}"
        return unproven(why, seen, _SET)
    return shared(Grade.DECLARED, f"staging's address is production's: {staging.shown}", seen, _OWN)


def _other_port(q: WebQuestion, production: WebAddress, staging: WebAddress) -> Judgement:
    ports = f"ports {production.port} and {staging.port} of {production.host}"
    if not production.relative and {production.port, staging.port} & set(DEFAULT_PORTS.values()):
        return unproven(f"{ports}: often one service", _addresses(q), _OWN)
    limits = f"{_NAMES_ONLY}; browsers send one host's cookies to all of its ports"
    return isolated(Grade.DECLARED, ports, _addresses(q), limits)


def same_deployment(q: WebQuestion) -> Judgement:
    """Two domains of one deployment: a staging name that was pointed at production, or never moved away.

    An identity minted for each deployment tells two apart. Without one, each service's own word for its
    environment must do. Equal addresses and TLS keys prove nothing: an edge is shared by everybody.
    A nonce that staging was given and production shows outweighs what either says of itself.
    """
    match q.sight():
        case Seen():
            return shared(Grade.CANARY, _ONE_BEHIND, q.sighted() + _answers(q), _SPLIT)
        case Unseen():
            return _marked(q, _by_identity(q))
        case Blind(reason):
            told = _by_identity(q)
            asked = q.declared.canary is not None and told.outcome is Outcome.ISOLATED
            return replace(told, limits=f"{told.limits}; no canary counts: {reason}") if asked else told


_ONE_BEHIND = (
    "production shows the nonce that staging was given: one deployment behind both addresses, "
    "or one store behind both deployments"
)


def _marked(q: WebQuestion, told: Judgement) -> Judgement:
    """Two deployments by their own word, of which one does not know what the other was given."""
    if told.outcome is not Outcome.ISOLATED:
        return told
    summary = f"{told.summary}; production does not show the nonce that staging was given"
    return replace(told, grade=Grade.CANARY, summary=summary, evidence=told.evidence + q.sighted())


def _by_identity(q: WebQuestion) -> Judgement:
    seen = _answers(q) + q.saw("TLS key", lambda f: f.tls_key, "certificate")
    seen += q.saw("place", lambda f: f.place, "resolver or reach_at")
    production, staging = q.production.facts, q.staging.facts
    match both(production.address, staging.address), both(production.deployment, staging.deployment):
        case (Unknown(reason, remedy), _) | (_, Unknown(reason, remedy)):
            return unproven(f"who answers is not known: {reason}", seen, remedy or _reachable(q))
        case Known((ours, theirs)), Known((old, new)):
            if old and old == new:
                return shared(Grade.IDENTITY, "one deployment answers at both addresses", seen, _SPLIT)
            if fault := unreadable(ours) or unreadable(theirs):
                return unproven(f"an address cannot be read: {fault}", seen, _SET)
            if compare(ours, theirs).verdict == "same":
                return unproven("one address gave two answers (a deployment in progress?)", seen, _SPLIT)
            return _identified(q, seen) if old and new else _by_word(q, seen)


_SPLIT = "deploy staging as a service of its own, and point its address there"
_BY_HOST = "a service behind both addresses could choose its answer by the host it is asked for"


def _identified(q: WebQuestion, seen: tuple[Evidence, ...]) -> Judgement:
    summary = f"another deployment answers in {q.staging.environment} than in {q.production.environment}"
    return isolated(Grade.IDENTITY, summary, seen, f"what the deployments share behind them; {_BY_HOST}")


def _by_word(q: WebQuestion, seen: tuple[Evidence, ...]) -> Judgement:
    match both(_word(q.production), _word(q.staging)):
        case Unknown(reason, remedy):
            return unproven(f"no deployment identity is offered, and {reason}", seen, remedy or _naming(q))
        case Known((ours, theirs)) if same_environment(ours, theirs):
            return unproven(f"both services answer for {theirs}", seen, _naming(q))
        case Known():
            summary = "each address answers for its own environment; no deployment identity is offered"
            return isolated(Grade.IDENTITY, summary, seen, f"an echoed variable may be wrong; {_BY_HOST}")


def environment_name(q: WebQuestion) -> Judgement:
    """A staging address that answers for production, and every test there hits real customers.

    The word is a variable that the service echoes: it can be wrong on a service that is right.
    """
    seen = _answers(q)
    for side, other in ((q.staging, q.production), (q.production, q.staging)):
        match side.facts.named:
            case Known(name) if _names(name, other) and not _names(name, side):
                summary = f"{side.environment}'s {q.declared.health} answers for {other.environment}"
                return shared(Grade.IDENTITY, summary, seen, _renaming(q, side))
            case _:
                pass
    match both(_word(q.production), _word(q.staging)):
        case Unknown(reason, remedy):
            return unproven(reason, seen, remedy or _naming(q))
        case Known():
            summary = "each service names its own environment"
            return isolated(
                Grade.IDENTITY,
                summary,
                seen,
                "the service echoes a variable of its own, in JSON or in a header",
            )


def _word(side: Side[WebFacts]) -> Fact[str]:
    """The environment that a service names, if it is the one it was asked in."""
    match side.facts.named:
        case Known(name) if _names(name, side):
            return Known(name)
        case Known(name):
            return Unknown(f"{side.environment}'s health answer names {name}, which is not it")
        case Unknown(reason, remedy):
            return Unknown(f"{side.environment} names no environment: {reason}", remedy)


def _names(name: str, side: Side[WebFacts]) -> bool:
    return same_environment(name, side.environment)


def _renaming(q: WebQuestion, side: Side[WebFacts]) -> str:
    return (
        f"find out whether {side.environment}'s address leads to the wrong service; if the service is right, "
        f"let its {q.declared.environment_field} say {side.environment}"
    )


def _naming(q: WebQuestion) -> str:
    names = " and ".join(f'"{s.environment}"' for s in (q.production, q.staging))
    return f"let {q.declared.health} answer JSON whose {q.declared.environment_field} is {names} in turn"


def _reachable(q: WebQuestion) -> str:
    return f"run where both addresses answer, or map them in reach_at; {_naming(q)}"


def _addresses(q: WebQuestion) -> tuple[Evidence, ...]:
    return q.saw("address", lambda f: mapped(f.address, lambda a: a.shown), "read from the variables")


def _answers(q: WebQuestion) -> tuple[Evidence, ...]:
    how = f"GET {q.declared.health}"
    seen = q.saw("status", lambda f: f.status, how)
    seen += q.saw("environment named", lambda f: f.named, how)
    seen += q.saw("deployment", lambda f: _offered(f.deployment), how)
    seen += q.saw("transport", lambda f: mapped(f.tls, transport), how)
    return seen + q.saw("reached by", lambda f: f.reached, how)


def _offered(deployment: Fact[str]) -> Fact[str]:
    match deployment:
        case Known(""):
            return Known("none is offered")
        case _:
            return deployment


RULES: tuple[Rule[WebFacts, WebDeclared], ...] = (
    Rule("web/same-domain", same_domain),
    Rule("web/same-deployment", same_deployment),
    Rule("web/environment-name", environment_name, asks=Asks.EXPECTATION),
    Rule("web/redirect", redirect),
    Rule("web/cookie-scope", cookie_scope),
    Rule("web/bundle", bundle, applies=lambda declared: declared.bundle),
    Rule("web/cors", cors, applies=lambda declared: declared.cors, needs="cors"),
    Rule("web/cross-token", cross_token, applies=lambda declared: declared.reach, needs="reach"),
)
LINTS: tuple[Lint[WebFacts, WebDeclared], ...] = (Lint("web/bundle", links_to_production),)
