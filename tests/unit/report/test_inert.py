"""Foreign text cannot forge a line, a cell, a link or a colour."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from disjoint.report.inert import cells, code, inert, words

ANY = st.text(st.characters(codec=None, categories=None)) | st.text(
    st.sampled_from(
        "\\x1b\x1b\x7f\x9b\r\n\t\u202e\u2066\u200b\u2028\ufeff\u00ad\ud800\U000e0041|`*_[]<>#@~$&!:/.w a"
    )
)
SEEN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(ANY)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    """No control, format, surrogate, private or separator character survives."""
    left = {unicodedata.category(letter) for letter in inert(text)}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    inert(text).encode()


@given(ANY, ANY)
def test_two_texts_never_look_alike(one: str, other: str) -> None:
    """Escaping is injective."""
    assert (inert(one) == inert(other)) is (one == other)


@given(ANY)
def test_escaping_can_be_undone(text: str) -> None:
    """Injective for every text: the escapes read back give it whole."""
    shown = inert(text).encode("unicode_escape").replace(b"\\\\", b"\\").decode("ascii")
    assert shown.encode("ascii").decode("unicode_escape") == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("db.example:5432/app", "db.example:5432/app"),
        ("Zürich 東京", "Zürich 東京"),
        ("\x1b]8;;http://x\x07", r"\x1b]8;;http://x\x07"),
        ("a\r\nb", r"a\x0d\x0ab"),
        ("\u202eevil", r"\u202eevil"),
        ("\ud800", r"\ud800"),
        ("a\u200bb", r"a\u200bb"),
        ("\\x1b", r"\\x1b"),
        ("a   b ", r"a \x20\x20b\x20"),
        ("\u00a0", r"\xa0"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_would_be_invisible_shows(text: str, shown: str) -> None:
    """Each trick has a visible escape; letters of every script stay."""
    assert inert(text) == shown


def rendered(markdown: str) -> tuple[str, frozenset[str]]:
    """The words a reader sees in the only cell of a table, and the kinds of inline markup."""
    tokens = SEEN.parse(f"| head | other |\n|---|---|\n| {markdown} | end |\n")
    cells_ = [token.children or [] for token in tokens if token.type == "inline"]
    assert [_words(cell) for cell in (cells_[0], cells_[1], cells_[3])] == ["head", "other", "end"]
    return _words(cells_[2]), frozenset(token.type for token in cells_[2])


def _words(children: list[Token]) -> str:
    return "".join(token.content for token in children)


@pytest.mark.parametrize(
    "text",
    [
        "`a`",
        "*a*",
        "**a**",
        "_a_",
        "~~a~~",
        "[a](b)",
        "![a](b)",
        "<b>",
        "<a@b.c>",
        "&amp;",
        "\\|",
        "a|b",
        "\\`",
    ],
)
def test_every_markup_reads_as_it_is_written(text: str) -> None:
    """Code, emphasis, links, images, tags, entities and cells are plain words."""
    shown, markup = rendered(words(inert(text)))
    assert shown == inert(text).replace("@", "@\u2060")
    assert markup <= {"text", "text_special"}


@given(ANY)
def test_markdown_reads_as_plain_words(text: str) -> None:
    """In a table cell the text is one cell of plain text, and reads as it is."""
    shown, markup = rendered(words(inert(text)))
    assert shown.replace("@\u2060", "@") == inert(text)
    assert markup <= {"text", "text_special"}


@given(ANY)
def test_a_code_span_holds_its_text(text: str) -> None:
    """Text in a code span is in one cell too, and reads as it is."""
    shown, markup = rendered(code(inert(text)))
    assert shown.replace("@\u2060", "@") == inert(text)
    assert markup <= {"text", "text_special", "code_inline"}


@given(ANY)
def test_a_code_span_in_a_list_holds_its_text(text: str) -> None:
    """Outside a table pipes and backslashes need no escape; the text reads as it is all the same."""
    [item] = [
        token for token in SEEN.parse(f"- 1 x {code(inert(text), in_cell=False)}\n") if token.type == "inline"
    ]
    assert _words(item.children or []).replace("@\u2060", "@") == f"1 x {inert(text)}".rstrip()


@pytest.mark.parametrize("text", ["https://x.test", "www.x.test", "@kim", "kim@x.test", "#1"])
def test_sites_that_link_bare_words_find_none(text: str) -> None:
    """No bare address, mention or reference is left for a site to link."""
    shown, _ = rendered(words(text))
    source = words(text)
    assert "://" not in source
    assert "www." not in source
    assert "@\u2060" in shown or "@" not in shown
    assert "#" not in source.replace("\\#", "").replace("&#", "")


def test_wide_letters_fill_two_cells() -> None:
    """Columns are counted as a terminal draws them."""
    assert [cells("ab"), cells("東京"), cells("e\u0301")] == [2, 4, 1]
