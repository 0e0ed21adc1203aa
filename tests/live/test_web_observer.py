"""The web observer against real HTTP and HTTPS services, well-meaning and not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from peer import answering, page

from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.web import Page, WebServer, health
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.web.facts import WebDeclared, WebFacts
from disjoint.kinds.web.observe import observe
from disjoint.kinds.web.rules import environment_name, same_deployment
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live
AT = datetime(2026, 1, 10, tzinfo=UTC)
KEY = RunKey()
DECLARED = WebDeclared(url="$API_URL")


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as started:
        yield started


def seen(
    url: str, *, production: bool = False, budget: float = 5.0, reach_at: Mapping[str, str] | None = None
) -> tuple[WebFacts, Tally]:
    """Observe one service, as the runner would."""
    name = "production" if production else "staging"
    variables = {"API_URL": Variable("API_URL", Known(Secret(url)), f".env.{name}:1")}
    where = Environment(name, production, variables, f".env.{name}", reach_at or {})
    tally = Tally(protected=production)
    with Deadline(budget) as deadline:
        visit = Visit(where, deadline, Seats(), tally, KEY)
        return observe(target(Resource("api", "web", DECLARED), where), visit), tally


def test_two_services_that_name_themselves_are_isolated(supervisor: Supervisor) -> None:
    """Each health answer names its own environment and another deployment: identity, in three GETs each."""
    services = {
        name: WebServer.start(supervisor, f"api-{name}", {"/health": health(name, f"0b1c2d3e-{n}")})
        for n, name in enumerate(("production", "staging"))
    }
    ours, _ = seen(
        "https://api.example.test",
        production=True,
        reach_at={"api.example.test:443": f"127.0.0.1:{services['production'].port}"},
    )
    assert isinstance(ours.named, Unknown)  # clear text never answers for an https address
    ours, tally = seen(
        "http://api.example.test",
        production=True,
        reach_at={"api.example.test:80": f"127.0.0.1:{services['production'].port}"},
    )
    theirs, _ = seen(f"http://127.0.0.1:{services['staging'].port}")
    assert (ours.reached, ours.tls, ours.named) == (Known("reach_at"), Known(False), Known("production"))
    asked = Question(Side("production", True, AT, ours), Side("staging", False, AT, theirs), DECLARED)
    for rule in (same_deployment, environment_name):
        found = rule(asked)
        assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    footprint = tally.footprint()
    assert (dict(footprint.commands), footprint.writes) == ({"GET": 3}, 0)


def test_a_certificate_must_be_trusted_for_the_name(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusted and rightly named: TLS and a key; a stranger's or another name's: Unknown, no answer read."""
    authority = Authority.found(supervisor)
    pages = {"/health": health("staging", "0b1c2d3e-9")}
    server = WebServer.start(supervisor, "tls", pages, certificate=authority.issue("api.staging.test"))
    where = {f"{name}.staging.test:443": f"127.0.0.1:{server.port}" for name in ("api", "www")}
    strange, _ = seen("https://api.staging.test", reach_at=where)
    assert isinstance(strange.named, Unknown)
    assert "certificate" in strange.named.reason
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    trusted, _ = seen("api.staging.test", reach_at=where)  # without a scheme: https
    assert (trusted.tls, trusted.named) == (Known(True), Known("staging"))
    assert isinstance(trusted.tls_key, Known)
    misnamed, _ = seen("https://www.staging.test", reach_at=where)
    assert isinstance(misnamed.named, Unknown)
    assert isinstance(misnamed.tls_key, Unknown)


def test_an_identity_that_differs_from_itself_is_none() -> None:
    """One minted for each answer, or for each of several processes, would tell one service from itself."""
    answers = [page(health("staging", f"0b1c2d3e-{n}").body.encode()) for n in range(2)]
    with answering(answers[:1], later=answers[1:]) as peer:
        facts, _ = seen(f"http://127.0.0.1:{peer.port}")
    assert facts.named == Known("staging")
    assert isinstance(facts.deployment, Unknown)
    assert "twice" in facts.deployment.reason


def test_a_redirect_is_told_and_not_followed(supervisor: Supervisor) -> None:
    """A health address that redirects names nothing, and is asked once."""
    with answering([page(b"", "302 Found", "Location: /health")]) as peer:
        facts, _ = seen(f"http://127.0.0.1:{peer.port}")
    assert isinstance(facts.named, Unknown)
    assert "redirects" in facts.named.reason
    assert facts.status == Known(302)
    assert len(peer.asked) == 3  # the health path once, `/`, and where that leads on the same host


@pytest.mark.parametrize(
    "chunks",
    [
        [page(b"<html>Please sign in to this network: staging</html>")],
        [page(b'{"environment": "staging", "environment": "production"}')],
        [page(b"\x1f\x8b" + b"\0" * 500, "200 OK", "Content-Encoding: gzip")],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b'{"environment": "staging"}' * 400] * 40],
        [page(b'{"environment": "staging"}')[:-1]],
        [b"+PONG\r\n"],
    ],
    ids=["portal", "duplicate-names", "gzip", "endless", "truncated", "no-http"],
)
def test_what_is_no_plain_answer_names_nothing(chunks: list[bytes]) -> None:
    """Portals, repeated names, encoded, endless and cut answers are Unknown, with a reason."""
    with answering(chunks) as peer:
        facts, _ = seen(f"http://127.0.0.1:{peer.port}")
    assert isinstance(facts.named, Unknown)
    assert isinstance(facts.deployment, Unknown)
    assert facts.named.reason
    assert peer.methods == {b"GET"}


def test_a_dripping_service_ends_with_the_budget() -> None:
    """One octet now and then holds nobody."""
    started = time.monotonic()
    with answering([b"HTTP/1.1 200 OK\r\n", *[b"x"] * 100], pause=0.1) as peer:
        facts, _ = seen(f"http://127.0.0.1:{peer.port}", budget=1.0)
    assert time.monotonic() - started < 2.0
    assert isinstance(facts.named, Unknown)


def test_nothing_of_the_urls_credentials_is_kept() -> None:
    """Neither the facts nor the request hold what stood before the @."""
    with answering([page(b'{"environment": "staging", "token": "hunter2-hunter2"}')]) as peer:
        facts, _ = seen(f"http://user:hunter2-hunter2@127.0.0.1:{peer.port}/x?key=hunter2-hunter2")
    assert facts.named == Known("staging")
    assert "hunter2" not in repr([getattr(facts, f.name) for f in fields(facts)])
    assert b"hunter2" not in peer.asked[0]


def test_an_unset_address_is_unknown_everywhere() -> None:
    """No variable, no visit."""
    facts, tally = seen("")
    assert all(isinstance(getattr(facts, f.name), Unknown) for f in fields(facts))
    assert tally.footprint().reads == 0


def test_the_page_of_an_error_is_no_answer(supervisor: Supervisor) -> None:
    """Another status than a plain success speaks for nobody."""
    pages = {"/health": Page('{"environment": "staging"}', 503)}
    server = WebServer.start(supervisor, "ill", pages)
    facts, _ = seen(f"http://127.0.0.1:{server.port}")
    assert facts.status == Known(503)
    assert isinstance(facts.named, Unknown)
