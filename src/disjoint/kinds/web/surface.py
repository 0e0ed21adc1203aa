"""Where two services' pages touch: redirects, cookies, and hosts that a bundle names. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.fact import Known, Unknown, both
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question, Side
from disjoint.model.words import counted

from .address import WebAddress
from .cookies import Cookie, covers
from .facts import Bundle, Hop, Mention, WebDeclared, WebFacts, unreadable

WebQuestion = Question[WebFacts, WebDeclared]
Addresses = tuple[WebAddress, WebAddress]
"""Production's and staging's."""

_ONE = "both addresses are one host"
_SET = "declare the public address of this service in both environments"


def redirect(q: WebQuestion) -> Judgement:
    """A visitor of staging who is sent on to production works there, and thinks it is staging.

    The address that staging's own pages send a reader to is compared by name, and never asked.
    """
    match _addresses(q), both(q.production.facts.hops, q.staging.facts.hops):
        case (Unknown(reason, remedy), _) | (_, Unknown(reason, remedy)):
            return unproven(f"where the pages lead is not known: {reason}", (), remedy or _PAGES)
        case Known((ours, theirs)), Known((old, new)):
            led = [*_led(q.staging, new, ours), *_led(q.production, old, theirs)]
            if led:
                return _sent_on(q, led)
            if ours.origin[1:] == theirs.origin[1:]:
                return unproven(f"{_ONE}: where a page of it leads says nothing", (), _SET)
            near = [*_near(q.staging, new, ours), *_near(q.production, old, theirs)]
            if near:
                return _perhaps_sent_on(q, near)
            for side, other, hops in ((q.staging, q.production, new), (q.production, q.staging, old)):
                numbers = frozenset(hop.mark for hop in hops if hop.mark and hop.to.where.numeric)
                if why := _by_number(side, other, numbers):
                    return unproven(f"{side.environment}'s pages send their reader to {why}", (), _OWN_WAY)
            return _stays(q, (*old, *new))


_PAGES = "let / and the declared pages answer from where this runs, or map the address in reach_at"


def _led(side: Side[WebFacts], hops: tuple[Hop, ...], other: WebAddress) -> list[tuple[Hop, Side[WebFacts]]]:
    """The ways out of one side's pages that end at the other side's host."""
    own = side.facts.address
    port = other.port if isinstance(own, Known) and own.value.host == other.host else None
    return [(hop, side) for hop in hops if hop.to.host == other.host and port in {None, hop.to.port}]


def _near(side: Side[WebFacts], hops: tuple[Hop, ...], other: WebAddress) -> list[tuple[Hop, Side[WebFacts]]]:
    """The ways that end at the other side's host with ``www.`` before it, or without: as a rule one site."""
    twins = {f"www.{other.host}", other.host.removeprefix("www.")} - {other.host}
    return [(hop, side) for hop in hops if hop.mark and hop.to.host in twins]


def _by_number(side: Side[WebFacts], other: Side[WebFacts], numbers: frozenset[str]) -> str:
    """Why one of these numeric addresses may be the other side's; empty where none is, or it is both's."""
    match both(other.facts.number, side.facts.number) if numbers else Known(("", "")):
        case Unknown(reason):
            return f"numeric addresses, and whether one is {other.environment}'s is not known: {reason}"
        case Known((theirs, own)) if theirs in numbers and theirs != own:
            return f"the numeric address that {other.environment}'s name leads to"
        case Known():
            return ""


def _perhaps_sent_on(q: WebQuestion, near: list[tuple[Hop, Side[WebFacts]]]) -> Judgement:
    seen = tuple(side.saw(f"{hop.page} leads to", Known(hop.to.shown), hop.how) for hop, side in near)
    hop, side = near[0]
    other = q.production if side is q.staging else q.staging
    summary = (
        f"{side.environment}'s {hop.page} sends its reader to {hop.to.shown}, which is {other.environment}'s "
        "own site by another name as a rule"
    )
    return unproven(summary, seen, _OWN_WAY)


