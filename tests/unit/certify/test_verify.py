"""The verifier's steps, where a published case does not draw the line: bounds, order, names."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from certificates import (
    AT,
    PRODUCTION_PART,
    STAGING_PART,
    WAIVED,
    Edit,
    Machine,
    World,
    proof_statement,
    same,
    waiver,
    with_waiver,
)
from disjoint.canonical import canonical, digest_of
from disjoint.certify import engines
from disjoint.certify.lines import LINES, OCTETS
from disjoint.certify.people import is_among, person, spelling
from disjoint.certify.spki import keyid_of, rewritten, spki_of
from disjoint.certify.trust import Trust, Verified, Wanted
from disjoint.certify.verify import verified
from disjoint.errors import TamperedError, UnprovenError
from in_process import trust

SECOND = timedelta(seconds=1)
FINISHED = datetime.fromisoformat("2026-11-22T21:00:09Z")
UNTIL = datetime.fromisoformat("2026-12-20T21:00:09Z")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One machine, some people."""
    return World(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def believed(world: World) -> Trust:
    """That machine, and two of them."""
    return trust(world)


def put(**members: Any) -> Edit:
    """Members of the predicate, set."""
    return lambda statement: statement["predicate"].update(members)


def test_what_holds_is_told_whole(world: World, believed: Trust) -> None:
    """Who proved what, who signed, until when: the first end of all that is wanted."""
    proof = world.proof()
    early = world.sign_off(proof, world.carol, put(validUntil="2026-11-30T00:00:00Z"))
    content = proof + early + world.sign_off(proof)
    one = verified(content, believed, Wanted(), AT)
    assert (one.keyid, one.proof.digest) == (world.machine.keyid, one.proof.digest)
    assert [each.principal for each in one.approvals] == ["carol@example.com", "bob@example.com"]
    assert (one.approvals[1].name, one.approvals[1].role) == ("Bob", "reviewer")
    assert one.until == UNTIL
    two = verified(content, believed, Wanted(approvals=2), AT)
    assert two.until == datetime.fromisoformat("2026-11-30T00:00:00Z")
    assert (one.proof.staging, one.proof.production) == (digest_of(STAGING_PART), digest_of(PRODUCTION_PART))


def signed(world: World, edit: Edit = same, said: Edit = same) -> bytes:
    """A proof and Bob's word, each edited before it is signed."""
    proof = world.proof(edit)
    return proof + world.sign_off(proof, edit=said)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("holds", [True, False], ids=["within", "beyond"])
@pytest.mark.parametrize(
    ("name", "edge", "step"),
    [
        ("proof ahead of us", FINISHED - MINUTE, -SECOND),
        ("proof over", UNTIL - SECOND, SECOND),
        ("proof too old", FINISHED + HOUR, SECOND),
    ],
)
def test_the_moment_at_which_it_begins_and_ends_to_hold(
    world: World, believed: Trust, name: str, edge: datetime, step: timedelta, *, holds: bool
) -> None:
    """To the second; clocks may disagree by one minute."""
    wanted = Wanted(approvals=0, max_age=HOUR if "old" in name else None)
    now = edge if holds else edge + step
    assert is_held(lambda: verified(world.proof(), believed, wanted, now)) is holds


def is_held(verify: Callable[[], Verified]) -> bool:
    """Whether it holds; any other error than a refusal fails the test."""
    try:
        verify()
    except (TamperedError, UnprovenError):
        return False
    return True


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({"signedAt": stamp(AT + MINUTE)}, True),
        ({"signedAt": stamp(AT + MINUTE + SECOND)}, False),
        ({"signedAt": stamp(FINISHED - MINUTE)}, True),
        ({"signedAt": stamp(FINISHED - MINUTE - SECOND)}, False),
        ({"validUntil": stamp(AT + SECOND)}, True),
        ({"validUntil": stamp(AT)}, False),
        ({"signedAt": "2026-11-22T21:40:00Z", "validUntil": "2026-12-22T21:40:00Z"}, True),
        ({"signedAt": "2026-11-22T21:40:00Z", "validUntil": "2026-12-22T21:40:01Z"}, False),
    ],
)
def test_a_persons_word_counts_in_its_time(
    world: World, believed: Trust, said: dict[str, str], *, holds: bool
) -> None:
    """From when it was given, by either clock, until it is over; for thirty days at most."""
    content = signed(world, same, put(**said))
    assert is_held(lambda: verified(content, believed, Wanted(), AT)) is holds


@pytest.mark.parametrize(
    ("times", "holds"),
    [
        ({"startedAt": stamp(FINISHED)}, True),
        ({"startedAt": stamp(FINISHED + SECOND)}, False),
        ({"validUntil": stamp(FINISHED + timedelta(days=30))}, True),
        ({"validUntil": stamp(FINISHED + timedelta(days=30, seconds=1))}, False),
        ({"validUntil": stamp(FINISHED)}, False),
    ],
)
def test_a_proof_has_times_that_can_be(
    world: World, believed: Trust, times: dict[str, str], *, holds: bool
) -> None:
    """It ends after it begins, and thirty days later at most."""
    content = world.proof(put(**times))
    assert is_held(lambda: verified(content, believed, Wanted(approvals=0), AT)) is holds


