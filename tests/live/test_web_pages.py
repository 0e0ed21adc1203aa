"""The web observer on real pages: hops, cookies, bundles, and what stays unread."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from disjoint.demo.servers.web import Page, WebServer
from disjoint.demo.storefront import SCRIPT, site_pages, source_map
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.web.address import parse
from disjoint.kinds.web.facts import Bundle, WebDeclared, WebFacts
from disjoint.kinds.web.observe import _number, observe
from disjoint.kinds.web.surface import bundle, redirect
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.probe import Place
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live
AT = datetime(2026, 1, 10, tzinfo=UTC)
KEY = RunKey()
DECLARED = WebDeclared(url="$WEB_URL", pages=("/login",), bundle=True)
HOST = "www.staging.test"
PRODUCTION = "http://www.production.test"
Serve = Callable[..., WebServer]


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as started:
        yield started


@pytest.fixture
def serve(supervisor: Supervisor, request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Serves staging's site with some pages changed, as long as the test lasts."""
    started: list[WebServer] = []

    def served(**pages: Page | str) -> WebServer:
        told = {f"/{name.replace('_', '.')}": _page(page) for name, page in pages.items()}
        whole = {**site_pages("staging"), **{"/" if k == "/home" else k: v for k, v in told.items()}}
        name = f"{request.node.name.replace('/', '-')[:60]}-{len(started)}"
        started.append(WebServer.start(supervisor, name, whole))
        return started[-1]

    yield served
    for server in started:
        server.stop()


def _page(page: Page | str) -> Page:
    return page if isinstance(page, Page) else Page(page)


def seen(server: WebServer, *, production: bool = False, declared: WebDeclared = DECLARED) -> WebFacts:
    """What the observer brings home of a site."""
    name = "production" if production else "staging"
    variables = {"WEB_URL": Variable("WEB_URL", Known(Secret(f"http://{HOST}")), f".env.{name}:1")}
    where = Environment(name, production, variables, "", {f"{HOST}:80": f"127.0.0.1:{server.port}"})
    with Deadline(10) as deadline:
        visit = Visit(where, deadline, Seats(), Tally(protected=production), KEY)
        return observe(target(Resource("site", "web", declared), where), visit)


def named(facts: WebFacts, host: str) -> set[tuple[str, str, str]]:
    """How the bundle names a host: where, in which form, and for what."""
    assert isinstance(facts.bundle, Known), facts.bundle
    wanted = KEY.digest("host", host)
    return {(m.where, m.form, m.use) for m in facts.bundle.value.mentions if m.mark == wanted}


def script(text: str) -> Page:
    return Page(text, headers=SCRIPT)


def test_a_whole_site_is_read_by_get_alone(serve: Serve) -> None:
    """Pages, their script and its source map, once each; cookies of two pages; no way out."""
    server = serve()
    facts = seen(server)
    assert isinstance(facts.bundle, Known)
    read = facts.bundle.value
    assert read == Bundle(4, 0, 1, 0, read.mentions, read.twins)
    assert {KEY.digest("host", f"www.api.{e}.test") in read.twins for e in ("staging", "production")} == {
        True,
        False,
    }
    assert named(facts, "api.staging.test") == {("script", "plain", "used"), ("source map", "plain", "used")}
    assert named(facts, HOST) == {("page", "plain", "linked")}
    assert facts.hops == Known(())
    assert isinstance(facts.cookies, Known)
    assert {(c.name, c.domain, c.host_only) for c in facts.cookies.value} == {
        (name, HOST, True) for name in ("visit", "session", "csrftoken")
    }
    asked = sorted(line.split()[1] for line in server.asked)
    assert asked == ["/", "/app.js", "/app.js.map", "/health", "/health", "/login"]


def test_production_is_not_searched_for_names(serve: Serve) -> None:
    """Its pages are read for redirects and cookies; its scripts are not asked for."""
    server = serve()
    facts = seen(server, production=True)
    assert isinstance(facts.bundle, Unknown)
    assert isinstance(facts.hops, Known)
    assert not [line for line in server.asked if "app.js" in line]