def _sent_on(q: WebQuestion, led: list[tuple[Hop, Side[WebFacts]]]) -> Judgement:
    seen = tuple(side.saw(f"{hop.page} leads to", Known(hop.to.shown), hop.how) for hop, side in led)
    hop, side = next((way for way in led if way[0].mark), led[0])
    other = q.production if side is q.staging else q.staging
    summary = f"{side.environment}'s {hop.page} sends its reader to {other.environment}: {hop.to.shown}"
    if not hop.mark:
        return unproven(f"{summary}, a name that each network has for itself", seen, _SET)
    return shared(Grade.IDENTITY, summary, seen, _OWN_WAY, "scripts that move the reader are not run")


_OWN_WAY = "let each environment redirect to its own address: take the host from a variable, or leave it out"


def _stays(q: WebQuestion, hops: tuple[Hop, ...]) -> Judgement:
    away = sorted({hop.to.shown for hop in hops})
    elsewhere = f"; not followed: {', '.join(away[:5])}" if away else ""
    read = ", ".join((q.declared.health, "/", *q.declared.pages))
    limits = f"read: {read}, as a stranger sees them; scripts are not run{elsewhere}"
    seen = tuple(
        side.saw(
            "leads away to", Known(", ".join(sorted({h.to.shown for h in hops})) or "nowhere"), f"GET {read}"
        )
        for side, hops in _each(q)
    )
    return isolated(Grade.IDENTITY, "no page leads to the other environment", seen, limits)


def _each(q: WebQuestion) -> Iterator[tuple[Side[WebFacts], tuple[Hop, ...]]]:
    for side in (q.production, q.staging):
        if isinstance(side.facts.hops, Known):
            yield side, side.facts.hops.value


def cookie_scope(q: WebQuestion) -> Judgement:
    """A cookie for the parent domain goes to both environments: one's session arrives at the other.

    What browsers keep is read as RFC 6265 has it: a public suffix is no parent that a cookie can name.
    """
    match _addresses(q), both(q.production.facts.cookies, q.staging.facts.cookies):
        case (Unknown(reason, remedy), _) | (_, Unknown(reason, remedy)):
            return unproven(f"which cookies are set is not known: {reason}", (), remedy or _PAGES)
        case Known((ours, theirs)), Known((old, new)):
            crossing = [*_crossing(q.staging, new, ours), *_crossing(q.production, old, theirs)]
            if crossing:
                return _crossed(crossing, ours)
            if ours.origin[1:] == theirs.origin[1:]:
                return unproven(f"{_ONE}: each of its cookies goes to both", (), _SET)
            return _kept_apart(q, (*old, *new))


def _crossing(side: Side[WebFacts], cookies: tuple[Cookie, ...], other: WebAddress) -> list[Evidence]:
    found = (cookie for cookie in cookies if not cookie.edge and covers(cookie, other.where))
    return [
        side.saw("cookie", Known(f"{c.name} for {c.domain}, which covers {other.host}"), "Set-Cookie")
        for c in found
    ]


def _crossed(crossing: list[Evidence], ours: WebAddress) -> Judgement:
    seen = tuple(crossing)
    if ours.where.relative:
        why = "both addresses are one private host, whose cookies all ports get"
        return unproven(why, seen, _SET)
    summary = f"a cookie of {seen[0].environment} goes to both environments: {seen[0].value}"
    return shared(Grade.IDENTITY, summary, seen, _HOST_ONLY, "values are not compared, only who gets them")


_HOST_ONLY = (
    "set cookies without Domain (name them __Host-…), or put staging under another registrable domain; "
    "Django: SESSION_COOKIE_DOMAIN and CSRF_COOKIE_DOMAIN unset"
)


def _kept_apart(q: WebQuestion, cookies: tuple[Cookie, ...]) -> Judgement:
    read = ", ".join((q.declared.health, "/", *q.declared.pages))
    edges = sorted({cookie.name for cookie in cookies if cookie.edge})
    also = f"; set by an edge for its own use: {', '.join(edges)}" if edges else ""
    limits = f"read: {read}, without a login; what scripts set, or a login brings, is not seen{also}"
    number = counted(sum(not cookie.edge for cookie in cookies), "cookie")
    seen = q.saw("cookies for", _domains, f"GET {read}")
    return isolated(Grade.IDENTITY, f"{number} set, none covers the other environment", seen, limits)


