"""What each side's door lets in: tokens of staging's, and pages of the other side's. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question, Side

from .facts import Cors, Door, Reply, WebDeclared, WebFacts, unreadable

WebQuestion = Question[WebFacts, WebDeclared]


def cross_token(q: WebQuestion) -> Judgement:
    """A session forged in staging opens production, if production takes what staging's key has signed.

    Two controls make the refusal count: production takes a token of its own that says the same, and
    refuses to answer without one.
    """
    match q.tried("reach", Door):
        case Unknown(reason, remedy):
            return unproven(f"no token was tried: {reason}", (), remedy or _DECLARE)
        case Known(door):
            seen = _answers(q, door)
            if door.own != "taken":
                why = f"the control failed: production did not take a token of its own ({door.statuses})"
                return unproven(why, seen, _CONTROL)
            if door.bare != "refused":
                why = f"the control failed: production did not refuse to answer without one ({door.statuses})"
                return unproven(why, seen, _CLOSED)
            return _tried(door, seen)


def _tried(door: Door, seen: tuple[Evidence, ...]) -> Judgement:
    match door.theirs:
        case "taken":
            summary = "production takes a token that staging's key has signed"
            return shared(Grade.IDENTITY, summary, seen, _OWN_KEY)
        case "refused":
            summary = "production refuses a token that staging's key has signed"
            return isolated(Grade.REFUSED, summary, seen, _ONE_FORM)
        case "unclear" | "not asked":
            why = f"what production answers to staging's token is no refusal ({door.statuses})"
            return unproven(why, seen, _CONTROL)


_DECLARE = 'declare token_path, token_kind and secret_key = "$SECRET_KEY", and run online'
_CONTROL = (
    "let token_path answer 2xx to any token that production's key has signed, whoever it names; "
    "see token_kind, token_salt, token_claims and token_header"
)
_CLOSED = "name a token_path that answers 401 or 403 without a token"
_OWN_KEY = (
    "give each environment a key of its own, and take staging's out of production's lists of further keys "
    "(SECRET_KEY_FALLBACKS, JWKS); then end all sessions"
)
_ONE_FORM = "one form of token at one endpoint; other keys (webhooks, OAuth, field encryption) are not tried"


def _answers(q: WebQuestion, door: Door) -> tuple[Evidence, ...]:
    how = f"GET {q.declared.token_path}"
    asked = (("a token of its own", door.own), ("no token", door.bare), ("staging's token", door.theirs))
    return tuple(q.production.saw(what, Known(answer), how) for what, answer in asked)


def cors(q: WebQuestion) -> Judgement:
    """Pages of staging that may read production's answers act there with a visitor's own session.

    An answer that everybody may read without credentials is public, and shared by that with nobody.
    """
    match both(q.production.facts.address, q.staging.facts.address), q.tried("cors", Cors):
        case (Unknown(reason, remedy), _) | (_, Unknown(reason, remedy)):
            return unproven(f"whom the answers allow is not known: {reason}", (), remedy or _ASKABLE)
        case Known((ours, theirs)), Known(found):
            if fault := unreadable(ours) or unreadable(theirs):
                return unproven(f"an address cannot be read: {fault}", (), _ASKABLE)
            if ours.origin == theirs.origin:
                return unproven("both addresses are one origin", (), _ASKABLE)
            return _allowing(q, found)


_ASKABLE = "declare both addresses, and let the health path and the pages answer a GET with an Origin header"


def _allowing(q: WebQuestion, found: Cors) -> Judgement:
    sides = ((q.production, found.production), (q.staging, found.staging))
    seen = tuple(evidence for side, replies in sides for evidence in _shown(side, replies))
    faults = [fault for side, replies in sides if (fault := _fault(q, side, replies))]
    if faults:
        return shared(Grade.IDENTITY, "; ".join(faults), seen, _NARROW, _PREFLIGHT)
    match both(found.production, found.staging):
        case Unknown(reason, remedy):
            return unproven(f"whom the answers allow is not known: {reason}", seen, remedy or _ASKABLE)
        case Known((old, new)) if not {"other"} <= {r.asker for r in old} & {r.asker for r in new}:
            return unproven("no page of the other side was asked for", seen, _ASKABLE)
        case Known((old, new)) if unanswered := [side.environment for side, r in sides if _silent(r)]:
            why = f"{' and '.join(unanswered)} does not let its own pages read, either: the control failed"
            return unproven(why, seen, _OWN_PAGES)
        case Known((old, new)):
            public = any(r.allowed in {"everybody", "it"} for r in (*old, *new) if r.asker != "own")
            also = (
                "; what everybody may read without credentials is public, and asked by no cookie"
                if public
                else ""
            )
            summary = "no side lets the other's pages read its answers"
            return isolated(Grade.IDENTITY, summary, seen, f"{_PREFLIGHT}{also}")


_NARROW = (
    "list each environment's own origins only (CORS_ORIGINS, CORS_ALLOWED_ORIGINS, without a pattern that "
    "covers both), and never answer with credentials to any origin or to null"
)
_PREFLIGHT = (
    "simple GETs of the declared paths; a preflight (OPTIONS) would add which methods and headers are allowed"
)


def _silent(replies: Fact[tuple[Reply, ...]]) -> bool:
    """True where this side's own pages are declared, and no path that was asked allows them anything."""
    given = replies.value if isinstance(replies, Known) else ()
    own = [reply for reply in given if reply.asker == "own"]
    return bool(own) and not any(reply.allowed in {"it", "everybody"} for reply in own)


_OWN_PAGES = "declare pages = [...] with a path that the pages of origin may read in each environment"


def _fault(q: WebQuestion, side: Side[WebFacts], replies: Fact[tuple[Reply, ...]]) -> str:
    """What one side allows and must not; empty if nothing was seen."""
    match replies:
        case Unknown():
            return ""
        case Known(all_of_it):
            other = q.staging if side is q.production else q.production
            given = {(r.asker, r.credentials) for r in all_of_it if r.allowed == "it"}
            name = side.environment
            if ("stranger", True) in given:
                return f"{name} lets any origin read its answers with credentials"
            if ("null", True) in given:
                return f"{name} lets pages without an origin (null) read its answers with credentials"
            askers = {asker for asker, _ in given}
            listed = ("other", True) in given or ("other" in askers and "stranger" not in askers)
            return f"{name} lets {other.environment}'s pages read its answers" if listed else ""


def _shown(side: Side[WebFacts], replies: Fact[tuple[Reply, ...]]) -> Iterator[Evidence]:
    match replies:
        case Unknown():
            yield side.saw("Access-Control-Allow-Origin", replies, "GET with Origin")
        case Known(all_of_it):
            for asker, allowed, credentials in dict.fromkeys(all_of_it):
                told = f"{_WHOM[allowed]}{', with credentials' if credentials and allowed == 'it' else ''}"
                yield side.saw(f"asked by {_WHO[asker]}, allows", Known(told), "GET with Origin")


_WHO = {
    "own": "its own page",
    "other": "the other side's page",
    "null": "a page without an origin",
    "stranger": "a stranger's page",
}
_WHOM = {"nobody": "nobody", "it": "it", "everybody": "everybody", "others": "others"}
