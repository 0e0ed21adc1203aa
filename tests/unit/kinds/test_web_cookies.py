"""What a Set-Cookie line makes a browser keep, and where references lead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.kinds.web.address import parse
from disjoint.kinds.web.cookies import Cookie, covers, read_cookie
from disjoint.kinds.web.locate import Spot, own, resolve
from disjoint.kinds.web.suffixes import is_suffix
from disjoint.model.host import read_host

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def kept(line: str, host: str = "staging.example.com") -> Cookie | None:
    """The cookie that a browser keeps, by the list that ships with the library."""
    return read_cookie(line, read_host(host), is_suffix, NOW)


@pytest.mark.parametrize(
    ("line", "host", "domain", "host_only"),
    [
        ("session=1", "staging.example.com", "staging.example.com", True),
        ("session=1; Path=/; HttpOnly", "staging.example.com", "staging.example.com", True),
        ("session=1; Domain=.Example.COM", "staging.example.com", "example.com", False),
        ("session=1; Domain=", "staging.example.com", "staging.example.com", True),
        ("session=1; Domain=other.com; Domain=example.com", "staging.example.com", "example.com", False),
        ("session=1; Domain=staging.example.com", "staging.example.com", "staging.example.com", False),
        (
            "a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Domain=example.com",
            "x.example.com",
            "example.com",
            False,
        ),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "x.example.com", "x.example.com", True),
        ("a=1; Domain=up.railway.app", "up.railway.app", "up.railway.app", True),
        ("a=1; Domain=127.0.0.1", "127.0.0.1", "127.0.0.1", True),
    ],
)
def test_a_cookie_is_kept_for_its_host_or_its_domain(
    line: str, host: str, domain: str, host_only: bool
) -> None:
    """RFC 6265 §5.3: the last Domain counts, an empty one for nothing, a leading dot for nothing."""
    found = kept(line, host)
    assert found is not None
    assert (found.domain, found.host_only) == (domain, host_only)


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("session=1; Domain=other.com", "staging.example.com"),
        ("session=1; Domain=ample.com", "staging.example.com"),
        ("session=1; Domain=a.staging.example.com", "staging.example.com"),
        ("session=1; Domain=up.railway.app", "shop.up.railway.app"),
        ("session=1; Domain=co.uk", "shop.co.uk"),
        ("session=1; Domain=com", "staging.example.com"),
        ("session=1; Domain=test", "staging.test"),
        ("session=1; Domain=0.0.1", "127.0.0.1"),
        ("__Host-session=1; Domain=example.com", "staging.example.com"),
        ("session=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "staging.example.com"),
        ("session=; Domain=example.com; Max-Age=0", "staging.example.com"),
        ("session=; Domain=example.com; expires=Thu, 01-Jan-70 00:00:01 GMT", "staging.example.com"),
        ("", "staging.example.com"),
    ],
)
def test_what_a_browser_refuses_or_drops_is_no_cookie(line: str, host: str) -> None:
    """Strangers' domains, public suffixes, broken promises, and lines that take a cookie away."""
    assert kept(line, host) is None


@pytest.mark.parametrize(
    ("domain", "host_only", "host", "covered"),
    [
        ("example.com", False, "www.example.com", True),
        ("example.com", False, "example.com", True),
        ("example.com", True, "www.example.com", False),
        ("example.com", True, "example.com", True),
        ("example.com", False, "badexample.com", False),
        ("staging.example.com", False, "www.example.com", False),
        ("0.0.1", False, "127.0.0.1", False),
    ],
)
def test_a_domain_covers_what_ends_with_it(domain: str, host_only: bool, host: str, covered: bool) -> None:
    """Whole labels, names only; a host-only cookie covers its own host."""
    assert covers(Cookie("session", domain, host_only, False), read_host(host)) is covered


@pytest.mark.parametrize(
    ("name", "edge", "shown"),
    [
        ("__cf_bm", True, "__cf_bm"),
        ("AWSALBCORS", True, "AWSALBCORS"),
        ("sessionid", False, "sessionid"),
        ("TSsession", False, "TSsession"),
        ("ya29.a0AfH6SMBx-unlikely-9f86d081884c7d659a2feaa0c55ad015", False, "a cookie"),
    ],
)
def test_an_edges_own_cookies_are_told_apart(name: str, edge: bool, shown: str) -> None:
    """By their vendors' names; a name that may be a secret is not shown."""
    found = kept(f"{name}=1; Domain=example.com")
    assert found is not None
    assert (found.edge, found.name) == (edge, shown)


@given(st.text(max_size=300), st.sampled_from(["staging.example.com", "127.0.0.1", "::1", "localhost"]))
def test_no_line_breaks_the_reader(line: str, host: str) -> None:
    """Whatever a service sends, a cookie or none comes of it, and always one that covers its own host."""
    found = kept(line, host)
    assert found is None or covers(found, read_host(host))


BASE = Spot(parse("https://staging.example.com"), "/shop/cart?x=1")


@pytest.mark.parametrize(
    ("reference", "address", "path"),
    [
        ("https://www.example.com/a?b#c", "https://www.example.com", "/a?b"),
        ("//www.example.com", "https://www.example.com", "/"),
        ("\\\\www.example.com\\a", "https://www.example.com", "/a"),
        ("https:/\\www.example.com", "https://www.example.com", "/"),
        ("https:next", "https://staging.example.com", "/shop/next"),
        ("http:www.example.com/a", "http://www.example.com", "/a"),
        (" h\nttps://www.exa\tmple.com/", "https://www.example.com", "/"),
        ("/login", "https://staging.example.com", "/login"),
        ("../a", "https://staging.example.com", "/a"),
        ("?y=2", "https://staging.example.com", "/shop/cart?y=2"),
        ("", "https://staging.example.com", "/shop/cart?x=1"),
        ("https://user:pw@www.example.com:8443/", "https://www.example.com:8443", "/"),
    ],
)
def test_a_reference_leads_where_browsers_take_it(reference: str, address: str, path: str) -> None:
    """Backslashes, missing slashes and line breaks are no way to hide a host."""
    found = resolve(BASE, reference)
    assert found is not None
    assert (found.address.shown, found.path) == (address, path)


@pytest.mark.parametrize(
    "reference", ["mailto:a@example.com", "javascript:alert(1)", "data:text/html,x", "app://x"]
)
def test_what_no_server_answers_leads_nowhere(reference: str) -> None:
    """Other schemes are no page."""
    assert resolve(BASE, reference) is None


@given(st.text(max_size=200))
def test_no_reference_breaks_the_resolver(reference: str) -> None:
    """Whatever stands in a Location, a page or nothing comes of it."""
    found = resolve(BASE, reference)
    assert found is None or found.path.startswith("/")


def test_only_the_same_listener_or_its_tls_is_its_own() -> None:
    """Another port of one host may be anybody's."""
    base = parse("http://example.com")
    assert own(base, parse("https://example.com"))
    assert not own(base, parse("http://example.com:8001"))
    assert not own(base, parse("http://www.example.com"))
    assert not own(parse("https://example.com"), parse("http://example.com"))