def test_a_proof_that_ends_as_it_begins_is_at_odds_with_itself(world: World, believed: Trust) -> None:
    """It is not over: it never held."""
    content = world.proof(put(validUntil=stamp(FINISHED)))
    with pytest.raises(TamperedError, match="ends before it begins"):
        verified(content, believed, Wanted(approvals=0), FINISHED)


@pytest.mark.parametrize(
    ("expires", "said"),
    [
        (stamp(FINISHED), "was over when the proof was made"),
        (stamp(FINISHED + SECOND), "expired on"),
        (stamp(AT), "expired on"),
        (stamp(AT + SECOND), None),
    ],
)
def test_a_waiver_counts_until_it_is_over(
    world: World, believed: Trust, expires: str, said: str | None
) -> None:
    """And so does what rests on it."""
    content = signed(world, lambda s: with_waiver(s, expires=expires), put(acceptedWaivers=[WAIVED]))
    if said is None:
        found = verified(content, believed, Wanted(), AT)
        assert (found.until, [each.name for each in found.waivers]) == (AT + SECOND, [WAIVED])
    else:
        with pytest.raises((TamperedError, UnprovenError), match=said):
            verified(content, believed, Wanted(), AT)


def test_a_waived_finding_gives_its_row_no_grade(world: World, believed: Trust) -> None:
    """However well it is known that something is shared."""

    def edit(statement: dict[str, Any]) -> None:
        with_waiver(statement)
        statement["predicate"]["findings"][-1]["grade"] = "refused"

    content = signed(world, edit, put(acceptedWaivers=[WAIVED]))
    assert verified(content, believed, Wanted(), AT).proof.matrix[2].grade == "declared"


def test_a_waiver_that_nothing_rests_on_ends_nothing(world: World, believed: Trust) -> None:
    """Nor must anybody accept it."""
    content = signed(world, put(waivers=[waiver(expires=stamp(AT))]))
    assert verified(content, believed, Wanted(), AT).waivers == ()


def test_each_finding_rests_on_its_own_waiver(world: World, believed: Trust) -> None:
    """Others beside it are nothing to it."""

    def edit(statement: dict[str, Any]) -> None:
        with_waiver(statement)
        statement["predicate"]["waivers"].insert(0, waiver(resource="database"))

    content = signed(world, edit, put(acceptedWaivers=[WAIVED]))
    assert [each.name for each in verified(content, believed, Wanted(), AT).waivers] == [WAIVED]


def test_sizes_are_bounded(world: World, believed: Trust) -> None:
    """The last octet and the last line that are taken, and the first that are not."""
    proof = world.proof()
    foreign = world.line(b'{"predicateType":"https://example.com/x"}')
    full = proof + foreign * (LINES - 1)
    assert is_held(lambda: verified(full, believed, Wanted(approvals=0), AT))
    with pytest.raises(TamperedError, match="more than 256 lines"):
        verified(full + foreign, believed, Wanted(approvals=0), AT)
    longest = proof + b" " * (OCTETS - len(proof) - 1) + b"\n"
    with pytest.raises(TamperedError, match="line 2: an empty line"):
        verified(longest, believed, Wanted(), AT)
    with pytest.raises(TamperedError, match="larger than 4 MiB"):
        verified(b" " + longest, believed, Wanted(), AT)


@pytest.mark.parametrize("number", [b"9007199254740993", b"1e999", b"-0"])
def test_numbers_that_readers_take_differently_are_refused(
    world: World, believed: Trust, number: bytes
) -> None:
    """Though a trusted machine signed them."""
    payload = canonical(proof_statement()).replace(b'"seq":7', b'"seq":' + number)
    with pytest.raises(TamperedError, match="not canonical"):
        verified(world.line(payload), believed, Wanted(approvals=0), AT)


def test_any_trusted_machine_may_have_signed(world: World) -> None:
    """The second key as well as the first; with its own key id."""
    other = Machine("p256")
    content = world.proof(machine=other)
    assert verified(content, trust(world, other), Wanted(approvals=0), AT).keyid == other.keyid
    with pytest.raises(TamperedError, match="no trusted key signed it"):
        verified(content, trust(world), Wanted(approvals=0), AT)


def test_what_is_not_asked_is_not_refused(world: World, believed: Trust) -> None:
    """And what is asked is compared with what is stated of it, not of something else."""
    proof = verified(world.proof(), believed, Wanted(approvals=0), AT).proof
    right = {
        name: getattr(proof, name) for name in ("environment", "reference", "policy", "staging", "production")
    }
    assert is_held(lambda: verified(world.proof(), believed, Wanted(approvals=0, **right), AT))
    for name in right:
        with pytest.raises(UnprovenError, match="the certificate is "):
            verified(world.proof(), believed, Wanted(approvals=0, **{**right, name: "other"}), AT)


