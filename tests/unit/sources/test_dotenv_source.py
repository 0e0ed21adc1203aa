"""A dotenv file is read as its loaders read it, or refused with file and line."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import dotenv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disjoint.errors import SourceError
from disjoint.model.environment import Environment
from disjoint.model.fact import Known, Unknown
from disjoint.sources import read
from disjoint.sources.dotenv import read_dotenv


def environment(directory: Path, content: str | bytes, *, protected: bool = False) -> Environment:
    path = directory / ".env.staging"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return read_dotenv(path, name="staging", protected=protected, shown=".env.staging")


def values(directory: Path, content: str | bytes) -> dict[str, str]:
    return {
        name: found.value.value.reveal()
        if isinstance(found.value, Known)
        else f"unknown: {found.value.reason}"
        for name, found in environment(directory, content).variables.items()
    }


def refused(directory: Path, content: str | bytes) -> str:
    with pytest.raises(SourceError) as caught:
        environment(directory, content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("A=1\n", {"A": "1"}),
        ("A=1", {"A": "1"}),
        ("export A=1\n", {"A": "1"}),
        ("A = 1 \n", {"A": "1"}),
        ("A=1 # about A\n", {"A": "1"}),
        ("A=x#y\n", {"A": "x#y"}),
        ("A= # nothing\n", {"A": ""}),
        ("A=\n", {"A": ""}),
        ("# only a comment\n", {}),
        ("", {}),
        ("A='x # y'\n", {"A": "x # y"}),
        ('A="x\\ny"\n', {"A": "x\ny"}),
        ("A='x\\ny'\n", {"A": "x\\ny"}),
        ("A=x\\ny\n", {"A": "x\\ny"}),
        ('A="line 1\nline 2"\nB=2\n', {"A": "line 1\nline 2", "B": "2"}),
        ("A='it\\'s'\n", {"A": "it's"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        (b"\xef\xbb\xbfA=1\n", {"A": "1"}),
        ("A=p@ss$word\n", {"A": "p@ss$word"}),
        ("A=postgres://u:p%40s@h/d?sslmode=require\n", {"A": "postgres://u:p%40s@h/d?sslmode=require"}),
        ("A.B-C=1\n", {"A.B-C": "1"}),
        ("A=grün\n", {"A": "grün"}),
    ],
)
def test_values_are_what_the_file_says(
    tmp_path: Path, content: str | bytes, expected: dict[str, str]
) -> None:
    """Quotes, export, comments, several lines, line ends and marks change no value."""
    assert values(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("A=1\nB=${A}2\n", {"A": "1", "B": "12"}),
        ("B=${A}2\nA=1\n", {"B": "12", "A": "1"}),
        ('A=1\nB="x${A}y"\n', {"A": "1", "B": "x1y"}),
        ("A=1\nB='${A}'\n", {"A": "1", "B": "${A}"}),
        ("B=${A:-9}\n", {"B": "9"}),
        ("B=${A:-}\n", {"B": ""}),
        ("A=1\nB=${A:-9}\n", {"A": "1", "B": "1"}),
        ("C=3\nB=${A:-${C}}\n", {"C": "3", "B": "3"}),
        ("A=\nB=x${A}\n", {"A": "", "B": "x"}),
        ("B=${A\n", {"B": "${A"}),
        ("A=$\n", {"A": "$"}),
    ],
)
def test_references_are_resolved_inside_the_file(
    tmp_path: Path, content: str, expected: dict[str, str]
) -> None:
    """A reference takes its value from the file, a default from the reference, text from quotes."""
    assert values(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("B=${A}\n", "it refers to A, which is not set in .env.staging"),
        ("B=${B}\n", "B refers to itself"),
        ("A=\nB=${A:-9}\n", "A is empty, and loaders disagree whether its default then counts"),
        ("B=${A:?gone}\n", "it holds a ${…} that is not ${NAME} or ${NAME:-default}"),
        ("B=${A-9}\n", "it holds a ${…} that is not ${NAME} or ${NAME:-default}"),
        (
            "B=${{Postgres.DATABASE_URL}}\n",
            "${{Postgres.DATABASE_URL}} is a platform reference that only the platform resolves",
        ),
        (
            "B='x-${{ secrets.TOKEN }}'\n",
            "${{ secrets.TOKEN }} is a platform reference that only the platform resolves",
        ),
    ],
)
def test_what_cannot_be_resolved_is_unknown_and_says_why(tmp_path: Path, content: str, reason: str) -> None:
    """No guess stands in for a value that loaders disagree about or only a platform has."""
    match environment(tmp_path, content).variables["B"].value:
        case Unknown() as unknown:
            assert unknown.reason == reason
            assert unknown.remedy
        case Known():
            pytest.fail("a value was made up")


def test_every_variable_of_a_cycle_is_unknown(tmp_path: Path) -> None:
    """The order in which a cycle is entered does not decide who is known."""
    found = environment(tmp_path, "A=${B}\nB=${C}\nC=x${A}\nD=1\n").variables
    assert [isinstance(found[name].value, Known) for name in "ABCD"] == [False, False, False, True]


def test_this_machine_fills_in_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of this process is no variable of the file."""
    monkeypatch.setenv("ELSEWHERE", "here")
    assert values(tmp_path, "A=${ELSEWHERE}\nB=${ELSEWHERE:-there}\n") == {
        "A": "unknown: it refers to ELSEWHERE, which is not set in .env.staging",
        "B": "there",
    }


