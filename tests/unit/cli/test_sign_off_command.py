"""`disjoint sign-off` as a person calls it, with real keys, a real ssh-agent and a real journal."""

from __future__ import annotations

import base64
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certificates import WAIVED, Machine, Person, World, waiver
from disjoint.canonical import digest_of
from disjoint.certification.history import open_journal
from disjoint.certify.dsse import STATEMENT, pae, read_line
from disjoint.certify.keys import project_key
from disjoint.certify.names import SIGN_OFF_TYPE
from disjoint.certify.public import verifies
from disjoint.certify.ssh import ssh_names, ssh_verified
from disjoint.certify.trust import Trust, Wanted
from disjoint.certify.verify import verified


def written(time: datetime) -> str:
    """As a statement has times."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


MUCH_LATER = written(datetime.now(UTC) + timedelta(days=29))
LATER = written(datetime.now(UTC) + timedelta(days=7))
BEFORE = written(datetime.now(UTC) - timedelta(days=7))


@dataclass
class Desk:
    """A folder of its own, with a certificate in it, and somebody who may sign."""

    world: World
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.world.folder

    @property
    def bob(self) -> Person:
        return self.world.bob

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.intoto.jsonl"

    @property
    def allowed(self) -> Path:
        return self.folder / "allowed_signers"

    def lay(self, **changed: Any) -> bytes:
        """A certificate, made afresh."""
        stated = {"finishedAt": written(datetime.now(UTC)), "validUntil": MUCH_LATER, **changed}
        content = self.world.proof(lambda statement: statement["predicate"].update(stated))
        self.certificate.write_bytes(content)
        return content

    def sign(self, *arguments: str, said: str = "--yes") -> subprocess.CompletedProcess[str]:
        own = ["--as", self.bob.principal, "--role", "reviewer", "--key", str(self.bob.key)]
        asked = [sys.executable, "-m", "disjoint", "sign-off", *own, *arguments, *filter(None, [said])]
        return subprocess.run(
            asked,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.all_variables(),
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def all_variables(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "PATH": os.environ["PATH"], **self.variables}

    def lines(self) -> list[bytes]:
        return self.certificate.read_bytes().splitlines()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """With an allowed_signers file that knows one person."""
    found = Desk(World(tmp_path))
    found.allowed.write_text(found.bob.line())
    found.lay()
    return found


def test_a_signature_is_appended(desk: Desk) -> None:
    """The machine's line stays as it was; the new one verifies, says what was said, and who."""
    before = desk.certificate.read_bytes()
    (desk.folder / "report.html").write_text("all of it")
    ran = desk.sign("--reviewed", "report.html", "--statement", "I read it.", "--name", "Bob")
    assert ran.returncode == 0, ran.stderr
    assert desk.certificate.read_bytes().startswith(before)
    machine, own = desk.lines()
    envelope = read_line(own)
    [signature] = envelope.signatures
    octets = pae(STATEMENT, envelope.payload)
    assert ssh_verified(signature.sig, octets, desk.allowed, datetime.now(UTC)) == desk.bob.principal
    statement = json.loads(envelope.payload)
    said = statement["predicate"]
    assert statement["predicateType"] == SIGN_OFF_TYPE
    assert statement["subject"][0]["digest"]["sha256"] == digest_of(read_line(machine).payload)
    assert said["decision"] == "APPROVED"
    assert said["signer"] == {"principal": "bob@example.com", "name": "Bob", "role": "reviewer"}
    assert (said["statement"], said["acceptedWaivers"]) == ("I read it.", [])
    assert said["reviewed"] == [{"name": "report.html", "digest": {"sha256": digest_of(b"all of it")}}]
    assert said["signedAt"] < said["validUntil"]