def test_a_way_on_its_own_host_is_followed_and_another_is_not(serve: Serve) -> None:
    """Three hops at home, then one away, which nobody asks: production gets no request of staging's visit."""
    hops = {"a": Page("", 301, {"location": "/b"}), "b": Page("", 307, {"refresh": "0; url=./c"})}
    away = '<!doctype html><meta http-equiv=refresh content="1;url=//www.production.test/in?token=s3cret">'
    facts = seen(serve(home=Page("", 302, {"location": "a"}), c=away, **hops))
    assert isinstance(facts.hops, Known)
    (hop,) = facts.hops.value
    assert (hop.page, hop.how, hop.to.shown) == ("/", "meta refresh", PRODUCTION)
    assert "s3cret" not in repr([getattr(facts, f.name) for f in fields(facts)])
    sides = Side("production", True, AT, _elsewhere(facts)), Side("staging", False, AT, facts)
    assert redirect(Question(*sides, DECLARED)).outcome is Outcome.SHARED


def _elsewhere(facts: WebFacts) -> WebFacts:
    """The same answers at production's address."""
    mark = Known(KEY.digest("host", "www.production.test"))
    return replace(facts, address=Known(parse(PRODUCTION)), mark=mark, hops=Known(()))


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"app_js": script(f'fetch("{PRODUCTION}/api")')}, {("script", "plain", "used")}),
        ({"app_js": script('fetch("http://www.pro"+"duction.test")')}, {("script", "split", "used")}),
        ({"app_js_map": source_map(f"const a = '{PRODUCTION}'")}, {("source map", "plain", "used")}),
        ({"login": f'<script>fetch("{PRODUCTION}")</script>'}, {("page", "plain", "used")}),
        ({"login": f'<base href="{PRODUCTION}/">'}, {("page", "plain", "used")}),
        ({"login": f'<a href="{PRODUCTION}/">shop</a><!-- {PRODUCTION} -->'}, {("page", "plain", "linked")}),
        (
            {"app_js": script('import("./lazy.js")'), "lazy_js": script(f"const a='{PRODUCTION}'")},
            {("script", "plain", "used")},
        ),
        (
            {
                "app_js": script('load(["assets/none.js","assets/page.js"])'),
                "assets/none_js": Page("<!doctype html>"),
                "assets/page_js": script(f"const a='{PRODUCTION}'"),
            },
            {("script", "plain", "used")},
        ),
        (
            {"login": '<script>import x from "/early.mjs"</script>', "early_mjs": script(f"`{PRODUCTION}`")},
            {("script", "plain", "used")},
        ),
        (
            {
                "app_js": script(
                    "x\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,"
                    + base64.b64encode(source_map(f"'{PRODUCTION}'").body.encode()).decode()
                )
            },
            {("source map", "plain", "used")},
        ),
    ],
)
def test_productions_host_is_found_wherever_a_browser_would_meet_it(
    serve: Serve, pages: dict[str, Page | str], expected: set[tuple[str, str, str]]
) -> None:
    """Scripts, imports, inline programs, markup and source maps; a link is told apart."""
    assert named(seen(serve(**pages)), "www.production.test") == expected


CALL = script(f'fetch("{PRODUCTION}/api")')
SETTINGS = Page(f'{{"api":"{PRODUCTION}/api"}}', headers={"content-type": "application/json"})
SHEET = Page(f"body{{background:url( {PRODUCTION}/i.png )}}", headers={"content-type": "text/css"})


