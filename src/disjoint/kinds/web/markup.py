"""What a page loads, calls and links to, and where it sends its reader. Pure, and linear in its length.

No tree is built: tags and their attributes are read one after the other, as a browser's tokeniser does.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_OPENING = re.compile(r"<!--|<([a-zA-Z][^\s/>]{0,40})")
# A name may begin with a stray quote or "=": what follows it is an attribute all the same.
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>][^\s/>=]{0,80})(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?")
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title")
}
_MOST = 200
"""Attributes of one tag; what stands behind them is read as text."""
_CITED = frozenset(
    (
        *(
            "alternate",
            "amphtml",
            "author",
            "bookmark",
            "canonical",
            "help",
            "license",
            "me",
            "next",
            "nofollow",
        ),
        *("prev", "privacy-policy", "search", "shortlink", "sitemap", "terms-of-service"),
    )
)
"""Relations of ``<link>`` that no browser asks for by itself."""
_SOURCES = ("src", "href", "xlink:href")
_SEVERAL = frozenset({"srcset", "imagesrcset", "ping"})
"""Attributes that hold more addresses than one, with blanks between."""
_COUNTED = frozenset({"data-domain", "data-domains"})
"""Under which name an analytics script counts its readers: it calls its own host."""
_TOLD = frozenset({"application/ld+json", "speculationrules"})
"""Types of ``<script>`` that machines read: of any other, a program or a program's loader makes use."""
_ENTITY = re.compile(r"&(?:#[xX]?[0-9a-fA-F]{1,8};?|[a-zA-Z][a-zA-Z0-9]{0,31};)")
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,\s]\s*(?:url\s*=\s*)?[\"']?([^\"']*)", re.IGNORECASE)


@dataclass(slots=True)
class Markup:
    """What a page says, by what it is for."""

    scripts: list[str] = field(default_factory=list)
    """References to scripts that it loads."""
    frames: list[str] = field(default_factory=list)
    """References to pages that it shows within itself."""
    sheets: list[str] = field(default_factory=list)
    """References to stylesheets."""
    used: list[str] = field(default_factory=list)
    """Programs, and attributes that make a browser ask or that programs read."""
    cited: list[str] = field(default_factory=list)
    """Links, canonical addresses, policies and text: nothing is asked before somebody follows them."""
    refresh: list[str] = field(default_factory=list)
    """Where ``<meta http-equiv=refresh>`` sends the reader."""
    bases: list[str] = field(default_factory=list)
    """``<base href>``: what relative references are relative to."""


def read_markup(text: str) -> Markup:
    """Read a page. Never raises."""
    page, at = Markup(), 0
    while found := _OPENING.search(text, at):
        page.cited.append(text[at : found.start()])
        if found[1] is None:
            at = _after(text, "-->", found.end() - 2, page)  # "<!-->" is whole
            continue
        name = found[1].lower()
        stated, at = _attributes(text, found.end())
        _take(page, name, stated)
        if name in _RAW:
            closing = _RAW[name].search(text, at)
            end = closing.start() if closing else len(text)
            _take_raw(page, name, stated, text[at:end])
            at = end
    page.cited.append(text[at:])
    return page


def refresh_of(text: str) -> str:
    """The reference in a refresh: ``5; url=/login``; empty where the page is only loaded again."""
    found = _REFRESH.match(text)
    return found[1].strip() if found else ""


def _after(text: str, ending: str, start: int, page: Markup) -> int:
    end = text.find(ending, start)
    end = len(text) if end < 0 else end
    page.cited.append(text[start:end])
    return end


def _attributes(text: str, at: int) -> tuple[Mapping[str, str], int]:
    """The first of each name counts, as browsers have it."""
    stated: dict[str, str] = {}
    for _ in range(_MOST):
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            break
        value = found[2] or found[3] or found[4] or ""
        stated.setdefault(found[1].lower(), value)
        at = found.end()
    return stated, at


def _take(page: Markup, name: str, stated: Mapping[str, str]) -> None:
    match name:
        case "script":
            # within a drawing, a script is named as a drawing's other parts are
            page.scripts += next(filter(None, (_meant(stated, name) for name in _SOURCES)), [])
            _split(page, stated, _COUNTED)
        case "iframe" | "frame":
            page.frames += _meant(stated, "src")
            _split(page, stated, frozenset({"title"}))
        case "a" | "area":
            _split(page, stated, frozenset() if _is_program(stated) else frozenset({"href"}))
        case "link":
            _take_link(page, stated)
        case "meta":
            _take_meta(page, stated)
        case "base":
            page.bases += _meant(stated, "href")
            _split(page, stated, frozenset())
        case _:
            _split(page, stated, frozenset({"alt", "title", "cite"}))


def _take_link(page: Markup, stated: Mapping[str, str]) -> None:
    words = set(stated.get("rel", "").lower().split())
    if "modulepreload" in words or ("preload" in words and stated.get("as", "").lower() == "script"):
        page.scripts += _meant(stated, "href")
    if "stylesheet" in words:
        page.sheets += _meant(stated, "href")
    _split(page, stated, frozenset({"href"}) if words and words <= _CITED else frozenset())


def _take_meta(page: Markup, stated: Mapping[str, str]) -> None:
    content, equivalent = plain(stated.get("content", "")), stated.get("http-equiv", "").strip().lower()
    if equivalent == "refresh":
        page.refresh += [target] if (target := refresh_of(content)) else []
        return
    called = stated.get("property", "") or stated.get("name", "") or stated.get("itemprop", "")
    cited = equivalent.startswith("content-security-policy") or re.match(
        r"(?:og|twitter|fb|article|al|dc|msapplication)[:.-]|description\Z|author\Z|url\Z", called.lower()
    )
    _split(page, stated, frozenset({"content"}) if cited else frozenset())


def _split(page: Markup, stated: Mapping[str, str], cited: frozenset[str]) -> None:
    for name, value in stated.items():
        said = value.split() if name in _SEVERAL else [value.strip()]
        (page.cited if name in cited else page.used).extend(said)


def _take_raw(page: Markup, name: str, stated: Mapping[str, str], content: str) -> None:
    """Structured data (``application/ld+json``) and text are read by machines and people, never called."""
    kind = stated.get("type", "").partition(";")[0].strip().lower()
    program = name == "script" and kind not in _TOLD
    (page.used if program or name == "style" else page.cited).append(content)
    if program and kind == "importmap":
        page.scripts += _mapped(content.partition(">")[2])


def _mapped(content: str) -> list[str]:
    """What an import map's names stand for: the page's programs load it by those names."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return []
    match read:
        case {"imports": dict(named)}:
            return [
                to for to in named.values() if isinstance(to, str) and to.partition("?")[0].endswith("js")
            ]
        case _:
            return []


def plain(text: str) -> str:
    """An attribute's text with its character references read."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _meant(stated: Mapping[str, str], name: str) -> list[str]:
    """The reference in an attribute, if there is one."""
    return [reference] if (reference := plain(stated.get(name, ""))) else []


def _is_program(stated: Mapping[str, str]) -> bool:
    return plain(stated.get("href", "")).strip().lower().startswith("javascript:")


def texts(values: list[str]) -> Iterator[str]:
    """Values in one text each a reader can search: short ones together, quoted, so that they do not meet."""
    short = [value for value in values if len(value) < 4096 and "\n" not in value]
    yield "\n".join(f'"{value}"' for value in short)
    yield from (value for value in values if len(value) >= 4096 or "\n" in value)