def test_openssh_alone_verifies_it(desk: Desk, tmp_path: Path) -> None:
    """As an auditor would who has none of this: jq, base64, printf, ssh-keygen."""
    assert desk.sign().returncode == 0
    body = json.loads(desk.lines()[1])
    payload = base64.b64decode(body["payload"])
    kind = body["payloadType"]
    (tmp_path / "sig").write_bytes(base64.b64decode(body["signatures"][0]["sig"]))
    asked = ["ssh-keygen", "-Y", "verify", "-f", str(desk.allowed), "-I", "bob@example.com"]
    ran = subprocess.run(
        [*asked, "-n", "signoff@disjoint.dev", "-s", str(tmp_path / "sig")],
        input=f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(desk.bob.key)], capture_output=True, text=True, check=True
    ).stdout
    assert body["signatures"][0]["keyid"] == shown.split()[1]


def test_what_is_signed_is_shown(desk: Desk) -> None:
    """Before it is signed, without a control of the terminal in it."""
    desk.lay(
        waivers=[waiver(expires=LATER, reason="a key\x1b[2K of both")],
        requestedBy=["alice", "\u202eeve"],
    )
    ran = desk.sign("--accept", WAIVED)
    for part in (
        "staging apart from production",
        "cache      VERIFIED",
        "canary",
        "postgres/production-rows",
        LATER[:10],
    ):
        assert part in ran.stdout
    assert f"{WAIVED}, by erin" in ran.stdout
    assert "a key\\x1b[2K of both" in ran.stdout
    assert "\\u202eeve" in ran.stdout


