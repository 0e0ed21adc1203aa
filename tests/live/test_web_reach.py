"""Tokens, origins and nonces at real applications' doors, and what production's log shows of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from peer import answering, answering_each, page

from disjoint.demo.servers.web import ACCOUNT, CANARY, Doors, Page, Upstream, WebServer
from disjoint.demo.storefront import api_doors, api_pages
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.web import canary
from disjoint.kinds.web.cors import ask_both
from disjoint.kinds.web.facts import Asker, Cors, Door, Reply, WebDeclared
from disjoint.kinds.web.reach import reach
from disjoint.kinds.web.token import TokenKind
from disjoint.model.environment import Environment, Variable
from disjoint.model.experiment import Pair, Party
from disjoint.model.fact import Known, Unknown
from disjoint.model.manifest import Resource, target
from disjoint.model.probe import ProbeError
from disjoint.model.secret import Secret
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Visit

pytestmark = pytest.mark.live
KEYS = {"production": "p" * 36, "staging": "s" * 36}
DECLARED = WebDeclared(
    url="$API_URL",
    origin="$WEB_URL",
    cors=True,
    reach=True,
    token_path=ACCOUNT,
    secret_key="$SECRET_KEY",
    canary=CANARY,
)
ASKERS: tuple[Asker, ...] = ("own", "other", "other", "null", "stranger")
CLOSED = tuple(Reply(asker, "it" if asker == "own" else "nobody", asker == "own") for asker in ASKERS)
"""What an application allows that lists its own pages only, with credentials."""


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as started:
        yield started


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> WebServer:
    return serve(supervisor, "staging", "api-staging", api_doors("staging", KEYS["staging"]))


def serve(supervisor: Supervisor, half: str, name: str, doors: Doors, **pages: Page) -> WebServer:
    told = {f"/{path}": body for path, body in pages.items()}
    return WebServer.start(supervisor, name, {**api_pages(half), **told}, doors)


def party(
    half: str, port: int, visit: Visit, declared: WebDeclared = DECLARED, **variables: str
) -> Party[WebDeclared]:
    """One environment's part, with the variables that an application has."""
    said = {"API_URL": f"http://127.0.0.1:{port}", "WEB_URL": f"http://www.{half}.test"} | {
        "SECRET_KEY": KEYS[half]
    }
    filled = {n: Variable(n, Known(Secret(v)), "") for n, v in {**said, **variables}.items() if v}
    where = Environment(half, half == "production", filled, "")
    return Party(target(Resource("api", "web", declared), where), visit)


@dataclass(frozen=True, slots=True)
class Both:
    """A pair over two ports, and what was sent where."""

    pair: Pair[WebDeclared]
    tallies: tuple[Tally, Tally]

    @property
    def sent(self) -> list[dict[str, int]]:
        """Commands to production, and to staging."""
        return [dict(tally.footprint().commands) for tally in self.tallies]


@contextlib.contextmanager
def between(
    production: int, staging: int, declared: WebDeclared = DECLARED, **variables: str
) -> Iterator[Both]:
    """Both sides' parts, each with a visit of its own."""
    with (
        Visit.alone(Environment("production", True, {}, "")) as ours,
        Visit.alone(Environment("staging", False, {}, "")) as theirs,
    ):
        parties = (
            party("production", production, ours, declared, **variables),
            party("staging", staging, theirs, declared, **variables),
        )
        yield Both(Pair(*parties), (ours.tally, theirs.tally))


@pytest.mark.parametrize(
    ("keys", "door", "gets"),
    [
        (("production",), Door("taken", "refused", "refused", "200, 401, 401, 200"), 4),
        (("production", "staging"), Door("taken", "refused", "taken", "200, 401, 200"), 3),
        (("staging",), Door("refused", "refused", "not asked", "401, 401"), 2),
        ((), Door("unclear", "unclear", "not asked", "404, 404"), 2),
    ],
    ids=["own", "both", "other", "gone"],
)
def test_a_token_is_tried_once_and_beside_controls_and_only_in_production(
    supervisor: Supervisor, keys: tuple[str, ...], door: Door, gets: int
) -> None:
    """Without both controls staging's token is not even sent; the log shows GETs of one path."""
    production = serve(
        supervisor, "production", f"api-{'-'.join(keys)}", Doors(keys=tuple(KEYS[k] for k in keys))
    )
    with between(production.port, 9) as both:
        assert reach(both.pair) == door
        assert both.sent == [{"GET": gets}, {}]
    assert {line.rpartition(" ")[0] for line in production.asked} == {f"GET {ACCOUNT}"}


