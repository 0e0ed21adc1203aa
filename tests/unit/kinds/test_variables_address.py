"""Values of variables: our own cases, every encoding of a secret, and hostile text."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from disjoint.kinds.variables.address import compare, compare_text, is_reference, normal_forms, parse

CASES = [
    json.loads(line) for line in (Path(__file__).with_name("variables_cases.jsonl")).read_text().splitlines()
]
TOKENS = st.from_regex(r"[A-Za-z0-9]{16,40}", fullmatch=True)
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "${",
                "}",
                "{{",
                "}}",
                "'",
                '"',
                ",",
                " ",
                "[",
                "{",
                "://",
                "arn:aws:kms:",
                "=",
                "\\n",
                "#",
                "\x00",
            ]
        ),
        max_size=12,
    ).map("".join),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_pair_of_values_is_judged_by_what_whoever_holds_one_holds(case: dict[str, str | None]) -> None:
    """Both orders give the verdict of the case."""
    for left, right in ((case["a"], case["b"]), (case["b"], case["a"])):
        found = compare_text(left, right)
        assert found.verdict == case["expect"], found.why


@given(st.binary(min_size=16, max_size=48))
def test_every_encoding_of_the_same_bytes_shares_a_form(raw: bytes) -> None:
    """Both base64 alphabets, with and without padding, and hex in either case."""
    standard, urlsafe = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    written = [standard, urlsafe, standard.rstrip("="), urlsafe.rstrip("="), raw.hex(), raw.hex().upper()]
    forms = [normal_forms(text) for text in written]
    assert all("bytes:" + raw.hex() in form for form in forms)


@given(TOKENS)
def test_every_spelling_of_a_secret_shares_its_text(token: str) -> None:
    """Quotes, blanks, newlines, encodings, percent signs."""
    packed = base64.b64encode(token.encode()).decode()
    escaped = "".join(f"%{ord(c):02X}" for c in token)
    for text in (
        f'"{token}"',
        f" {token}\r\n",
        packed,
        packed.rstrip("="),
        token.encode().hex(),
        escaped,
        f"{token} # old",
    ):
        assert token in normal_forms(text)


@given(TOKENS, TOKENS)
def test_two_random_secrets_share_no_form(a: str, b: str) -> None:
    """Equality of a form is equality of the secret."""
    assume(a != b)
    assert not normal_forms(a) & normal_forms(b)


def test_an_empty_value_has_no_form() -> None:
    """Blank values are equal to nothing."""
    assert normal_forms(' "" \n') == frozenset()


@pytest.mark.parametrize(
    "value",
    [
        *(
            "${X}",
            "$X",
            "${X:-y}",
            "a${X}b",
            "${{Svc.VAR}}",
            "{{ x }}",
            "$(cat f)",
            "%(DB)s",
            "#{x}",
            "<%= x %>",
        ),
        *("op://v/i/f", "vault:x/y", "vault://x", "projects/p/secrets/s", "ssm:/a/b", "ref+awsssm://x"),
        *("arn:aws:secretsmanager:us-east-1:1:secret:x", "arn:aws-cn:ssm:cn-north-1:1:parameter/x"),
        *(
            "{{resolve:ssm:x}}",
            "@Microsoft.KeyVault(x)",
            "/run/secrets/x",
            "encrypted:BASE64",
            "ENC[AES256_GCM,x]",
        ),
        *('"${X}"', " $X\n"),
    ],
)
def test_a_value_that_something_else_resolves_is_a_reference(value: str) -> None:
    """Shells, templates, platforms, secret stores, sealed files."""
    assert is_reference(value)


@pytest.mark.parametrize(
    "value",
    ["", "pa$sword", "cost$", "a{b}c", "$2b$12$abcdefghijklmnopqrstuv", "postgresql://u:p@h/d", "50%", "k#1"],
)
def test_a_dollar_alone_is_no_reference(value: str) -> None:
    """Password hashes and odd passwords are values."""
    assert not is_reference(value)


@given(HOSTILE, HOSTILE)
def test_hostile_text_never_crashes_and_order_never_matters(a: str, b: str) -> None:
    """A value compared with itself is never different, and never invalid."""
    assert compare_text(a, b).verdict == compare_text(b, a).verdict
    assert compare_text(a, a).verdict in {"same", "unknown"}


@given(TOKENS, HOSTILE)
def test_a_value_is_never_shown(token: str, noise: str) -> None:
    """Neither by repr, nor by what is shown, nor in a reason."""
    assume(len(token) >= 16)
    found = parse(token + noise)
    said = [
        repr(found),
        found.shown,
        found.fault,
        *compare(found, parse(noise)),
        *compare(found, parse(token)),
    ]
    assert token not in " ".join(map(str, said))


@pytest.mark.parametrize("letter", ["{", " ", "%", "`", "#{", "a", "\\n", "[", ",", "'", "%(", "$"])
def test_a_long_value_takes_no_time(letter: str) -> None:
    """No pattern backtracks: 100 000 characters in well under a second."""
    began = time.process_time()
    compare_text("x" + letter * 100_000 + "y", "x" + letter * 100_001)
    assert time.process_time() - began < 2