def test_the_last_of_two_wins_with_a_warning_that_names_both_lines(tmp_path: Path) -> None:
    """Two values for one name are odd, and the value is not shown."""
    found = environment(tmp_path, "A=first-value\n\n\nA=second-value\n")
    assert found.variables["A"].where == ".env.staging:4"
    assert found.warnings == (".env.staging:4: A is set again; the value of line 1 counts for nothing",)


def test_lines_are_counted_through_comments_blank_lines_and_long_values(tmp_path: Path) -> None:
    """A variable stands on the line where its name does."""
    found = environment(tmp_path, '\n# one\r\n\r\nA="1\n2\n3"\n\nB=2\n').variables
    assert (found["A"].where, found["B"].where) == (".env.staging:4", ".env.staging:8")


def test_a_name_without_an_equal_sign_sets_nothing_and_is_not_quoted(tmp_path: Path) -> None:
    """Such a line may be a piece of a key that was broken in two."""
    found = environment(tmp_path, "A=1\nMIIEpAIBAAKCAQEA\n")
    assert list(found.variables) == ["A"]
    assert found.warnings[0].startswith(".env.staging:2: a name without '='")
    assert "MIIE" not in found.warnings[0]


def test_an_unbraced_reference_is_text_with_a_warning(tmp_path: Path) -> None:
    """python-dotenv fills in ${A} and leaves $A alone."""
    found = environment(tmp_path, "A=1\nB=x$A\nC=$unset\nD='$A'\n")
    assert found.warnings == (".env.staging:2: $A in B is taken as text; a reference is written ${A}",)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('A=1\nB="hunter2-open\nC=3\n', 2),
        ("A=1\n\n\nB='hunter2-open\n", 4),
        ("A='hunter2' trailing\n", 1),
        ("A=1\nDATABASE_URL: hunter2\n", 2),
        ('{\n  "A": "hunter2"\n}\n', 1),
        ("A=-----BEGIN\nhunter2/abc+def==\n", 2),
        ("A=1\n=hunter2\n", 2),
        (b"A=1\nB=hunter2\xff\n", 2),
        (b"A=1\r\nB=hunter2\0\n", 2),
        ("A=1\nB=hunter2" + " " * 2000 + "x\n", 2),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_never_quoted(
    tmp_path: Path, content: str | bytes, line: int
) -> None:
    """One error, with file and line, without the value."""
    message = refused(tmp_path, content)
    assert message.startswith(f".env.staging:{line}: ")
    assert "hunter2" not in message


def test_utf_16_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """PowerShell writes it; no dotenv loader reads it."""
    assert "save it as UTF-8" in refused(tmp_path, "A=1\n".encode("utf-16"))


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe without a writer is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    began = time.monotonic()
    for name, why in (
        ("pipe", "is a pipe, not a regular file"),
        ("folder", "is a directory, not a regular file"),
        ("gone", "there is no such file"),
        ("loop", "its symbolic links lead in a circle"),
        ("x" * 300, "its name is too long"),
    ):
        with pytest.raises(SourceError) as caught:
            read_dotenv(tmp_path / name, name="staging", shown=name)
        assert str(caught.value) == f"{name}: {why}"
    with pytest.raises(SourceError, match="is a device, not a regular file"):
        read_dotenv(Path("/dev/null"), name="production")
    with pytest.raises(SourceError, match="no file can have this name"):
        read_dotenv(Path("a\0b"), name="production")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yaml", "services:\n  shop:\n    environment:\n      A: 1\n"),
        ("fly.toml", 'app = "shop"\n[env]\nA = "1"\n'),
        ("SECRET.JSON", '{"A": "1"}\n'),
    ],
)
def test_a_platform_s_own_file_says_what_is_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match="only dotenv files are read"):
        read_dotenv(tmp_path / name, name="staging")
    (tmp_path / "shop.env").write_text(text)
    with pytest.raises(SourceError) as caught:
        read_dotenv(tmp_path / "shop.env", name="staging")
    assert "dotenv files" not in str(caught.value)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    """A sparse gigabyte costs nothing."""
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    began = time.monotonic()
    with pytest.raises(SourceError, match="larger than 1 MiB"):
        read_dotenv(huge, name="staging")
    assert time.monotonic() - began < 1


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    """The user is told, not shown a traceback; asked as nobody, since root may read everything."""
    path = tmp_path / ".env"
    path.write_text("A=1")
    path.chmod(0)
    with as_ordinary_user(), pytest.raises(SourceError, match="this user may not read it"):
        read_dotenv(path, name="staging")


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Act as uid 65534 for a while where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_production_readable_by_everybody_is_a_warning(tmp_path: Path) -> None:
    """Only production's file, and only where every user may read it."""
    path = tmp_path / ".env"
    path.write_text("A=1")
    path.chmod(0o644)
    production = read_dotenv(path, name="production", protected=True, shown=".env")
    assert production.warnings == (".env: every user of this machine may read it: chmod 600",)
    assert read_dotenv(path, name="staging", shown=".env").warnings == ()
    path.chmod(0o640)
    assert read_dotenv(path, name="production", protected=True, shown=".env").warnings == ()


