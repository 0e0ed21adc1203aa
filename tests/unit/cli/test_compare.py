"""`disjoint compare` answers one pair or a stream of them, and keeps what it was given to itself."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from disjoint.cli.compare import LINE_LIMIT
from disjoint.cli.main import cli
from disjoint.errors import UsageError


def compare(*arguments: str, given: str | bytes = "") -> Result:
    """The command's answer, as a shell gets it."""
    return CliRunner().invoke(cli, ["compare", *arguments], input=given, standalone_mode=False)


@pytest.mark.parametrize(
    ("kind", "a", "b", "code", "word"),
    [
        ("redis", "redis://r.example/0", "redis://r.example/1", 0, "different"),
        ("redis", "redis://r.example", "redis://:x@r.example/0", 1, "same"),
        ("redis", "redis://r.example:x", "redis://r.example", 2, "invalid"),
        ("redis", "redis://a.example", "redis://b.example", 3, "unknown"),
    ],
)
def test_one_pair_ends_with_its_verdict_s_exit_code(kind: str, a: str, b: str, code: int, word: str) -> None:
    """0 different, 1 same, 2 invalid, 3 unknown; from arguments and from two lines alike."""
    for answer in (compare("--kind", kind, a, b), compare("--kind", kind, given=f"{a}\n{b}\r\n")):
        assert answer.return_value == code
        assert answer.output.startswith(f"{word}: ")


def test_the_server_is_named_where_it_differs_from_the_object() -> None:
    """Two databases of one server."""
    answer = compare("--kind", "redis", "redis://r.example/0", "redis://r.example/1")
    assert "(the server: same)" in answer.output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--kind", "redis"),
        ("--kind", "redis", "redis://one"),
        ("--kind", "gopher", "a", "b"),
        ("--jsonl", "--kind", "redis"),
        ("--jsonl", "a", "b"),
    ],
)
def test_a_call_that_cannot_be_answered_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    """Missing kind, one address only, an unknown kind, or both ways at once."""
    assert isinstance(compare(*arguments).exception, UsageError)


def test_a_stream_of_pairs_is_answered_line_by_line() -> None:
    """Each line has its answer, with the id it was asked under; `server` only where it differs."""
    asked = [
        {"id": "one", "kind": "postgres", "a": "postgresql://h.example/x", "b": "postgresql://h.example/y"},
        {"id": 2, "kind": "celery", "a": None, "b": "redis://r.example"},
        {"kind": "redis", "a": "redis://r.example", "b": "redis://r.example/0", "more": [1]},
    ]
    answer = compare("--jsonl", given="\ufeff" + "\n\n".join(map(json.dumps, asked)))
    found = [json.loads(line) for line in answer.output.splitlines()]
    assert answer.return_value == 0
    assert [(line["id"], line["verdict"], line.get("server")) for line in found] == [
        ("one", "different", "same"),
        (2, "unknown", None),
        (None, "same", None),
    ]


def test_a_malformed_line_is_answered_and_ends_with_2() -> None:
    """The lines round it keep their answers; nothing of the line is quoted."""
    good = json.dumps({"id": "good", "kind": "redis", "a": "redis://r.example", "b": "redis://r.example"})
    bad = [
        b"hunter2",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": "x", "kind": "redis", "a": "hunter2"}',
        b'{"id": "x", "kind": "redis", "a": 1, "b": "hunter2"}',
        b'{"id": "x", "kind": "gopher", "a": "hunter2", "b": ""}',
        b'{"id": "\\ud800", "kind": "gopher", "a": "", "b": ""}',
        b" " * (LINE_LIMIT + 5) + b"hunter2",
        b'"' + b"x" * (2 * LINE_LIMIT),
    ]
    answer = compare("--jsonl", given=b"\n".join([*bad, good.encode()]))
    found = [json.loads(line) for line in answer.output.splitlines()]
    assert answer.return_value == 2
    assert [("error" in line, line.get("verdict")) for line in found] == [(True, None)] * len(bad) + [
        (False, "same")
    ]
    assert "hunter2" not in answer.output


def test_an_empty_stream_is_no_error() -> None:
    """Nothing asked, nothing answered."""
    answer = compare("--jsonl")
    assert (answer.return_value, answer.output) == (0, "")
