"""Which hosts a bundle names, and what a page loads, calls and cites."""

from __future__ import annotations

import base64
import functools
import random
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.kinds.web.markup import read_markup, refresh_of, texts
from disjoint.kinds.web.mentions import linked, named_mark, namings

HOST = "api.shop.example"
URL = f"https://{HOST}/v1"


def uses(text: str) -> set[tuple[str, str]]:
    """How the text names the host, and in which form."""
    return {(naming.use, naming.form) for naming in namings(text) if naming.host.partition(":")[0] == HOST}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (f'fetch("{URL}")', "plain"),
        (f'fetch("https://{HOST.upper()}./v1")', "plain"),
        (f'socket("wss://{HOST}:8443/ws")', "plain"),
        (f'host:"{HOST}"', "plain"),
        (f'window.location.href="{URL}"', "plain"),
        (f'new URL("/v1","{URL}")', "plain"),
        (f'fetch("//{HOST}/v1")', "plain"),
        (f'base="{HOST}?v=1"', "plain"),
        (f"@import url( https://{HOST}/s.css )", "plain"),
        (f'fetch("https://user:pw@{HOST}/")', "plain"),
        (URL.replace("/", "\\/"), "plain"),
        (URL.replace("/", "\\\\\\/"), "plain"),
        (URL.replace(":", "%3A").replace("/", "%2F"), "plain"),
        (URL.replace(".", "%2e"), "escaped"),
        (URL.replace(".", "%252e"), "escaped"),
        (URL.replace(".", "\\u002e"), "escaped"),
        (URL.replace(".", "\\u{002e}").replace("/", "\\u002f"), "escaped"),
        (URL.replace("a", "\\x61"), "escaped"),
        (URL.replace(".", "&#46;"), "escaped"),
        (URL.replace(".", "&#x2e;").replace(":", "&colon;"), "escaped"),
        ('"https://api."+"shop.example"', "split"),
        ("'https://api.' +\n  'shop' + `.example/v1`", "split"),
        ('"https://"+"api"+"."+"shop"+".example"', "split"),
        ('["api", "shop", "example"].join(".")', "split"),
        ('"https://".concat("api.shop", ".example", "/v1")', "split"),
        ("`https://${'api'}.${\"shop\"}.example`", "split"),
        (f'atob("{base64.b64encode(URL.encode()).decode()}")', "base64"),
        (base64.urlsafe_b64encode(f'{{"api":"{URL}"}}'.encode()).decode().rstrip("="), "base64"),
        (base64.b64encode(base64.b64encode(URL.encode()) + b".js").decode(), "base64"),
    ],
)
def test_a_host_is_found_however_it_is_written(text: str, form: str) -> None:
    """Plain, escaped, put together from literals, or in base64."""
    assert uses(text) == {("used", form)}


@pytest.mark.parametrize(
    "text",
    [
        f"https://{HOST}.evil.example/",
        f"https://my-{HOST}/",
        f"https://x.{HOST}/",
        f"https://evil.example/{HOST}",
        '"staging."+"api.shop.example"',
        "location.api.shop.example()",
        '"https://api." + name + ".example"',
        '["api", name, "example"].join(".")',
        "https://api-shop.example",
        "",
    ],
)
def test_another_host_is_not_taken_for_it(text: str) -> None:
    """Longer names, shorter names, paths, members of objects, and what variables fill in."""
    assert uses(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        f'<a href="{URL}">',
        f"<a href={URL}>",
        f'{{label:"API",href:"{URL}"}}',
        f'self.__next_f.push([1,"{{\\"href\\":\\"{URL}\\"}}"])',
        f'{{"canonical":"{URL}"}}',
        f"<loc>{URL}</loc>",
        f"// production is {URL}",
        f'throw Error("see {URL} for more")',
        f"/*\n * {URL}\n */",
        f'"docs:\\n{URL}"',
        f'{{"terms":"read [our terms]({URL})"}}',
    ],
)
def test_a_link_in_a_program_is_no_call(text: str) -> None:
    """What a person has to follow is told apart by what stands before it."""
    assert {use for use, _ in uses(text)} == {"linked"}


def test_text_that_is_cited_is_only_linked() -> None:
    """The same URL counts by what it stands in."""
    assert {naming.use for naming in linked(f'"{URL}"')} == {"linked"}


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("API.shop.example", HOST),
        ("api.shop.example:443", HOST),
        ("api.shop.example:80", HOST),
        ("api.shop.example:8443", HOST),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("localhost:3000", ""),
        ("10.0.0.1", ""),
        ("db.railway.internal", ""),
        ("api.shop.example:99999", ""),
    ],
)
def test_a_mark_is_a_public_name_on_any_port(name: str, mark: str) -> None:
    """Private names mean another place in each network, and mark none."""
    assert named_mark(name) == mark


