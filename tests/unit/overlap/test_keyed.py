"""Digests under a key are HMAC-SHA256 as everybody makes it."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from disjoint.overlap.keyed import digester


@given(st.binary(min_size=16, max_size=16), st.lists(st.binary(max_size=200), max_size=5))
def test_a_digest_is_the_first_half_of_the_standards(key: bytes, values: list[bytes]) -> None:
    made = digester(key)
    assert [made(value) for value in values] == [hmac.digest(key, v, "sha256")[:16] for v in values]