def test_a_door_that_shuts_after_a_refusal_refuses_nobody_in_particular() -> None:
    """Production's own token is asked for again: refused as well, it makes staging's refusal say nothing."""
    answers = iter((200, 401, 403, 403))
    with answering_each(lambda: page(b"", f"{next(answers)} X")) as peer, between(peer.port, 9) as both:
        assert reach(both.pair) == Door("refused", "refused", "refused", "200, 401, 403, 403")


@pytest.mark.parametrize("status", ["301 Moved", "400 Bad", "401 Who", "403 No"])
def test_a_refusal_to_everybody_is_no_word_on_origins(status: str) -> None:
    """A gateway that answers for the application knows nothing of its list."""
    declared = replace(DECLARED, cors=True, origin=None)
    with answering([page(b"", status)]) as peer, between(peer.port, peer.port, declared) as both:
        found = ask_both(both.pair)
    assert isinstance(found.production, Unknown)
    assert isinstance(found.staging, Unknown)


@pytest.mark.parametrize("kind", ["itsdangerous", "django"])
def test_the_other_forms_are_sent_where_the_manifest_says(kind: TokenKind) -> None:
    """A cookie of any name carries them, and no request holds a key."""
    declared = replace(DECLARED, token_kind=kind, token_header="Cookie", token_cookie="sid")
    with answering([page(b"", "200 OK")]) as peer, between(peer.port, 9, declared) as both:
        assert reach(both.pair).own == "taken"
        assert b"\r\nCookie: sid=" in peer.asked[0]
        assert not any(key.encode() in request for key in KEYS.values() for request in peer.asked)


def test_what_is_not_known_is_not_sent(supervisor: Supervisor) -> None:
    """No key, no path, claims that are no object, or another host's path: nothing is asked."""
    faults: tuple[tuple[WebDeclared, dict[str, str]], ...] = (
        (DECLARED, {"SECRET_KEY": ""}),
        (replace(DECLARED, token_path=None), {}),
        (replace(DECLARED, token_path="//api.example.com/account"), {}),
        (replace(DECLARED, token_claims="[1]"), {}),
        (replace(DECLARED, token_claims="{"), {}),
        (replace(DECLARED, secret_key=None), {}),
    )
    for declared, variables in faults:
        with between(9, 9, declared, **variables) as both:
            with pytest.raises(ProbeError) as raised:
                reach(both.pair)
            assert raised.value.remedy
            assert both.sent == [{}, {}]
            assert "pppp" not in str(raised.value)


def test_a_side_that_does_not_answer_is_no_refusal(supervisor: Supervisor) -> None:
    """Nobody at production's door: the test failed."""
    with between(9, 9) as both, pytest.raises(ProbeError):
        reach(both.pair)


def test_origins_are_asked_for_on_both_sides(supervisor: Supervisor, staging: WebServer) -> None:
    """The address and the pages of the other side, none, and a stranger's."""
    doors = api_doors("production", KEYS["production"])
    open_to = {
        "closed": (doors, CLOSED),
        "staging": (
            replace(doors, origins=("http://www.staging.test",)),
            (Reply("own", "nobody", False), CLOSED[1], Reply("other", "it", True), *CLOSED[3:]),
        ),
        "any": (
            replace(doors, origins=("any",)),
            tuple(Reply(r.asker, "it", True) for r in CLOSED),
        ),
        "all": (
            replace(doors, origins=("*",), credentials=False),
            tuple(Reply(r.asker, "everybody", False) for r in CLOSED),
        ),
    }
    for name, (opened, expected) in open_to.items():
        production = serve(supervisor, "production", f"cors-{name}", opened)
        with between(production.port, staging.port) as both:
            assert ask_both(both.pair) == Cors(Known(expected), Known(CLOSED))
            assert both.sent == [{"GET": 5}, {"GET": 5}]
        assert set(production.asked) == {"GET /health 200"}