def test_hostile_references_end_soon(tmp_path: Path) -> None:
    """Values that double, nest or chain for ever become unknown, in bounded time and space."""
    doubling = "A0=" + "x" * 1000 + "\n" + "".join(f"A{i + 1}=${{A{i}}}${{A{i}}}\n" for i in range(60))
    chain = "".join(f"A{i}=${{A{i + 1}}}\n" for i in range(500)) + "A500=1\n"
    nested = "A=" + "${B:-" * 5000 + "}" * 5000 + "\n"
    wide = "A=" + "x" * 100_000 + "\n" + "".join(f"B{i}=${{A}}\n" for i in range(500))
    began = time.process_time()
    for content in (doubling, chain, nested, wide):
        found = environment(tmp_path, content).variables
        assert any(isinstance(variable.value, Unknown) for variable in found.values())
    assert time.process_time() - began < 10


def test_too_long_a_chain_leaves_its_near_end_known(tmp_path: Path) -> None:
    """What can be resolved is, whatever was asked first."""
    found = environment(tmp_path, "".join(f"A{i}=${{A{i + 1}}}\n" for i in range(50)) + "A50=1\n").variables
    assert isinstance(found["A0"].value, Unknown)
    assert isinstance(found["A30"].value, Known)


def test_read_dispatches_on_the_one_source_named(tmp_path: Path) -> None:
    """A relative path is relative to the given directory, and shown as it was written."""
    (tmp_path / ".env.staging").write_text("A=1\n")
    found = read(
        {"dotenv": ".env.staging"},
        name="staging",
        protected=False,
        reach_at={"db.test:5432": "127.0.0.1:1"},
        directory=tmp_path,
    )
    assert (found.name, found.source, found.variables["A"].where) == (
        "staging",
        ".env.staging",
        ".env.staging:1",
    )
    assert found.reach_at == {"db.test:5432": "127.0.0.1:1"}
    wrong: list[dict[str, str | bool]] = [
        {},
        {"railway": "x"},
        {"dotenv": "a", "process": True},
        {"process": False},
    ]
    for spec in wrong:
        with pytest.raises(SourceError, match="exactly one of: dotenv, process"):
            read(spec, name="staging", protected=False, reach_at={}, directory=tmp_path)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
        max_size=6,
    )
)
def test_single_quoted_values_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, given_values: dict[str, str]
) -> None:
    """What is written in single quotes, with quotes and backslashes escaped, is read back."""
    text = "".join(
        "{}='{}'\n".format(name, value.replace("\\", "\\\\").replace("'", "\\'"))
        for name, value in given_values.items()
    )
    expected = {name: value for name, value in given_values.items() if "${{" not in value}
    found = values(tmp_path_factory.mktemp("quoted"), text)
    assert {name: found[name] for name in expected} == expected


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("AB=\"'#${}:-\\ \n\r\texport1"), max_size=60))
def test_hostile_text_agrees_with_python_dotenv_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Whatever is known is what python-dotenv reads; nothing else is ever raised."""
    directory = tmp_path_factory.mktemp("hostile")
    try:
        found = environment(directory, text)
    except SourceError:
        return
    theirs = dotenv.dotenv_values(directory / ".env.staging", interpolate=False)
    for name, variable in found.variables.items():
        if isinstance(variable.value, Known) and "${" not in (theirs[name] or ""):
            assert variable.value.value.reveal() == theirs[name]