@pytest.mark.parametrize(
    ("pages", "where"),
    [
        ({"app_js": script('navigator.serviceWorker.register("/sw.js")'), "sw_js": CALL}, "script"),
        ({"app_js": script('new Worker(new URL("./w.js",import.meta.url))'), "w_js": CALL}, "script"),
        (
            {
                "app_js": script('new Worker("w.js")'),
                "w_js": script('importScripts("x.js")'),
                "x_js": CALL,
            },
            "script",
        ),
        ({"app_js": script('e.src="/late.js"'), "late_js": CALL}, "script"),
        ({"app_js": script('load(["/assets/p-1.js"][0])'), "assets/p-1_js": CALL}, "script"),
        ({"app_js": script('import "./a.tsx"'), "a_tsx": CALL}, "script"),
        (
            {
                "app_js": script('r.p="/",r.u=e=>"static/js/"+e+"."+{7:"1a",12:"2b"}[e]+".chunk.js"'),
                "static/js/12.2b.chunk_js": CALL,
            },
            "script",
        ),
        (
            {
                "app_js": script('c.p+"js/"+({3:"admin"}[e]||e)+"."+{1:"0f",3:"9c"}[e]+".js"'),
                "js/admin.9c_js": CALL,
            },
            "script",
        ),
        ({"login": "<svg><script xlink:href=/e.js></script></svg>", "e_js": CALL}, "script"),
        ({"login": "<link rel=prefetch href=/late.js>", "late_js": CALL}, "script"),
        ({"app_js": script('fetch("/config.json").then(go)'), "config_json": SETTINGS}, "JSON file"),
        (
            {"app_js": script('const f="./settings/app.json?v=2"'), "settings/app_json": SETTINGS},
            "JSON file",
        ),
        (
            {
                "login": '<base href="/ui/"><script>get("assets/config.json")</script>',
                "ui/assets/config_json": SETTINGS,
            },
            "JSON file",
        ),
        ({"login": "<iframe src=/e.html></iframe>", "e_html": f"<img src=' {PRODUCTION}/i'>"}, "page"),
        ({"login": "<link rel=stylesheet href=s.css>", "s_css": SHEET}, "stylesheet"),
        ({"login": "<style>@import '/s.css';</style>", "s_css": SHEET}, "stylesheet"),
        (
            {
                "login": "<link rel=stylesheet href=/s.css>",
                "s_css": Page("@import url(t.css);", headers={"content-type": "text/css"}),
                "t_css": SHEET,
            },
            "stylesheet",
        ),
        ({"login": f'<img srcset="/a.png 1x, {PRODUCTION}/b.png 2x">'}, "page"),
    ],
    ids=lambda told: next(reversed(told)) if isinstance(told, dict) else told,
)
def test_what_a_page_loads_by_way_of_its_programs_is_read(
    serve: Serve, pages: dict[str, Page | str], where: str
) -> None:
    """Workers, settings that are read at run time, frames and stylesheets: a browser asks for all of them."""
    found = named(seen(serve(**pages)), "www.production.test")
    assert {(place, use) for place, _, use in found} == {(where, "used")}


def test_addresses_in_numbers_are_kept_as_the_hosts_that_they_are(serve: Serve) -> None:
    """A call to one, not a link to one; the end of a tunnel, or a private number, is nobody's own."""
    server = serve(
        app_js=script('fetch("http://203.0.113.7:8000/x")'), login='<a href="http://203.0.113.8/">'
    )
    facts = seen(server)
    assert isinstance(facts.bundle, Known)
    assert facts.bundle.value.numbers == {KEY.digest("host", "203.0.113.7")}
    assert facts.number == Known("")


@pytest.mark.parametrize(
    ("where", "kept"), [("203.0.113.7", "203.0.113.7"), ("127.0.0.1", ""), ("10.0.0.1", "")]
)
def test_the_number_that_a_name_leads_to_is_kept_if_it_is_public(where: str, kept: str) -> None:
    """By DNS alone, and as the digest that a page's own mention of it would have."""
    with Visit.alone(Environment("production", True, {}, "")) as visit:
        wanted = visit.digest("host", kept) if kept else ""
        assert _number(Place(where, 443, "DNS"), visit) == Known(wanted)
        assert _number(Place(where, 443, "reach_at"), visit) == Known("")


def test_what_only_looks_like_a_file_costs_no_request(serve: Serve) -> None:
    """Names in a sentence, keys of a table of modules, and files of other hosts are not asked for."""
    server = serve(app_js=script('t={"./af.js":1};a="Node.js";b=("package.json");f("//cdn.test/x.js")'))
    seen(server)
    asked = {line.split()[1] for line in server.asked}
    assert asked == {"/", "/app.js", "/health", "/login", "/package.json"}


def test_a_frame_that_does_not_answer_is_no_frame_that_was_read(serve: Serve) -> None:
    """One that is gone shows nothing; one that leads elsewhere, or fails, leaves the bundle unknown."""
    frame = "<iframe src=/frame></iframe>"
    assert isinstance(seen(serve(login=frame, frame=Page("", 404))).bundle, Known)
    for answer in (Page("", 302, {"location": "/else"}), Page("", 500)):
        facts = seen(serve(login=frame, frame=answer))
        assert isinstance(facts.bundle, Unknown)
        assert "a page of its own host answers" in facts.bundle.reason


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ({"app_js": Page("", 500)}, "answers 500"),
        ({"app_js": Page("", 302, {"location": "/moved.js"})}, "answers 302"),
        ({"app_js": script("x" * (4 * 2**20 + 1))}, "more than"),
        ({"app_js": Page("x", headers={"content-encoding": "gzip"})}, "encoded"),
        ({"login": Page("no", 401)}, "/login answers 401"),
        ({"login": Page("{}", headers={"content-type": "application/json"})}, "no page"),
        ({"login": Page("", 302, {"location": "https://login.example.test/"})}, "another host"),
        ({"home": "".join(f'<script src="/s{n}.js"></script>' for n in range(61))}, "more than 60 files"),
    ],
    ids=["error", "moved", "large", "encoded", "closed", "no-html", "login-elsewhere", "many"],
)
def test_what_cannot_be_read_is_unproven_and_says_what_would(
    serve: Serve, pages: dict[str, Page | str], reason: str
) -> None:
    """Never ISOLATED by what was not seen."""
    facts = seen(serve(**pages))
    assert isinstance(facts.bundle, Unknown)
    assert reason in facts.bundle.reason
    assert facts.bundle.remedy or "encoded" in reason or "more than" in reason
    sides = Side("production", True, AT, _elsewhere(facts)), Side("staging", False, AT, facts)
    judged = bundle(Question(*sides, DECLARED))
    assert judged.outcome is Outcome.UNPROVEN
    assert judged.remedy