def test_the_journal_has_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who, what, about which proof."""
    assert desk.sign().returncode == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / ".local/state"))
    [entry] = open_journal(project_key(), create=False).entries()
    assert (entry.event, entry.actor, entry.body["decision"]) == (
        "signed-off",
        desk.bob.principal,
        "APPROVED",
    )
    assert entry.body["proof"] == digest_of(read_line(desk.lines()[0]).payload)
    assert entry.body["key"] == read_line(desk.lines()[1]).signatures[0].keyid


def test_without_a_journal_nothing_is_signed(desk: Desk) -> None:
    """No log, no action."""
    before = desk.certificate.read_bytes()
    (desk.folder / ".local").mkdir()
    (desk.folder / ".local/state").write_text("no folder")
    ran = desk.sign()
    assert ran.returncode == 4
    assert ran.stderr.startswith("error: cannot ")
    assert desk.certificate.read_bytes() == before


REFUSED = {
    "own proof": (["--as", "alice@example.com"], {}, 2, "cannot approve it"),
    "own proof in capitals": (["--as", "ALICE@Example.com"], {}, 2, "cannot approve it"),
    "own proof by the local part": (["--as", "alice+work@other.example"], {}, 2, "cannot approve it"),
    "nobody asked for it": ([], {"requestedBy": []}, 3, "does not say who asked"),
    "anybody may have asked": ([], {"requestedBy": ["runner", "root"]}, 3, "does not say who asked"),
    "a waiver not accepted": (
        [],
        {"waivers": [waiver(expires=LATER)]},
        2,
        "--accept variables/secret",
    ),
    "a waiver that is none": (["--accept", "web/cors:site"], {}, 2, "has no such waiver"),
    "a waiver that is over": (
        ["--accept", WAIVED],
        {"waivers": [waiver(expires=BEFORE)]},
        3,
        f"the waiver of {WAIVED} is over",
    ),
    "a proof that is over": ([], {"validUntil": BEFORE}, 3, "certify anew"),
    "a proof of less": ([], {"verdict": "UNPROVEN"}, 2, "its verdict is UNPROVEN"),
    "a proof without its form": ([], {"matrix": None}, 1, "matrix is no list"),
    "nobody": (["--as", " "], {}, 2, "bears a name and a role"),
    "a key that is not there": (["--key", "id_none"], {}, 2, "there is no such file"),
    "a file that is not there": (["--reviewed", "none.html"], {}, 2, "--reviewed none.html: No such file"),
    "another certificate": (["other.jsonl"], {}, 2, "there is no such file"),
    "too long a time": (["--valid-for", "31d"], {}, 2, "no time of at most 30 days"),
}


@pytest.mark.parametrize(("arguments", "changed", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_signed(
    desk: Desk, arguments: list[str], changed: dict[str, Any], code: int, words: str
) -> None:
    """Each has its own words, and nothing was appended."""
    before = desk.lay(**changed)
    ran = desk.sign(*arguments)
    assert (ran.returncode, words in ran.stderr) == (code, True), ran.stderr
    assert ran.stderr.count("error:") == 1
    assert desk.certificate.read_bytes() == before


def test_a_byte_order_mark_was_never_written(desk: Desk) -> None:
    """It would be signed past, and gone afterwards."""
    desk.certificate.write_bytes(b"\xef\xbb\xbf" + desk.lay())
    before = desk.certificate.read_bytes()
    assert desk.sign().returncode == 1
    assert desk.certificate.read_bytes() == before


def test_who_asked_may_reject(desk: Desk) -> None:
    """A proof may be withdrawn by whoever had it made; waivers need not be accepted for that."""
    desk.lay(requestedBy=["bob"], waivers=[waiver(expires=LATER)])
    assert desk.sign("--reject").returncode == 0
    assert json.loads(read_line(desk.lines()[1]).payload)["predicate"]["decision"] == "REJECTED"


def test_nobody_signs_twice(desk: Desk) -> None:
    """In no case of letters; but whoever approved may still reject, and is then done."""
    assert desk.sign().returncode == 0
    again = desk.sign("--as", "BOB@example.com")
    assert (again.returncode, "has signed this proof already" in again.stderr) == (2, True)
    assert desk.sign("--reject").returncode == 0
    assert desk.sign("--reject").returncode == 2
    assert desk.sign().returncode == 2
    assert len(desk.lines()) == 3


def test_who_rejected_does_not_come_round(desk: Desk) -> None:
    """What they found is answered by another proof."""
    assert desk.sign("--reject").returncode == 0
    assert desk.sign().returncode == 2
    assert len(desk.lines()) == 2


def test_a_proof_cannot_outlive_itself_in_a_signature(desk: Desk) -> None:
    """Whoever signs for longer signs for as long as the proof is valid."""
    desk.lay(validUntil=LATER)
    assert desk.sign("--valid-for", "30d").returncode == 0
    assert json.loads(read_line(desk.lines()[1]).payload)["predicate"]["validUntil"] == LATER


def test_what_is_no_certificate(desk: Desk) -> None:
    """Two proofs in one file, none, and lines of something else."""
    one = desk.certificate.read_bytes()
    told = {
        one * 2: (2, "it holds 2 proofs"),
        b'{"a": 1}\n': (1, "line 1: no envelope"),
        b"": (3, "is empty"),
    }
    for content, (code, words) in told.items():
        desk.certificate.write_bytes(content)
        ran = desk.sign()
        assert (ran.returncode, words in ran.stderr) == (code, True), ran.stderr


def test_what_a_person_signed_alone_is_no_certificate(desk: Desk) -> None:
    """Nor may it stand beside another proof."""
    assert desk.sign().returncode == 0
    own = desk.lines()[1] + b"\n"
    desk.certificate.write_bytes(own)
    assert "it holds no proofs" in desk.sign("--as", "carol@example.com").stderr
    desk.certificate.write_bytes(desk.lay(proofId="another") + own)
    other = desk.sign("--as", "carol@example.com")
    assert (other.returncode, "line 2: the sign-off is about another proof" in other.stderr) == (1, True)


def test_allowed_signers_are_asked_first(desk: Desk) -> None:
    """A signature that would not count is not appended."""
    eve = desk.world.person("eve@example.com")
    before = desk.certificate.read_bytes()
    unknown = desk.sign("--key", str(eve.key), "--allowed-signers", str(desk.allowed))
    assert (unknown.returncode, "does not know the key" in unknown.stderr) == (3, True)
    with desk.allowed.open("a") as stream:
        stream.write(eve.line())
    borrowed = desk.sign("--key", str(eve.key), "--allowed-signers", str(desk.allowed))
    assert (borrowed.returncode, "is eve@example.com's, and not bob" in borrowed.stderr) == (2, True)
    assert desk.certificate.read_bytes() == before
    assert desk.sign("--allowed-signers", str(desk.allowed)).returncode == 0


def test_the_prover_is_asked_first(desk: Desk) -> None:
    """Whoever knows the prover's key need not be shown a forged proof."""
    public = desk.folder / "prover.pub.pem"
    public.write_bytes(Machine().pem)
    forged = desk.sign("--prover-key", str(public))
    assert (forged.returncode, "the proof was not signed with the key of" in forged.stderr) == (1, True)
    assert (forged.stdout, len(desk.lines())) == ("", 1)
    public.write_text("no key")
    assert desk.sign("--prover-key", str(public)).returncode == 2
    public.write_bytes(desk.world.machine.pem)
    assert desk.sign("--prover-key", str(public)).returncode == 0


