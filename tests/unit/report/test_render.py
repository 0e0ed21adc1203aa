"""Every format shows one proof, whole, and nothing that is not in it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from proofs import (
    HOSTILE,
    ONE_CACHE,
    WORLDS,
    broken,
    changed,
    clean,
    evidence,
    matrix_with,
    proof,
    row,
    waived,
)

from disjoint.errors import UsageError
from disjoint.model.finding import Finding, Grade, Outcome, isolated, shared, unproven
from disjoint.report import FORMATS, again, render

SNAPSHOTS = Path(__file__).parent / "snapshots"
ENDINGS = {"text": "txt", "json": "json", "markdown": "md", "github": "commands"}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("form", FORMATS)
def test_reports_look_as_they_did(world: str, form: str) -> None:
    """Rendered reports are as reviewed; SNAPSHOTS=write renews them."""
    kept = SNAPSHOTS / f"{world}.{ENDINGS[form]}"
    shown = render(WORLDS[world](), form)
    if os.environ.get("SNAPSHOTS") == "write":
        kept.write_text(shown, "utf-8")
    assert shown == kept.read_text("utf-8")


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("form", FORMATS)
def test_ascii_only_is_ascii(world: str, form: str) -> None:
    """On a terminal without Unicode every letter is ASCII, and no line is lost."""
    shown = render(WORLDS[world](), form, ascii_only=True)
    assert shown.isascii()
    assert shown.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_foreign_text_cannot_begin_a_line_or_a_colour(form: str) -> None:
    """Controls in a name, an answer or a remedy show as escapes in every format."""
    shown = render(WORLDS["hostile"](), form, colour=False)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert HOSTILE not in shown
    assert not re.search(r"^\| x \| y \|", shown, re.MULTILINE)
    shown.encode()


def test_an_unknown_format_names_the_known_ones() -> None:
    """A wrong format is a usage error."""
    with pytest.raises(UsageError, match="text, json, markdown"):
        render(clean(), "yaml")


@pytest.mark.parametrize("world", WORLDS)
def test_colour_changes_no_word(world: str) -> None:
    """Without its colour codes a coloured report is the plain one."""
    plain = render(WORLDS[world](), "text")
    coloured = render(WORLDS[world](), "text", colour=True)
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_the_first_lines_tell_verdict_and_reason() -> None:
    """Who reads three lines knows the verdict and what decided it."""
    first = render(broken(), "text").splitlines()[:4]
    assert "✗ SHARED  staging and production share cache" in first


def test_numbers_agree_with_their_nouns() -> None:
    """One resource is, two are."""
    one = proof(matrix_with(row("cache", "unread", None, Outcome.UNPROVEN)))
    assert "1 of 7 resources is not proven: cache" in render(one, "text")
    assert "2 of 7 resources are not proven" in render(WORLDS["unproven"](), "text")


def test_the_last_line_tells_counts_footprint_and_exit_code() -> None:
    """The closing line sums up, and names the exit code."""
    last = render(broken(), "text").splitlines()[-1]
    said = "SHARED: 1 shared, 1 unproven, 5 isolated · production touched: 14 reads, 0 writes, 80 ms"
    assert last.startswith(said)
    assert last.endswith("exit 1")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_keep_to_the_width(width: int) -> None:
    """Prose is broken to the terminal, rows and last line too; only what must stay whole runs over."""
    long = [line for line in render(broken(), "text", width=width).splitlines() if len(line) > width]
    assert [line for line in long if "hmac:" not in line] == []


def test_a_silence_that_the_title_tells_is_not_told_again() -> None:
    """Offline, each resource would repeat a list of all that was not read."""
    reason = "--offline: no server was asked"
    silent = evidence("run_id", f"unknown: {reason}", f"unknown: {reason}", "INFO server")
    line = row("cache", reason, None, Outcome.UNPROVEN)
    told = Finding(
        "redis/same-server", "cache", unproven(reason, silent, "run without --offline", "no canary")
    )
    shown = render(proof(matrix_with(line), changed(told)), "text")
    assert shown.count(reason) == 2  # its row and its title
    assert "= unread" not in shown
    assert "no canary" not in shown
    other = Finding("redis/same-server", "cache", unproven("not known", silent, "run without --offline"))
    assert "= unread" in render(proof(matrix_with(line), changed(other)), "text")


def test_only_shared_opens_an_incident() -> None:
    """The five steps stand in a report whose verdict is SHARED, and in no other."""
    words = ("1 STOP", "2 AUDIT", "3 PURGE", "4 ROTATE", "5 DOCUMENT")
    assert all(word in render(broken(), "text") for word in words)
    assert not any(
        word in render(WORLDS[w](), "text") for w in ("isolated", "unproven", "waived") for word in words
    )


def test_what_people_accepted_is_no_part_of_an_incident() -> None:
    """A waived finding is shown as waived, and opens no step."""
    reused = next(finding for finding in waived().findings if finding.waiver)
    both = proof(
        matrix_with(row("cache", "one run id", None, Outcome.SHARED)),
        changed(ONE_CACHE, reused),
    )
    steps = render(both, "text").partition("what to do now")[2]
    assert "redis/same-server" in steps
    assert "MAIL_KEY" not in steps


def test_times_are_told_in_utc() -> None:
    """A proof made elsewhere reads the same."""
    east = timezone(timedelta(hours=5))
    there = replace(clean(), started_at=clean().started_at.astimezone(east))
    assert render(there, "json") == render(clean(), "json")


def test_a_shared_server_is_never_to_be_purged() -> None:
    """What staging uses is production's own: the step says so."""
    assert "nothing in cache as it stands: it is production's own" in " ".join(
        render(broken(), "text").split()
    )


