"""What the rules about pages conclude, case by case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from disjoint.judge.led import led
from disjoint.kinds.registry import BY_NAME
from disjoint.kinds.web.address import parse
from disjoint.kinds.web.cookies import Cookie
from disjoint.kinds.web.facts import Bundle, Hop, Mention, WebDeclared, WebFacts
from disjoint.kinds.web.surface import WebQuestion, bundle, cookie_scope, links_to_production, redirect
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Observed, Snapshot

AT = datetime(2026, 1, 10, tzinfo=UTC)
NOTHING = Unknown("not asked")
DECLARED = WebDeclared(url="$WEB_URL", pages=("/login",), bundle=True)
OURS, THEIRS = "https://www.example.com", "https://staging.example.com"


def mark(url: str) -> str:
    address = parse(url)
    return "" if address.where.relative else f"hmac:{address.host}"


def facts(url: str, *hops: Hop, cookies: tuple[Cookie, ...] = (), read: Bundle | None = None) -> WebFacts:
    """A site that was read."""
    return WebFacts(
        address=Known(parse(url)),
        place=Known("hmac:place"),
        reached=Known("DNS"),
        tls=Known(True),
        tls_key=Known("hmac:key"),
        status=Known(200),
        named=Known("staging"),
        deployment=Known("hmac:deployment"),
        mark=Known(mark(url)),
        hops=Known(hops),
        cookies=Known(cookies),
        bundle=NOTHING if read is None else Known(read),
        number=Known(f"number of {url}"),
    )


def question(production: WebFacts, staging: WebFacts) -> WebQuestion:
    return Question(Side("production", True, AT, production), Side("staging", False, AT, staging), DECLARED)


def hop(url: str, page: str = "/") -> Hop:
    return Hop(page, "Location", parse(url), mark(url))


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        (OURS, Outcome.SHARED),
        ("http://www.example.com", Outcome.SHARED),
        ("https://www.example.com:8443", Outcome.SHARED),
        ("https://login.example.com", Outcome.ISOLATED),
        ("https://www.staging.example.com", Outcome.ISOLATED),
        ("https://other.example.com", Outcome.ISOLATED),
    ],
)
def test_a_redirect_is_judged_by_the_host_it_leads_to(to: str, outcome: Outcome) -> None:
    """Production's host on any port; another host is recorded, and no fault."""
    away = redirect(question(facts(OURS), facts(THEIRS, hop(to))))
    assert (away.outcome, away.grade) == (outcome, Grade.IDENTITY)
    assert parse(to).host in f"{away.summary} {away.limits}"


@pytest.mark.parametrize(
    ("ours", "to"), [(OURS, "https://example.com"), ("https://example.com", "https://www.example.com/in")]
)
def test_a_way_to_the_other_name_of_productions_site_is_open(ours: str, to: str) -> None:
    """With ``www.`` or without: as a rule one site, and nobody asked whether it is."""
    away = redirect(question(facts(ours), facts(THEIRS, hop(to))))
    assert (away.outcome, bool(away.remedy)) == (Outcome.UNPROVEN, True)
    back = redirect(question(facts(ours, hop(to)), facts(THEIRS)))
    assert back.outcome is Outcome.ISOLATED


NUMBER = "https://203.0.113.7"


@pytest.mark.parametrize(
    ("theirs", "own", "outcome"),
    [
        (Known(mark(NUMBER)), Known("another"), Outcome.UNPROVEN),
        (Known(mark(NUMBER)), Known(mark(NUMBER)), Outcome.ISOLATED),
        (Known("another"), Known(mark(NUMBER)), Outcome.ISOLATED),
        (Known(""), Known(""), Outcome.ISOLATED),
        (NOTHING, Known("another"), Outcome.UNPROVEN),
        (Known("another"), NOTHING, Outcome.UNPROVEN),
    ],
)
def test_productions_own_numeric_address_is_open(theirs: Fact[str], own: Fact[str], outcome: Outcome) -> None:
    """Its name leads there, so that a way or a call to the number may be one to it, unless both do."""
    read = Bundle(4, 0, 1, 0, frozenset(), numbers=frozenset({mark(NUMBER)}))
    production = replace(facts(OURS), number=theirs)
    staging = replace(facts(THEIRS, hop(NUMBER), read=read), number=own)
    for judge in (redirect, bundle):
        found = judge(question(production, staging))
        assert found.outcome is outcome, found.summary
        assert found.remedy or outcome is Outcome.ISOLATED
    named = replace(production, number=NOTHING)
    assert redirect(question(named, facts(THEIRS))).outcome is Outcome.ISOLATED