def test_nobody_there_signs_nothing(desk: Desk) -> None:
    """Without a terminal it wants --yes, after showing what it is about."""
    ran = desk.sign(said="")
    assert (ran.returncode, "say --yes" in ran.stderr, "VERIFIED" in ran.stdout) == (2, True, True)
    assert len(desk.lines()) == 1


def test_a_variable_consents_to_nothing(desk: Desk) -> None:
    """A checkout may bring its own variables along; that somebody has read it, they say themselves."""
    desk.variables["DISJOINT_SIGN_OFF_YES"] = "1"
    ran = desk.sign(said="")
    assert (ran.returncode, "say --yes" in ran.stderr) == (2, True)
    assert len(desk.lines()) == 1


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "odd",
    [("--statement", "\udcff"), ("--name", "\udcff"), ("--reviewed", "pipe"), ("--reviewed", "/dev/zero")],
)
def test_what_cannot_be_signed_or_read_is_the_callers(desk: Desk, odd: tuple[str, str]) -> None:
    """Letters that are none, a pipe without a writer, a device without an end: nobody waits."""
    os.mkfifo(desk.folder / "pipe")
    ran = desk.sign(*odd)
    assert (ran.returncode, odd[0] in ran.stderr, len(desk.lines())) == (2, True, 1)


def thinking(desk: Desk, answer: bytes, meanwhile: Callable[[], object] = lambda: None) -> tuple[int, str]:
    """A person on a terminal, and what happens before they answer."""
    asked = ["--as", desk.bob.principal, "--role", "reviewer", "--key", str(desk.bob.key)]
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "disjoint", "sign-off", *asked],
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=desk.folder,
        env=desk.all_variables(),
    ) as running:
        assert running.stderr is not None
        said = b""
        while b"Sign this?" not in said and (octet := running.stderr.read(1)):
            said += octet
        meanwhile()
        os.write(main, answer)
        said += running.stderr.read()
    os.close(main)
    os.close(terminal)
    return running.returncode, said.decode()


@pytest.mark.parametrize(("answer", "code", "lines"), [(b"y\n", 0, 2), (b"n\n", 2, 1), (b"\n", 2, 1)])
def test_a_person_is_asked(desk: Desk, answer: bytes, code: int, lines: int) -> None:
    """On a terminal; whoever only presses Return signs nothing."""
    assert thinking(desk, answer)[0] == code
    assert len(desk.lines()) == lines


def test_what_was_shown_is_what_is_signed(desk: Desk) -> None:
    """Somebody certifies anew while a person reads: they have to read again."""
    code, said = thinking(desk, b"y\n", lambda: desk.lay(proofId="another"))
    assert (code, "was changed meanwhile" in said) == (2, True)
    assert len(desk.lines()) == 1


def test_others_may_sign_while_a_person_reads(desk: Desk) -> None:
    """Their lines stay; but nobody's second one is added."""
    carol = ["--as", "carol@example.com", "--key", str(desk.world.carol.key)]
    assert thinking(desk, b"y\n", lambda: desk.sign(*carol))[0] == 0
    assert len(desk.lines()) == 3
    desk.lay()
    code, said = thinking(desk, b"y\n", desk.sign)
    assert (code, "has signed this proof already" in said) == (2, True)
    assert len(desk.lines()) == 2