def test_rows_counted_on_a_shared_server_are_not_to_be_purged() -> None:
    """A sentinel's rows are production's own where the server is: no other line may say delete."""
    same = Finding("postgres/same-server", "database", shared(Grade.IDENTITY, "one server"))
    rows = Finding("postgres/sentinel", "database", shared(Grade.IDENTITY, "400 rows"))
    line = row("database", "one server", None, Outcome.SHARED)
    purge = " ".join(render(proof(matrix_with(line), changed(same, rows)), "text").split())
    assert "nothing in database as it stands" in purge
    assert "the rows that the sentinel counted" not in purge


def test_nothing_is_to_be_purged_before_it_is_known_whose_it_is() -> None:
    """Where sameness is unproven, the proof comes before the purge."""
    unknown = Finding("postgres/same-server", "database", unproven("refused", (), "open the port"))
    rows = Finding("postgres/sentinel", "database", shared(Grade.IDENTITY, "400 rows"))
    line = row("database", "400 rows", None, Outcome.SHARED)
    purge = " ".join(render(proof(matrix_with(line), changed(unknown, rows)), "text").split())
    assert "nothing before database is proven to be staging's own; then the rows that the sentinel" in purge


def test_copied_rows_ask_for_no_address_s_credentials() -> None:
    """Staging never held production's address for a dump: the way in counts, and what rows open."""
    rows = Finding("postgres/production-rows", "database", shared(Grade.IDENTITY, "800 rows"))
    line = row("database", "800 rows", None, Outcome.SHARED)
    steps = " ".join(render(proof(matrix_with(line), changed(rows)), "text").split())
    assert "what was put into staging's database, when and by whom: dumps, restores" in steps
    assert "what opens something among what database held of production's" in steps
    assert "who set them" not in steps
    assert "staging held them" not in steps


def test_a_census_that_found_nothing_says_what_that_proves() -> None:
    """The row tells of its server: whose rows they are stands below, where it was asked."""
    title, said = "whose rows, keys and objects", "any 881 or more copied rows would have been found"
    assert title not in render(clean(), "text")
    rows = Finding("postgres/production-rows", "database", isolated(Grade.IDENTITY, said))
    assert f"{title}\n  database: {said}\n" in render(proof(findings=changed(rows)), "text")
    told = matrix_with(row("database", said, Grade.IDENTITY))
    assert title not in render(proof(told, changed(rows)), "text"), "nothing is said twice"
    shown = render(
        proof(findings=changed(replace(rows, judgement=unproven("no right", (), "a grant")))), "text"
    )
    assert title not in shown


def test_a_proof_without_rows_is_no_success() -> None:
    """Nothing declared reads UNPROVEN in every format."""
    nothing = replace(proof((), ()))
    assert "nothing is declared, so nothing is proven" in render(nothing, "text")
    assert "Nothing is declared, so nothing is proven." in render(nothing, "markdown")
    assert "[x]" not in render(nothing, "markdown")


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_report_read_again_is_the_same(world: str, form: str) -> None:
    """From JSON every format can be had, letter by letter, hostile names and all."""
    written = render(WORLDS[world](), "json")
    assert again(written, form) == render(WORLDS[world](), form)
    assert again(render(WORLDS[world](), "json", ascii_only=True), "json") == written


@pytest.mark.parametrize("letter", ["\x1b[2K", "\u202e", "\n::error::forged", "a  b", "\u200b"])
def test_a_foreign_report_is_shown_only_if_it_is_harmless(letter: str) -> None:
    """Somebody else may have written the JSON; names of its members count too."""
    report = json.loads(render(clean(), "json"))
    for at in (report["matrix"][0], report["findings"][0], report):
        name = next(key for key, value in at.items() if key in {"method", "summary", "source"})
        kept, at[name] = at[name], letter
        with pytest.raises(UsageError, match="letters that would not be shown"):
            again(json.dumps(report), "text")
        at[name] = kept
    report["footprint"]["production"]["commands"] = {letter: 1}
    with pytest.raises(UsageError, match="letters that would not be shown"):
        again(json.dumps(report), "text")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "disjoint.report/v2"}', "[" * 5000])
def test_what_is_no_report_is_not_shown(text: str) -> None:
    """And nothing of it is quoted."""
    with pytest.raises(UsageError, match="no report that"):
        again(text, "text")