def test_a_call_to_the_other_name_of_productions_site_is_open() -> None:
    """As a way to it is: with ``www.`` or without."""
    read = Bundle(4, 0, 1, 0, frozenset(), twins=frozenset({mark(OURS)}))
    found = bundle(question(facts(OURS), facts(THEIRS, read=read)))
    assert (found.outcome, bool(found.remedy)) == (Outcome.UNPROVEN, True)
    assert (
        bundle(question(facts("https://other.example"), facts(THEIRS, read=read))).outcome is Outcome.ISOLATED
    )


def test_production_must_not_lead_to_staging_either() -> None:
    """The reverse is as bad."""
    found = redirect(question(facts(OURS, hop(THEIRS, "/login")), facts(THEIRS)))
    assert found.outcome is Outcome.SHARED
    assert found.summary.startswith("production's /login")


def test_two_ports_of_one_host_are_told_apart_by_the_port() -> None:
    """A way to its own host's other port leads to production only if that is production's."""
    ours, theirs = "https://example.com:8001", "https://example.com:8002"
    assert redirect(question(facts(ours), facts(theirs, hop(ours)))).outcome is Outcome.SHARED
    assert (
        redirect(question(facts(ours), facts(theirs, hop("https://example.com:9")))).outcome
        is Outcome.ISOLATED
    )
    assert redirect(question(facts(ours), facts(ours))).outcome is Outcome.UNPROVEN


def test_a_private_name_leads_nobody_knows_where() -> None:
    """A redirect to production's private name means another place in staging's network."""
    private = "http://web.railway.internal:80"
    found = redirect(question(facts(private), facts(THEIRS, hop(private))))
    assert found.outcome is Outcome.UNPROVEN
    assert found.remedy


def session(domain: str, *, host_only: bool = False, edge: bool = False) -> Cookie:
    return Cookie("session", domain, host_only, edge)


@pytest.mark.parametrize(
    ("production", "staging", "outcome"),
    [
        ((), (), Outcome.ISOLATED),
        ((), (session("example.com"),), Outcome.SHARED),
        ((session("example.com"),), (), Outcome.SHARED),
        ((session("example.com"),), (session("example.com"),), Outcome.SHARED),
        ((session("www.example.com", host_only=True),), (session("staging.example.com"),), Outcome.ISOLATED),
        ((session("www.example.com"),), (session("staging.example.com"),), Outcome.ISOLATED),
        ((session("example.com", edge=True),), (session("example.com", edge=True),), Outcome.ISOLATED),
    ],
)
def test_a_cookie_that_covers_the_other_host_is_shared(
    production: tuple[Cookie, ...], staging: tuple[Cookie, ...], outcome: Outcome
) -> None:
    """Whoever sets it; an edge's own is told and no fault."""
    found = cookie_scope(question(facts(OURS, cookies=production), facts(THEIRS, cookies=staging)))
    assert (found.outcome, found.grade) == (outcome, Grade.IDENTITY)


def test_ports_part_no_cookies() -> None:
    """A host-only cookie goes to every port of its host: shared by a public name, open by a private one."""
    for host, outcome in (("example.com", Outcome.SHARED), ("127.0.0.1", Outcome.UNPROVEN)):
        kept = (session(host, host_only=True),)
        ours, theirs = facts(f"http://{host}:8001"), facts(f"http://{host}:8002", cookies=kept)
        assert cookie_scope(question(ours, theirs)).outcome is outcome
        assert cookie_scope(question(ours, replace(theirs, cookies=Known(())))).outcome is Outcome.ISOLATED
    same = facts("http://127.0.0.1:8001")
    assert cookie_scope(question(same, same)).outcome is Outcome.UNPROVEN


