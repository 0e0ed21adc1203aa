"""In the filled-in document a box is ticked only where findings prove its line."""

from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt
from proofs import (
    ADDRESSES,
    BUCKET,
    MATRIX,
    NAME,
    NO_COPY,
    SAME_SERVER,
    SECRETS,
    blind,
    broken,
    changed,
    clean,
    evidence,
    hostile,
    matrix_with,
    proof,
    row,
    waived,
)

from disjoint.model.finding import Finding, Grade, Outcome, isolated, shared
from disjoint.model.proof import Proof
from disjoint.report import render
from disjoint.report.specification import BOX, LINES


def boxes(shown: Proof) -> dict[str, tuple[bool, str]]:
    """Each box of the document: its line -> (ticked, what stands behind it)."""
    found: dict[str, tuple[bool, str]] = {}
    for line in render(shown, "markdown").splitlines():
        for asked in LINES:
            text = asked.text.removeprefix(BOX)
            if asked.text.startswith(BOX) and line.startswith((f"- [ ] {text}: ", f"- [x] {text}: ")):
                found[text] = (line.startswith("- [x]"), line.partition(f"{text}: ")[2])
    return found


def ticked(shown: Proof) -> set[str]:
    """The lines whose boxes are ticked."""
    return {text for text, (tick, _) in boxes(shown).items() if tick}


SERVERS = "DATABASE_URL hostnames confirmed different"
INSTANCE = "PostgreSQL is separate instance (different hostname)"
KEY = "SECRET_KEY is different from production"
LABEL = "ENVIRONMENT=staging confirmed"
QUEUE = "No production queue data in staging Redis"
BUCKET_NAME = "STORAGE_BUCKET_NAME confirmed as staging bucket"
DATA = "No production data found in staging database"


def test_every_box_of_the_specification_is_in_the_document() -> None:
    """No box is lost, whatever was declared."""
    asked = {line.text.removeprefix(BOX) for line in LINES if line.text.startswith(BOX)}
    assert set(boxes(clean())) == asked
    assert set(boxes(proof((), ()))) == asked


def test_an_isolated_world_ticks_what_it_proves_and_no_more() -> None:
    """Names, content, tokens, marks and people's boxes stay empty in the best of worlds."""
    assert set(boxes(clean())) - ticked(clean()) == {
        "Screenshot of Railway showing two separate PostgreSQL plugins",
        "Screenshot of Railway showing two separate Redis plugins",
        DATA,
        "No production queue data in staging Redis",
        "Test file written to staging bucket only",
        "Production bucket does not contain staging test file",
        "No cross-environment API calls possible",
        "All hostnames contain staging identifier",
        "No production data accessible from staging",
    }


def test_nothing_declared_ticks_nothing() -> None:
    """Without resources every box is empty."""
    assert ticked(proof((), ())) == set()


def test_naming_lines_read_information() -> None:
    """A name that contains the word staging proves nothing, and the document says so."""
    assert boxes(clean())["All hostnames contain staging identifier"][1] == "information: proves nothing."


def test_screenshots_are_replaced_by_evidence() -> None:
    """A screenshot is no proof: the answers stand in its place."""
    line = boxes(clean())["Screenshot of Railway showing two separate Redis plugins"][1]
    assert line.startswith("information: replaced by evidence")


def test_a_pending_box_says_what_would_prove_it() -> None:
    """The exact grant stands behind the empty box, and under the matrix."""
    assert "grant s3:ListBucket" in boxes(blind())[BUCKET_NAME][1]
    assert "**PENDING** Storage Bucket (storage), what would prove it" in render(blind(), "markdown")


def test_configuration_alone_ticks_no_box_about_servers() -> None:
    """A finding at grade declared is no server's word."""
    declared = Finding("postgres/same-server", "database", isolated(Grade.DECLARED, "the names differ"))
    unproven = row("database", "below its minimum", Grade.DECLARED, Outcome.UNPROVEN)
    assert not ticked(proof(matrix_with(unproven), changed(declared, NO_COPY))) & {SERVERS, INSTANCE}


def test_equal_host_names_of_two_servers_tick_no_line_about_names() -> None:
    """Where equal names lead to two servers, the row is verified and the line about names stays open."""
    private = replace(
        MATRIX[0], production="postgres.internal:5432/app", staging="postgres.internal:5432/app"
    )
    shown = proof(matrix_with(private))
    assert SERVERS not in ticked(shown)
    assert "the host names are equal; the servers are not" in boxes(shown)[SERVERS][1]
    assert INSTANCE in ticked(shown)


def test_a_copy_of_production_is_no_separate_instance() -> None:
    """The checklist asks for the whole row, not for one finding of it."""
    copy = Finding("postgres/replica-or-copy", "database", shared(Grade.IDENTITY, "a standby of production"))
    shown = proof(matrix_with(row("database", "a standby", None, Outcome.SHARED)), changed(copy))
    assert INSTANCE not in ticked(shown)
    assert SERVERS in ticked(shown)


def test_secret_key_must_have_been_compared() -> None:
    """Other secrets that differ say nothing of SECRET_KEY."""
    others = replace(
        SECRETS,
        judgement=isolated(
            Grade.DECLARED,
            "none is",
            evidence("secrets", "1: AWS_SECRET_KEY", "1: SECRET_KEY_BASE", "digests"),
        ),
    )
    assert KEY not in ticked(proof(findings=changed(others)))
    assert KEY in ticked(clean())


