"""Web addresses: our own cases, urllib as the differential, and hostile text."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from disjoint.kinds.web.address import Origin, compare, compare_text, parse

CASES = [json.loads(line) for line in (Path(__file__).with_name("web_cases.jsonl")).read_text().splitlines()]
PASSWORD = "hunter2Zq9"
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HOSTS = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
SCHEMES = st.sampled_from(["http", "https", "ws", "wss"])
PORTS = st.none() | st.integers(1, 65535)
PATHS = st.sampled_from(["", "/", "/v1", "?x=1", "#y", "/a@b", "/a:b", "/\\x"])
PIECES = st.sampled_from(
    [
        *("https:", "http://", "//", "\\", "/", "@", ":", "?", "#", "[", "]", "::1", "%2e", "%40", "%zz"),
        *(
            "api.example.com",
            "127.1",
            "0x7f",
            "256",
            "xn--",
            "${X}",
            "*",
            "\t",
            "\n",
            "\x00",
            "ß",
            "\u202e",
            "。",
        ),
    ]
)
HOSTILE = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_pair_of_urls_is_judged_as_browsers_and_clients_read_it(case: dict[str, str | None]) -> None:
    """Both orders give the verdict of the case, and the server's."""
    for left, right in ((case["a"], case["b"]), (case["b"], case["a"])):
        found = compare_text(left, right)
        assert found.verdict == case["expect"], found.why
        assert found.server == case.get("server")


@given(SCHEMES, HOSTS, PORTS, PATHS)
def test_a_plain_url_is_read_as_urllib_reads_it(scheme: str, host: str, port: int | None, path: str) -> None:
    """Scheme, host and port agree wherever nothing is odd."""
    url = f"{scheme}://{host}" + ("" if port is None else f":{port}") + path
    split, found = urlsplit(url), parse(url)
    assert not found.fault + found.doubt
    assert (found.scheme, found.host) == (split.scheme, split.hostname)
    assert found.port == (split.port or {"http": 80, "ws": 80}.get(scheme, 443))


@given(HOSTILE)
@example("https://api.example.com\\@prod.example.com/")
@example("https:api.example.com")
@example("https:///api.example.com")
def test_where_urllib_would_reach_another_host_the_answer_is_never_same(text: str) -> None:
    """A text that browsers and urllib send to two names is doubtful."""
    found = parse(text)
    if found.fault or found.doubt:
        return
    try:
        theirs = parse(f"http://{urlsplit(text.strip()).hostname or ''}/")
    except ValueError:
        return
    assert theirs.fault or theirs.doubt or theirs.host == found.host or "\\" in text or "%" in text


def test_an_origin_is_normalised() -> None:
    """Case, default port and trailing dot are gone."""
    assert parse("HTTPS://Api.Example.COM.:443/x").origin == Origin("https", "api.example.com", 443)
    assert parse("wss://api.example.com").origin == Origin("wss", "api.example.com", 443)


def test_a_doubtful_address_still_tells_its_host() -> None:
    """Scheme-less text is read as https and marked."""
    found = parse("api.example.com/v1")
    assert found.host == "api.example.com"
    assert found.doubt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p@Api.example.com:443/x?y", "https://api.example.com"),
        ("http://api.example.com:8080", "http://api.example.com:8080"),
        ("http://[2606:4700::1]:8080/", "http://[2606:4700::1]:8080"),
        ("https://u:1234/5@api.example.com/", "https://•••"),
    ],
)
def test_an_address_is_shown_without_credentials_path_and_query(text: str, shown: str) -> None:
    """Where a slash in a password may have made it the host, nothing is shown."""
    assert parse(text).shown == shown


@given(HOSTILE, HOSTILE)
def test_hostile_text_never_crashes_and_order_never_matters(a: str, b: str) -> None:
    """An address compared with itself is never different."""
    left, right = parse(a), parse(b)
    assert compare(left, right).verdict == compare(right, left).verdict
    assert compare(left, left).verdict != "different"
    assert bool(left.fault) == (compare(left, left).verdict == "invalid")


@given(HOSTS, st.sampled_from(["u:p@", "staging@", "a@b:c@", ":x@", "u:p%40s@", "u:$HOME@"]), PATHS)
def test_credentials_never_change_the_answer(host: str, login: str, path: str) -> None:
    """What stands before the last @ chooses no server."""
    assert compare_text(f"https://{login}{host}{path}", f"https://{host}/").verdict == "same"


@given(HOSTS, HOSTS)
def test_another_name_is_never_proven_to_be_another_server(a: str, b: str) -> None:
    """DNS may lead both to one machine."""
    expected = "same" if a == b else "unknown"
    assert compare_text(f"https://{a}", f"https://{b}").verdict == expected


@given(
    HOSTILE,
    st.sampled_from(["https://u:{}{}@h.example.com/", "u:{}{}@h.example.com", "https://u:{}/{}@h.test/"]),
)
def test_a_password_is_never_shown(noise: str, template: str) -> None:
    """Neither in what is shown nor in a fault, a doubt or a reason, whatever stands after it."""
    found = parse(template.format(PASSWORD, noise))
    said = [found.shown, found.fault, found.doubt, *compare(found, parse("https://api.example.com"))]
    assert PASSWORD not in " ".join(map(str, said))