def names(*mentions: Mention, elsewhere: int = 0, own: int = 1) -> WebFacts:
    return facts(THEIRS, read=Bundle(4, elsewhere, own, 0, frozenset(mentions)))


CALL = Mention(mark(OURS), "used", "split", "script")


def test_a_bundle_that_uses_productions_host_is_shared() -> None:
    """What is used outweighs what is linked; the form and the place are told, nothing else of the bundle."""
    link = Mention(mark(OURS), "linked", "plain", "page")
    found = bundle(question(facts(OURS), names(CALL, link)))
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY)
    assert [evidence.value for evidence in found.evidence] == ["split"]
    linked = bundle(question(facts(OURS), names(link)))
    assert (linked.outcome, linked.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "linked to" in linked.summary
    assert links_to_production(question(facts(OURS), names(link)))
    assert links_to_production(question(facts(OURS), names())) == ()


def test_a_bundle_of_which_nothing_was_read_proves_nothing() -> None:
    """All scripts elsewhere, an unread page, or an address that no bundle could name."""
    assert bundle(question(facts(OURS), names(elsewhere=2, own=0))).outcome is Outcome.UNPROVEN
    assert bundle(question(facts(OURS), names(elsewhere=2, own=1))).outcome is Outcome.ISOLATED
    assert bundle(question(facts(OURS), facts(THEIRS))).outcome is Outcome.UNPROVEN
    assert bundle(question(facts("http://localhost:8000"), names())).outcome is Outcome.UNPROVEN
    assert bundle(question(facts(THEIRS), names())).outcome is Outcome.UNPROVEN


@pytest.mark.parametrize(
    ("judge", "needed"), [(redirect, "hops"), (cookie_scope, "cookies"), (bundle, "bundle")]
)
def test_what_was_not_read_is_unproven(judge: Callable[[WebQuestion], Judgement], needed: str) -> None:
    """An unread page proves nothing, and says what would."""
    whole = question(facts(OURS), names())
    assert judge(whole).outcome is Outcome.ISOLATED
    for name in ("address", needed):
        poorer = replace(whole.staging.facts, **{name: NOTHING})
        found = judge(question(whole.production.facts, poorer))
        assert found.outcome is Outcome.UNPROVEN
        assert found.remedy


def snapshot(name: str, **sites: WebFacts) -> Snapshot:
    observed = {r: Observed(r, "web", f, Known("here"), 0.0) for r, f in sites.items()}
    return Snapshot(name, name == "production", AT, observed, (), {})


SITE, API = Resource("site", "web", DECLARED), Resource("api", "web", WebDeclared(url="$API_URL"))
API_OURS, API_THEIRS = facts("https://api.example.com"), facts("https://api.staging.example.com")


def test_a_site_that_calls_another_resource_of_productions_is_seen() -> None:
    """The pair of one name says nothing about it; the judge looks over all resources."""
    call = Mention(mark("https://api.example.com"), "used", "plain", "script")
    production = snapshot("production", site=facts(OURS), api=API_OURS)
    staging = snapshot("staging", site=names(call), api=API_THEIRS)
    (found,) = led(BY_NAME, (SITE, API), production, staging)
    assert (found.rule, found.resource, found.outcome) == ("web/bundle", "site", Outcome.SHARED)
    assert found.judgement.remedy
    unasked = Resource("site", "web", WebDeclared(url="$WEB_URL"))
    assert list(led(BY_NAME, (unasked, API), production, staging)) == []


def test_a_way_to_an_own_resource_is_no_fault() -> None:
    """Staging's site calls staging's API, links to production's, and both lead to one login elsewhere."""
    own = Mention(mark("https://api.staging.example.com"), "used", "plain", "script")
    link = Mention(mark("https://api.example.com"), "linked", "plain", "page")
    login = hop("https://login.example.org")
    production = snapshot("production", site=facts(OURS, login), api=API_OURS)
    site = replace(names(own, link), hops=Known((login,)))
    assert list(led(BY_NAME, (SITE, API), production, snapshot("staging", site=site, api=API_THEIRS))) == []
