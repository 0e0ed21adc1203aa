"""Every key and list item of a TOML document is found where it stands."""

from __future__ import annotations

import contextlib
import time
import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from disjoint.manifest.locator import Misplaced, Path, locate

DOCUMENT = '''\
# [not.a.table]
title = "a # b [c]"
"quoted key" = 1
a.b . 'c' = 1

[environments.staging]   # here
variables = { dotenv = ".env", deep = { x = [1, { y = 2 }] } }
"x.y" = """
[fake]
k = 1 \\"""
"""
l = [ # comment ]
  "one", \'\'\'two
]\'\'\',
  [3, 4],
]

[[waivers]]
rule = 1979-05-27 07:32:00
[[waivers]]
rule = 2
[waivers.more]
z = -1.5e3
'''


def paths(value: object, path: Path = ()) -> set[Path]:
    match value:
        case dict():
            inner = {p for key, item in value.items() for p in paths(item, (*path, key))}
        case list():
            inner = {p for position, item in enumerate(value) for p in paths(item, (*path, position))}
        case _:
            inner = set()
    return inner | ({path} if path else set())


def test_every_path_of_the_parsed_document_has_a_place() -> None:
    """Nothing that tomllib finds is unknown to the locator, and nothing is made up."""
    assert set(locate(DOCUMENT)) == paths(tomllib.loads(DOCUMENT))


def test_the_places_are_right() -> None:
    """Lines and columns count from 1, strings and comments hide their brackets."""
    spots = locate(DOCUMENT)
    assert spots["title",] == (2, 1)
    assert spots["a", "b", "c"] == (4, 1)
    assert spots["environments", "staging"] == (6, 1)
    assert spots["environments", "staging", "variables", "dotenv"] == (7, 15)
    assert spots["environments", "staging", "variables", "deep", "x", 1, "y"] == (7, 51)
    assert spots["environments", "staging", "l", 0] == (13, 3)
    assert spots["environments", "staging", "l", 2, 1] == (15, 7)
    assert spots["waivers", 1, "rule"] == (21, 1)
    assert spots["waivers", 1, "more", "z"] == (23, 1)


KEYS = st.sampled_from(["a", "b", '"c.d"', "'e'"])
VALUES = st.recursive(
    st.sampled_from(["1", '"x]"', "'#'", "true", "1979-05-27", '"""\n"""', "[]", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{k} = {v}" for k, v in items.items()) + "}"
        )
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.lists(KEYS, min_size=1, max_size=3), VALUES).map(
                lambda p: f"{'.'.join(p[0])} = {p[1]}"
            ),
            st.lists(KEYS, min_size=1, max_size=2).map(lambda p: f"[{'.'.join(p)}]"),
            st.lists(KEYS, min_size=1, max_size=2).map(lambda p: f"[[{'.'.join(p)}]]"),
        ),
        max_size=6,
    ).map("\n".join)
)
def test_any_valid_document_is_located_whole(text: str) -> None:
    """Whatever tomllib accepts, every path of it is found."""
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert paths(parsed) <= set(locate(text))


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab.[]{}=\"'#\\,\n 1"), max_size=40))
def test_hostile_text_never_crashes_it(text: str) -> None:
    """The scan ends, at the latest where the text is no TOML."""
    try:
        locate(text)
    except Misplaced as error:
        assert error.spot.line >= 1  # noqa: PT017 - either way out is right


def test_it_takes_linear_time() -> None:
    """A megabyte of anything is scanned in moments."""
    began = time.process_time()
    for text in ("[" * 60_000, "a" + ".a" * 60_000, '"""' * 60_000, "a = 1\n" * 3, "# x\n" * 50_000):
        with contextlib.suppress(Misplaced):
            locate(text)
    locate("".join(f"k{i} = [1, 2]\n" for i in range(10_000)))
    assert time.process_time() - began < 10