def test_a_page_that_fails_leaves_hops_and_cookies_unknown(serve: Serve) -> None:
    """A page too large, or that leads on for ever, is no page without cookies; the health answer counts."""
    ring = {f"r{n}": Page("", 302, {"location": f"/r{n + 1}"}) for n in range(8)}
    for pages in ({"home": "x" * (2**20 + 1)}, {"home": Page("", 302, {"location": "/r0"}), **ring}):
        facts = seen(serve(**pages))
        assert isinstance(facts.hops, Unknown)
        assert isinstance(facts.cookies, Unknown)
        assert facts.named == Known("staging")


def test_a_script_that_does_not_exist_runs_nothing(serve: Serve) -> None:
    """What no browser could load leaves the rest of the bundle known."""
    facts = seen(serve(app_js=Page("", 404), login=f'<form action="{PRODUCTION}/login">'))
    assert named(facts, "www.production.test") == {("page", "plain", "used")}


def test_a_declared_page_of_another_host_is_never_asked_for(serve: Serve) -> None:
    """Staging's visit goes to staging alone, whatever the manifest calls a page."""
    server = serve()
    for page in (f"{PRODUCTION}/login", "//www.production.test/", "http:///www.production.test"):
        facts = seen(server, declared=replace(DECLARED, pages=(page,)))
        assert isinstance(facts.hops, Unknown)
        assert "no path of this service" in facts.hops.reason


@pytest.mark.parametrize(
    ("pages", "read"),
    [
        ({"home": Page("", 404)}, True),
        ({"home": Page("", 401)}, True),
        ({"home": Page("", 503)}, False),
        ({"home": Page("", 429)}, False),
        ({"login": Page("", 404)}, False),
        ({"login": Page("", 401)}, False),
    ],
)
def test_a_front_page_need_not_exist_and_a_declared_one_must(
    serve: Serve, pages: dict[str, Page | str], read: bool
) -> None:
    """An API has none; what was asked for and does not answer is unknown."""
    facts = seen(serve(**pages))
    assert (isinstance(facts.hops, Known), isinstance(facts.cookies, Known)) == (read, read)


def test_chunks_beyond_the_limit_are_told(serve: Serve) -> None:
    """Forty guesses are asked for, and the others counted."""
    server = serve(app_js=script(";".join(f'"assets/page{n}.js"' for n in range(50))))
    facts = seen(server)
    assert isinstance(facts.bundle, Known)
    assert facts.bundle.value.unread == 10
    assert sum("/assets/" in line for line in server.asked) == 40
    sides = Side("production", True, AT, _elsewhere(facts)), Side("staging", False, AT, facts)
    assert "10 further files not read" in bundle(Question(*sides, DECLARED)).limits


def test_a_health_answer_that_leads_away_is_recorded(serve: Serve) -> None:
    """The health path is a page like others in this."""
    facts = seen(serve(health=Page("", 308, {"location": f"{PRODUCTION}/health"})))
    assert isinstance(facts.hops, Known)
    assert [(hop.page, hop.to.shown) for hop in facts.hops.value] == [("/health", PRODUCTION)]


def test_a_page_that_leads_to_itself_is_read(serve: Serve) -> None:
    """A refresh without an address, and a redirect to the same page, lead nowhere."""
    home = Page("<!doctype html>", headers={"content-type": "text/html", "refresh": "30"})
    assert seen(serve(home=home)).hops == Known(())
    assert seen(serve(home=Page("", 302, {"location": "/"}))).hops == Known(())