def test_the_reason_of_the_first_that_does_not_count_is_told(world: World, believed: Trust) -> None:
    """By its line; where nobody signed at all, the command."""
    proof = world.proof()
    late = world.sign_off(proof, edit=put(validUntil=stamp(AT)))
    with pytest.raises(UnprovenError, match=r"missing sign-off: 0 of 1: line 2: the sign-off expired"):
        verified(proof + late + world.sign_off(proof, world.person("eve@x.example")), believed, Wanted(), AT)
    with pytest.raises(
        UnprovenError, match=r"missing sign-off: 0 of 1: have somebody run `disjoint sign-off`"
    ):
        verified(proof, believed, Wanted(), AT)


@pytest.mark.parametrize("names", [[], ["unknown"], ["", "unknown"], ["root"], ["Runner", "unknown"]])
def test_where_nobody_asked_anybody_could_be_signing_their_own(
    world: World, believed: Trust, names: list[str]
) -> None:
    """The machine's word alone may still be taken."""
    content = signed(world, put(requestedBy=names))
    with pytest.raises(UnprovenError, match="does not say who asked for it"):
        verified(content, believed, Wanted(), AT)
    assert is_held(lambda: verified(content, believed, Wanted(approvals=0), AT))


def test_whoever_asked_under_another_name_cannot_approve_it(world: World, believed: Trust) -> None:
    """The line that trusts their key knows them by the CI's name, too."""
    content = signed(world, put(requestedBy=["octo-bob"]))
    assert is_held(lambda: verified(content, believed, Wanted(), AT))
    known = believed.person
    assert known is not None
    knowing = believed._replace(person=lambda a, o, at: (*known(a, o, at), "octo-bob"))
    with pytest.raises(TamperedError, match=r"bob@example\.com asked for this proof"):
        verified(content, knowing, Wanted(), AT)


def test_evidence_is_what_was_proven(world: World, believed: Trust) -> None:
    """By name and digest; other files beside it are nothing to the proof."""
    proof = verified(world.proof(), believed, Wanted(approvals=0), AT).proof
    name, digest = proof.report
    beside = {name: digest, "notes.txt": "0" * 64}
    assert is_held(lambda: verified(world.proof(), believed, Wanted(approvals=0, evidence=beside), AT))
    hostile = world.proof(put(report={"name": "\x1b[2J", "digest": {"sha256": digest}}))
    with pytest.raises(UnprovenError, match=r"^the evidence lacks a file$"):
        verified(hostile, believed, Wanted(approvals=0, evidence=beside), AT)


@pytest.mark.parametrize(
    "name",
    [
        "bob",
        "BOB@example.org",
        "bob+x@example.com",
        "b\u043eb",
        "\uff22\uff4f\uff42",
        "b\u00f6b",
        "bo\u200bb",
        "12345678+bob@users.noreply.github.com",
        "12345678-Bob@users.noreply.gitlab.com",
        "1+bob@users.noreply.octocorp.ghe.com",
        "bob@users.noreply.github.com",
    ],
)
def test_one_persons_names(name: str) -> None:
    """Case, domain, tag, another script, width, accents, what does not show, a hidden address."""
    assert person(name) == "bob"
    assert is_among(name, ["alice", "bob@example.com"])
    assert not is_among(name, ["alice", "bobby@example.com"])


def test_whole_names_keep_their_domain() -> None:
    """An owner and an approver of one first name are two people."""
    assert spelling("Dave@one.example") != spelling("dave@two.example")
    assert spelling("Dave  Smith") == spelling("dave smith")


@pytest.mark.parametrize("type_", ["ed25519", "p256"])
def test_a_key_is_read_whole(type_: str) -> None:
    """As a library of cryptography names it, whatever stands before it; nothing may stand behind."""
    machine = Machine(type_)
    assert keyid_of(machine.pem) == machine.keyid
    assert rewritten(b"a comment\n" + machine.pem) == machine.pem
    junk = machine.pem.replace(b"\nM", b"\nM*", 1)
    for wrong in (
        machine.pem * 2,
        machine.pem.partition(b"-----END")[0],
        junk,
        b"",
        machine.pem.replace(b"PUBLIC", b"PRIVATE"),
    ):
        with pytest.raises(ValueError, match=r"no public key in PEM|neither Ed25519 nor"):
            spki_of(wrong)


@pytest.mark.parametrize(
    "octets", [b"", b"\x30", bytes(44), bytes(91), bytes.fromhex("302a300506032b6570032100")]
)
def test_another_sort_of_key_is_refused(octets: bytes) -> None:
    """Before any program is asked about it."""
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(octets) + b"\n-----END PUBLIC KEY-----\n"
    with pytest.raises(ValueError, match="neither Ed25519 nor ECDSA P-256"):
        spki_of(pem)
    assert not engines.machine(pem, b"", b"")
