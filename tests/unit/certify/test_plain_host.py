"""A host in its one spelling, without the libraries that would tell it."""

from __future__ import annotations

import re
import socket

from hypothesis import example, given
from hypothesis import strategies as st

from disjoint.certify.plain_host import is_hostname, spell

PARTS = st.one_of(
    st.integers(0, 1 << 33).flatmap(lambda n: st.sampled_from([str(n), hex(n), f"0{n:o}"])),
    st.sampled_from(["0", "00", "08", "0x", "", "256", "a", "1e3", "9" * 400]),
)
LETTER = "A-Za-z\u0130\u0131\u017f\u212a"
NAME = re.compile(
    rf"(?:[{LETTER}0-9](?:[{LETTER}0-9-]*[{LETTER}0-9])?\.)+[{LETTER}][{LETTER}0-9-]*[{LETTER}0-9]\Z"
)


@given(st.lists(PARTS, min_size=1, max_size=5).map(".".join))
@example("0xCB007107")
@example("1.2.3.4")
@example("1.2.65535")
@example("0313.0.0161.07")
def test_an_address_is_spelled_as_resolvers_read_it(text: str) -> None:
    """By inet_aton, which takes other numbers than ours for nothing, too."""
    name = text.lower().rstrip(".")
    try:
        told = socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        told = name
    assert spell(text) == told


@given(st.one_of(st.from_regex(NAME), st.text(alphabet="aZ9-._\u0130\u212a\u00e9\n", max_size=12)))
def test_a_name_is_known_without_an_expression(text: str) -> None:
    assert is_hostname(text) is (NAME.match(text) is not None)