def test_environment_must_be_what_says_so() -> None:
    """APP_ENV=staging isolates as well, and the line asks for ENVIRONMENT."""
    labels = evidence("label", "APP_ENV=production", "APP_ENV=staging", "read from the variables")
    other = replace(NAME, judgement=isolated(Grade.DECLARED, "each by its own", labels))
    assert LABEL not in ticked(proof(findings=changed(other)))
    assert LABEL in ticked(clean())


def test_queue_data_is_looked_for_where_the_queue_is() -> None:
    """A clean cache says nothing of the broker's keys, unless they lie in one database."""
    walked = Finding("redis/namespace", "cache", isolated(Grade.IDENTITY, "all 3 keys begin as declared"))
    assert QUEUE not in ticked(proof(findings=changed(walked)))
    one = replace(row("cache", "run ids differ", Grade.IDENTITY), staging="redis.staging.test:6379/1")
    broker = replace(row("queue", "two brokers", Grade.IDENTITY), staging="redis://redis.staging.test:6379/1")
    assert QUEUE in ticked(proof(matrix_with(one, broker), changed(walked)))
    elsewhere = replace(broker, staging="redis://redis.staging.test:6379/2")
    assert QUEUE not in ticked(proof(matrix_with(one, elsewhere), changed(walked)))


def test_a_waived_row_keeps_its_outcome() -> None:
    """A waiver shows what was found, who accepted it and until when; its box stays empty."""
    shown = render(waived(), "markdown")
    assert "| WAIVED (FAILED) |" in shown
    assert "| dana | kim | 2026-03-01 00:00Z |" in shown
    assert KEY not in ticked(waived())


def test_a_stated_expectation_ticks_its_content_line() -> None:
    """A census that found none proves its line; a sentinel alone does not."""
    counted = Finding("postgres/sentinel", "database", isolated(Grade.IDENTITY, "the sentinel counts 0 rows"))
    assert DATA not in ticked(proof(findings=changed(counted)))
    none = Finding("postgres/production-rows", "database", isolated(Grade.IDENTITY, "none was found"))
    assert DATA in ticked(proof(findings=changed(none)))


def test_every_resource_of_a_kind_must_prove_the_line() -> None:
    """One isolated bucket does not stand for the other."""
    ADDRESSES["archive"] = "s3.{0}.test/archive"
    second = replace(MATRIX[3], resource="archive", status="PENDING", outcome=Outcome.UNPROVEN, grade=None)
    shown = proof((*MATRIX, second))
    assert BUCKET_NAME not in ticked(shown)
    assert "archive: bucket/same-bucket was not asked" in boxes(shown)[BUCKET_NAME][1]
    also = replace(BUCKET, resource="archive")
    whole = replace(second, status="VERIFIED", outcome=Outcome.ISOLATED, grade=Grade.IDENTITY)
    assert BUCKET_NAME in ticked(proof((*MATRIX, whole), changed(also)))


def test_an_api_does_not_stand_for_the_pages() -> None:
    """Where only the API is declared, the line about the web domain stays open."""
    api_only = proof(tuple(line for line in MATRIX if line.resource != "site"))
    assert "API domain is staging-specific" in ticked(api_only)
    assert "Web domain is staging-specific" not in ticked(api_only)
    assert "Not declared, so not asked: Web Domain." in render(api_only, "markdown")


def test_sign_off_waits_for_a_person() -> None:
    """Whatever the verdict, the block is unsigned and says PENDING."""
    for shown in (clean(), broken()):
        assert "Verified By: ___________________\nDate: ___________________\nStatus: PENDING" in render(
            shown, "markdown"
        )


def test_incident_steps_keep_the_specification_s_words() -> None:
    """Filled in or not, the five steps stand in order."""
    for shown in (clean(), broken()):
        text = render(shown, "markdown")
        places = [text.index(f"{n}. **{word}**") for n, word in enumerate(WORDS, 1)]
        assert places == sorted(places)


WORDS = ("STOP", "AUDIT", "PURGE", "ROTATE", "DOCUMENT")


def test_evidence_says_what_was_asked_of_whom_when() -> None:
    """Each answer stands with its question, its side and its time."""
    asked = next(iter(SAME_SERVER.judgement.evidence))
    line = (
        f"| database | production | system_identifier | `{asked.how}` | 2026-01-10 12:00:03Z "
        f"| `{asked.value}` | `postgres/same-server` |"
    )
    assert line in render(clean(), "markdown").splitlines()


def test_a_hostile_name_adds_no_structure() -> None:
    """Read by a Markdown parser, names make no link, HTML, heading or row of their own."""
    tokens = MarkdownIt("commonmark").enable("table").parse(render(hostile(), "markdown"))
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {
        *("text", "text_special", "softbreak", "hardbreak", "code_inline"),
        *("strong_open", "strong_close"),
    }
    assert "html_block" not in {token.type for token in tokens}
    titles = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert not [title for title in titles if "x.test" in title]
    matrix = [line for line in render(hostile(), "markdown").splitlines() if line.startswith("| Redis (")]
    assert [line.count(" | ") for line in matrix] == [5, 2]