PAGE = """<!doctype html><html><head><base href="/shop/">
<!-- <meta http-equiv="refresh" content="0; url=https://comment.example/"> <script src="/no.js"></script> -->
<META HTTP-EQUIV=refresh content='5; URL="https://next.example/"'>
<link rel="canonical" href="https://cited.example/"><link rel=modulepreload href=/module.js>
<link rel="stylesheet" href="https://style.example/a.css"><link rel=preload as=script href=/early.js>
<meta property="og:url" content="https://cited2.example/"><meta name="api" content="https://meta.example/">
<meta http-equiv="Content-Security-Policy" content="connect-src https://cited3.example">
<script>if (a < b) fetch("https://inline.example/<p>")</script><script src='app.js' defer></script>
<script type="application/ld+json">{"url": "https://cited4.example"}</script></head>
<body><a href="https://cited5.example/" ping="https://ping.example/">see https://cited6.example</a>
<textarea><script src="/no.js"></script></textarea><form action="https://form.example/">
<img src="https://image.example/a.png" alt="https://cited7.example"><iframe src=https://frame.example></iframe>"""


def hosts(values: list[str]) -> set[str]:
    """Every host that the values name, without its domain."""
    return {naming.host.partition(".")[0] for text in texts(values) for naming in namings(text)}


def test_a_page_is_read_by_what_each_part_is_for() -> None:
    """Scripts, what a browser asks for by itself, and what it only shows; comments and text are not live."""
    page = read_markup(PAGE)
    assert page.scripts == ["/module.js", "/early.js", "app.js"]
    assert page.refresh == ["https://next.example/"]
    assert page.bases == ["/shop/"]
    assert hosts(page.used) == {"style", "meta", "inline", "app", "ping", "form", "image", "frame"}
    assert {f"cited{n}" for n in range(2, 8)} | {"cited", "comment"} <= hosts(page.cited)


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/login", "/login"),
        ("0;URL='https://x.example/'", "https://x.example/"),
        ("5, /next", "/next"),
        ("5", ""),
        ("", ""),
        ("; url=/x", "/x"),
    ],
)
def test_a_refresh_without_an_address_is_none(content: str, target: str) -> None:
    """Only loading the same page again leads nowhere."""
    assert refresh_of(content) == target


@given(st.text(max_size=400))
def test_no_text_breaks_the_readers(text: str) -> None:
    """Whatever a service sends, names come of it or none; the marks of names never raise."""
    for naming in namings(text):
        named_mark(naming.host)
    read_markup(text)
    refresh_of(text)


_PLAIN = re.compile(r"[A-Za-z0-9.-]+")
LABEL = st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True)


@given(LABEL, LABEL, st.sampled_from(["com", "example", "co.uk"]), st.randoms(use_true_random=False))
def test_a_host_is_found_wherever_it_is_cut(a: str, b: str, top: str, chance: random.Random) -> None:
    """Any cut into literals that a program puts together again."""
    url = f"https://{a}.{b}.{top}/"
    at = sorted(chance.sample(range(1, len(url) - 1), 3))
    pieces = [url[start:end] for start, end in zip([0, *at], [*at, len(url)], strict=True)]
    for text in ("+".join(f'"{p}"' for p in pieces), f"[{','.join(map(repr, pieces))}].join('')"):
        assert f"{a}.{b}.{top}" in {naming.host for naming in namings(text)}


def _seconds(read: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started


@functools.cache
def _minified(octets: int) -> str:
    chance = random.Random(7)
    words = (
        "window.location.href", "function(e,t){return e.call(this,t)}", '"foo"+', '"bar.baz"', "[1,2,3]",
        '.join(",")', "https://a.b.c/d", '["a","b"].join("-")', "%20", "\\n", "\\u00e9", "{a:1,b:'t'}", "&&",
        "abcdefghijklmnopqrstuvwxyz", "aGVsbG8gd29ybGQgZm9vYmFyLmNvbQ==",
    )  # fmt: skip
    return "".join(chance.choice(words) + chance.choice(";,()") for _ in range(octets // 8))[:octets]


@pytest.mark.parametrize(
    "hostile", ["", '"', "\\", "/", "a.", '"+', '["a",', '".concat("a",', "//a-", "%25", "<a b='c"]
)
def test_two_megabytes_in_one_line_take_no_time(hostile: str) -> None:
    """A minified bundle takes some six times what one plain search of it does, a hostile one not much more.

    The search is made beside it: how fast a machine is, and how busy, changes both alike.
    """
    octets = 2_000_000
    text = hostile * (octets // len(hostile)) if hostile else _minified(octets)
    spent = [(_seconds(namings, text), _seconds(_PLAIN.findall, _minified(octets))) for _ in range(3)]
    found, searched = (min(times) for times in zip(*spent, strict=True))
    assert found < (40 if hostile else 12) * searched


@pytest.mark.parametrize(
    "hostile", ["<", "<a ", '<a b="', "<script>", "<!--", "<title", "<a b ", "</script", "<a/"]
)
def test_two_megabytes_of_broken_markup_take_no_time(hostile: str) -> None:
    """No tag, quote or comment that is left open makes the reader start over."""
    started = time.process_time()
    read_markup(hostile * (2_000_000 // len(hostile)))
    assert time.process_time() - started < 2.0