@pytest.fixture
def agent(desk: Desk) -> Iterator[None]:
    """An ssh-agent that holds the only copy of the key."""
    socket = desk.folder / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        desk.variables["SSH_AUTH_SOCK"] = str(socket)
        subprocess.run(
            ["ssh-add", "-q", str(desk.bob.key)], env=desk.all_variables(), check=True, capture_output=True
        )
        desk.bob.key.unlink()
        yield
        running.send_signal(signal.SIGTERM)


@pytest.mark.usefixtures("agent")
def test_git_knows_who_signs_and_with_what(desk: Desk) -> None:
    """Neither --as nor --key is needed where commits are signed; the agent holds the key."""
    for name, value in {
        "user.email": desk.bob.principal,
        "user.name": "Bob",
        "gpg.format": "ssh",
        "user.signingkey": f"~/{desk.bob.key.name}.pub",
    }.items():
        subprocess.run(["git", "config", "--global", name, value], env=desk.all_variables(), check=True)
    ran = subprocess.run(
        [sys.executable, "-m", "disjoint", "sign-off", "--role", "owner", "--yes"],
        capture_output=True,
        text=True,
        cwd=desk.folder,
        env=desk.all_variables(),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(read_line(desk.lines()[1]).payload)["predicate"]
    assert said["signer"] == {"principal": "bob@example.com", "name": "Bob", "role": "owner"}


def test_without_git_a_person_names_themselves(desk: Desk) -> None:
    """And the message says how."""
    asked = [sys.executable, "-m", "disjoint", "sign-off", "--role", "owner", "--yes"]
    ran = subprocess.run(
        asked, capture_output=True, text=True, cwd=desk.folder, env={"HOME": str(desk.folder)}, check=False
    )
    assert (ran.returncode, "who signs?" in ran.stderr) == (2, True)


def test_two_who_sign_at_once_both_stand(desk: Desk) -> None:
    """Neither loses the other's line."""
    people = [desk.world.person(f"p{number}@example.com") for number in range(6)]
    asked = [sys.executable, "-m", "disjoint", "sign-off", "--role", "r", "--yes"]
    running = [
        subprocess.Popen(
            [*asked, "--as", one.principal, "--key", str(one.key)],
            cwd=desk.folder,
            env=desk.all_variables(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for one in people
    ]
    said = [one.communicate()[1] for one in running]
    assert [one.returncode for one in running] == [0] * len(people), said
    signers = [json.loads(read_line(each).payload)["predicate"]["signer"] for each in desk.lines()[1:]]
    assert sorted(each["principal"] for each in signers) == [one.principal for one in people]


def test_the_machines_line_still_verifies(desk: Desk) -> None:
    """As it was signed; a file that was cut is refused, and not mended."""
    assert desk.sign().returncode == 0
    envelope = read_line(desk.lines()[0])
    octets = pae(STATEMENT, envelope.payload)
    assert verifies(desk.world.machine.pem, envelope.signatures[0].sig, octets)
    desk.certificate.write_bytes(desk.certificate.read_bytes().rstrip(b"\n"))
    cut = desk.sign("--as", "carol@example.com")
    assert (cut.returncode, "the last line does not end" in cut.stderr) == (1, True)


def test_what_this_command_writes_is_what_the_verifier_reads(desk: Desk) -> None:
    """A proof and two people's words, from the outside."""
    desk.allowed.write_text(desk.world.allowed())
    assert desk.sign("--allowed-signers", str(desk.allowed)).returncode == 0
    carol = ["--as", "carol@example.com", "--key", str(desk.world.carol.key)]
    assert desk.sign(*carol, "--allowed-signers", str(desk.allowed)).returncode == 0
    trust = Trust(
        (desk.world.machine.pem,),
        verifies,
        lambda sig, octets, at: ssh_names(sig, octets, desk.allowed, at),
    )
    held = verified(desk.certificate.read_bytes(), trust, Wanted(approvals=2), datetime.now(UTC))
    assert [each.principal for each in held.approvals] == ["bob@example.com", "carol@example.com"]
