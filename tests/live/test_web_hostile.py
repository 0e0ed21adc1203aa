"""Pages and headers that a browser reads to the end, though they are written oddly."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from peer import answering, page

from disjoint.kinds.web.address import parse
from disjoint.kinds.web.crawl import _Crawl
from disjoint.kinds.web.facts import WebDeclared, WebFacts
from disjoint.kinds.web.loads import Guess
from disjoint.kinds.web.locate import Spot
from disjoint.kinds.web.markup import read_markup
from disjoint.kinds.web.observe import observe
from disjoint.kinds.web.surface import bundle, cookie_scope, redirect
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live
AT = datetime(2026, 1, 10, tzinfo=UTC)
KEY = RunKey()
DECLARED = WebDeclared(url="$WEB_URL", bundle=True)
HOST, PARENT = "www.staging.test", "Set-Cookie: session=1; Domain=staging.test"
API = "https://www.production.test"
HTML = "Content-Type: text/html"
ENCODED = base64.b64encode(f'{{"name": "Café", "api": "{API}"}}'.encode()).decode()


def seen(answer: bytes) -> WebFacts:
    """What is seen of a service that answers everything alike."""
    variables = {"WEB_URL": Variable("WEB_URL", Known(Secret(f"http://{HOST}")), ".env:1")}
    with answering([answer]) as peer, Deadline(10) as deadline:
        where = Environment("staging", False, variables, "", {f"{HOST}:80": f"127.0.0.1:{peer.port}"})
        visit = Visit(where, deadline, Seats(), Tally(protected=False), KEY)
        return observe(target(Resource("site", "web", DECLARED), where), visit)


def asked(facts: WebFacts, production: str) -> Question[WebFacts, WebDeclared]:
    """Beside a production at this address that sends nobody away and sets no cookie."""
    address = parse(production)
    quiet = replace(facts, address=Known(address), hops=Known(()), cookies=Known(()))
    theirs = replace(quiet, mark=Known(KEY.digest("host", address.host)))
    return Question(Side("production", True, AT, theirs), Side("staging", False, AT, facts), DECLARED)


def bundled(body: str | bytes, production: str = API) -> Judgement:
    """What the bundle rule says of one page."""
    octets = body if isinstance(body, bytes) else body.encode()
    return bundle(asked(seen(page(octets, "200 OK", HTML)), production))


@pytest.mark.parametrize(
    "body",
    [
        f'<script type="application/x-javascript">api = "{API}"</script>',
        f'<script type="1a2b3c-text/javascript">api = "{API}"</script>',
        f'<div class="x"" data-api="{API}"></div>',
        f'<script async""defer="" data-api="{API}"></script>',
        f'<script src="{API}/app.js"></script>',
        f'<script data-api="{API}">start(document.currentScript)</script>',
        f'<!--><script>api = "{API}"</script><!-- -->',
        f"<a href=\"javascript:fetch('{API}/x')\">delete</a>",
        f'<script>config = atob("{ENCODED}")</script>',
        f'\ufeff<script>api = "{API}"</script>'.encode("utf-16-le"),
    ],
)
def test_what_a_browser_runs_is_use_however_it_is_written(body: str | bytes) -> None:
    """Types of scripts, stray quotes, empty comments, links that are programs, other encodings."""
    assert bundled(body).outcome is Outcome.SHARED


def test_a_link_and_structured_data_still_call_nothing() -> None:
    """What machines and people read is noted, and no alarm."""
    told = f'<script type="application/ld+json">{{"url": "{API}"}}</script><a href="{API}">to the shop</a>'
    told += '<script data-domain="www.production.test">count()</script>'
    assert bundled(told).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    "content",
    [
        "0;url=https:&#x2F;&#x2F;www.production.test/",
        "0;url=https&colon;//www.production.test/",
        "0&#59;URL='//www.production.test'",
    ],
)
def test_a_refresh_is_read_with_its_character_references(content: str) -> None:
    """HTML writes a colon and a slash in several ways."""
    facts = seen(page(f'<meta http-equiv=refresh content="{content}">'.encode(), "200 OK", HTML))
    assert redirect(asked(facts, API)).outcome is Outcome.SHARED


def test_a_header_is_read_as_utf_8() -> None:
    """Full-width letters in a host are letters to a browser."""
    start, rest = page(b"", "302 Found", "Location: https://@/").split(b"@")
    facts = seen(start + "\uff57ww.production.test".encode() + rest)
    assert redirect(asked(facts, API)).outcome is Outcome.SHARED


def test_a_line_that_is_no_header_does_not_hide_those_behind_it() -> None:
    """A browser passes over it; the library would drop the rest: no whole answer is no word on cookies."""
    for line in ("no header at all", "Spaced : name"):
        facts = seen(page(b"x", "200 OK", HTML, line, PARENT))
        assert cookie_scope(asked(facts, "http://api.staging.test")).outcome is Outcome.UNPROVEN
    facts = seen(page(b"x", "200 OK", HTML, "X-By: A\xc5ngstr\xf6m", PARENT))
    assert cookie_scope(asked(facts, "http://api.staging.test")).outcome is Outcome.SHARED


def test_what_an_import_map_names_is_loaded() -> None:
    """Programs load it by a name that says nothing of where it is."""
    text = '<script type="importmap">{"imports": {"app": "/app-1.js?v=2", "css": "/a.css"}}</script>'
    assert read_markup(text).scripts == ["/app-1.js?v=2"]


def test_a_file_that_was_guessed_first_is_read_as_what_it_is() -> None:
    """A chunk that is named before it is loaded counts among the scripts, whatever the number of guesses."""
    home = Spot(parse("http://www.staging.test"), "/")
    with Visit.alone(Environment("staging", False, {}, "")) as visit:
        read = _Crawl(home, visit)
        read.guess(home, Guess("assets/app.js", called=False))
        read.expect("script", home, "/assets/app.js")
    assert [spot.path for _, spot in read.waiting] == ["/assets/app.js"]