@pytest.mark.parametrize(
    "stated", ["http://www.elsewhere.test", "http://www.staging.test, *", "HTTP://WWW.STAGING.TEST"]
)
def test_an_origin_that_is_not_the_askers_own_allows_it_nothing(
    supervisor: Supervisor, staging: WebServer, stated: str
) -> None:
    """Browsers compare the header octet for octet with the page's origin, and take no list."""
    told = Page("{}", headers={"access-control-allow-origin": stated})
    production = serve(supervisor, "production", f"cors-fixed-{len(stated)}", Doors(), health=told)
    with between(production.port, staging.port) as both:
        others = tuple(Reply(reply.asker, "others", False) for reply in CLOSED)
        assert ask_both(both.pair).production == Known(others)


def test_a_path_that_errs_allows_nobody_anything(supervisor: Supervisor, staging: WebServer) -> None:
    """An error's headers say nothing of the answers that matter."""
    ill = serve(supervisor, "production", "cors-ill", Doors(), health=Page("", 503))
    with between(ill.port, staging.port) as both:
        found = ask_both(both.pair)
    assert isinstance(found.production, Unknown)
    assert found.production.remedy
    assert found.staging == Known(CLOSED)


def test_a_nonce_is_kept_by_staging_and_shown_by_one_deployment(
    supervisor: Supervisor, staging: WebServer
) -> None:
    """Two applications: staging shows it, production its own alone. One behind a proxy: both show it."""
    production = serve(supervisor, "production", "canary-production", Doors())
    proxy = WebServer.start(supervisor, "canary-proxy", {}, Doors(upstream=Upstream(production.port)))
    for other, seen in ((staging, False), (proxy, True)):
        with between(production.port, other.port) as both, canary.hold(both.pair.staging, 5) as mark:
            assert mark.alive() == {"nonce": Known(True)}
            looked = canary.look(both.pair.production, mark.token)
            assert (looked.own, looked.theirs) == ({"nonce": Known(True)}, {"nonce": Known(seen)})
    assert f"GET {CANARY}?hold 200" in production.asked  # through the proxy alone
    assert f"GET {CANARY}?hold 200" in staging.asked


def test_production_is_never_asked_to_keep_a_nonce(supervisor: Supervisor) -> None:
    """The tally refuses before anything is sent, wherever production stands."""
    production = serve(supervisor, "production", "canary-guarded", Doors())
    with between(production.port, production.port) as both:
        with pytest.raises(ProbeError), canary.hold(both.pair.production, 5):
            pass
        canary.look(both.pair.production, "0" * 32)
    assert set(production.asked) == {f"GET {CANARY}?look 200"}


@pytest.mark.parametrize(
    "answer",
    [
        page(b"OK"),
        page(b'{"marks": "all"}'),
        page(b'{"marks": []}'),
        page(b"", "404 Not Found"),
        page(b"", "302 Found"),
    ],
    ids=["text", "other", "forgets", "gone", "moved"],
)
def test_an_application_that_offers_no_canary_holds_none(answer: bytes) -> None:
    """A page that is something else is told, with what it should be."""
    with answering([answer]) as peer, between(9, peer.port) as both:
        with pytest.raises(ProbeError) as raised, canary.hold(both.pair.staging, 5):
            pass
        assert CANARY in raised.value.remedy


def test_a_control_fails_where_answers_are_stale() -> None:
    """An edge that answers from its cache shows an old list, without the nonce of the look itself."""
    with answering([page(b'{"marks": ["0123456789abcdef"]}')]) as peer, between(peer.port, 9) as both:
        looked = canary.look(both.pair.production, "f" * 32)
    assert looked.own == {"nonce": Known(False)}