def _domains(facts: WebFacts) -> Known[str] | Unknown:
    match facts.cookies:
        case Known(cookies):
            return Known(", ".join(sorted({c.domain for c in cookies})) or "nobody")
        case Unknown() as unknown:
            return unknown


def bundle(q: WebQuestion) -> Judgement:
    """An address that was built in: staging's pages call production's API whatever its variables say now.

    Production's host is looked for in staging's pages, scripts and source maps, also escaped, split or
    in base64. A link that a person has to follow is no call.
    """
    match _addresses(q), both(q.production.facts.mark, q.staging.facts.bundle):
        case (Unknown(reason, remedy), _) | (_, Unknown(reason, remedy)):
            return unproven(f"what staging's pages name is not known: {reason}", (), remedy or _READABLE)
        case Known((ours, theirs)), Known((mark, read)):
            if ours.host == theirs.host or not mark:
                return unproven(f"production's address {ours.shown} is no public name of its own", (), _SET)
            if used := _named(read, mark, "used"):
                return _names_production(q, ours, used)
            if why := _by_another_name(q, read, mark):
                return unproven(f"staging's pages name {why}", (), _REBUILD)
            return _names_none(q, ours, read, bool(_named(read, mark, "linked")))


def _by_another_name(q: WebQuestion, read: Bundle, mark: str) -> str:
    """What they name that may be production, though not by its declared host; empty where nothing does."""
    if mark in read.twins:
        return "production's host with www. before it, or without, which is its own site as a rule"
    return _by_number(q.staging, q.production, read.numbers)


_READABLE = "let staging's pages and their scripts answer 200 from where this runs"


def _named(read: Bundle, mark: str, use: str) -> list[Mention]:
    return sorted(m for m in read.mentions if m.mark == mark and m.use == use)


def _names_production(q: WebQuestion, ours: WebAddress, used: list[Mention]) -> Judgement:
    seen = tuple(
        q.staging.saw(f"{ours.shown} in a {m.where}", Known(m.form), "GET of pages and what they load")
        for m in used
    )
    where = " and a ".join(dict.fromkeys(m.where for m in used))
    limits = "a name in a table that the program chooses from at run time looks the same"
    summary = f"staging's pages name production's host {ours.shown} in a {where}"
    return shared(Grade.IDENTITY, summary, seen, _REBUILD, limits)


_REBUILD = (
    "build staging with its own addresses (NEXT_PUBLIC_*, VITE_*, REACT_APP_*: they are baked in at build), "
    "with no build cache shared with production, or read them at run time"
)


def _names_none(q: WebQuestion, ours: WebAddress, read: Bundle, linked: bool) -> Judgement:
    files = counted(read.files, "file")
    seen = (
        q.staging.saw("read", Known(files), f"GET {', '.join(('/', *q.declared.pages))}, and what they load"),
    )
    if read.elsewhere and not read.own:
        why = f"all scripts of staging's pages ({read.elsewhere}) lie on other hosts, and were not read"
        return unproven(why, seen, "serve staging's own scripts from its own host")
    limits = "files that only a running program names, and hosts that it puts together from variables"
    if read.unread:
        limits += f"; {counted(read.unread, 'further file')} not read"
    if read.elsewhere:
        limits += f"; {counted(read.elsewhere, 'script')} of other hosts not read"
    also = "; it is linked to, which calls nothing" if linked else ""
    return isolated(
        Grade.IDENTITY, f"{files} of staging's pages do not call {ours.shown}{also}", seen, limits
    )


def links_to_production(q: WebQuestion) -> tuple[str, ...]:
    """A link that a person has to follow is no fault, and worth knowing."""
    match both(q.production.facts.mark, q.staging.facts.bundle):
        case Known((mark, read)) if mark and _named(read, mark, "linked"):
            return (f"pages of {q.staging.environment} link to {q.production.environment}: nothing calls it",)
        case _:
            return ()


def _addresses(q: WebQuestion) -> Known[Addresses] | Unknown:
    match both(q.production.facts.address, q.staging.facts.address):
        case Known((ours, theirs)) if fault := unreadable(ours) or unreadable(theirs):
            return Unknown(f"an address cannot be read: {fault}", _SET)
        case found:
            return found
