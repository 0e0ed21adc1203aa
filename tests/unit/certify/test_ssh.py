"""People's signatures, with the real ssh-keygen and a real ssh-agent."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import OPTIONS, Person, World
from disjoint.certify import sshsig
from disjoint.certify.ssh import ssh_names, ssh_signed, ssh_verified
from disjoint.errors import TamperedError, UnprovenError, UsageError, WriteError

OCTETS = b"DSSEv1 4 type 7 payload"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def person(folder: Path, principal: str, type_: str = "ed25519") -> Person:
    """Somebody with a new key."""
    return World(folder).person(principal, type_)


@pytest.fixture
def bob(tmp_path: Path) -> Person:
    """Somebody who may sign."""
    return person(tmp_path, "bob@example.com")


def allowed(folder: Path, *lines: str) -> Path:
    path = folder / "allowed_signers"
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("type_", ["ed25519", "ecdsa", "rsa"])
def test_what_a_person_signed_is_theirs(tmp_path: Path, type_: str) -> None:
    """By the name that the file gives the key."""
    carol = person(tmp_path, "carol@example.com", type_)
    signature = ssh_signed(OCTETS, carol.key)
    assert ssh_verified(signature, OCTETS, allowed(tmp_path, "# all\n", carol.line()), NOW) == carol.principal


def test_what_was_changed_is_refused(tmp_path: Path, bob: Person) -> None:
    """As tampering, not as distrust."""
    signature, trusted = ssh_signed(OCTETS, bob.key), allowed(tmp_path, bob.line())
    with pytest.raises(TamperedError, match="over something else"):
        ssh_verified(signature, OCTETS + b" ", trusted, NOW)


def test_every_flipped_bit_is_refused(tmp_path: Path, bob: Person) -> None:
    """Of the armour too: there is one writing only. One bit of every octet, chosen by its place."""
    signature, trusted = ssh_signed(OCTETS, bob.key), allowed(tmp_path, bob.line())
    for place in range(len(signature)):
        octet = signature[place] ^ (1 << place % 7)
        with pytest.raises((TamperedError, UnprovenError)):
            ssh_verified(signature[:place] + bytes([octet]) + signature[place + 1 :], OCTETS, trusted, NOW)


def test_every_cut_is_refused(tmp_path: Path, bob: Person) -> None:
    """And everything that goes on behind it."""
    signature, trusted = ssh_signed(OCTETS, bob.key), allowed(tmp_path, bob.line())
    for wrong in (
        *(signature[:size] for size in range(len(signature))),
        signature + b"\n",
        b"\n" + signature,
    ):
        with pytest.raises(TamperedError, match="a sign-off is not signed"):
            ssh_verified(wrong, OCTETS, trusted, NOW)


def test_there_is_one_writing_of_a_signature(tmp_path: Path, bob: Person) -> None:
    """Wider lines and other ends of lines say the same, and are refused: every octet of a line counts."""
    signature, trusted = ssh_signed(OCTETS, bob.key), allowed(tmp_path, bob.line())
    first, *body, last = signature.decode().splitlines()
    for other in ("\n".join([first, "".join(body), last, ""]), signature.decode().replace("\n", "\r\n")):
        with pytest.raises(TamperedError, match="a sign-off is not signed"):
            ssh_verified(other.encode(), OCTETS, trusted, NOW)


@pytest.mark.parametrize("form", ["magic", "version", "reserved", "longer"])
def test_another_form_of_signature_is_refused(bob: Person, form: str) -> None:
    """Before ssh-keygen is asked; of each field one that a later form might have."""
    body = "".join(ssh_signed(OCTETS, bob.key).decode().splitlines()[1:-1])
    blob = base64.b64decode(body)
    empty = blob.index(b"signoff@disjoint.dev") + len(b"signoff@disjoint.dev")
    forms = {
        "magic": b"SSHXIG" + blob[6:],
        "version": blob[:9] + b"\2" + blob[10:],
        "reserved": blob[:empty] + b"\0\0\0\1x" + blob[empty + 4 :],
        "longer": blob + b"\0",
    }
    assert sshsig.parts_of(sshsig.armour(blob)).namespace == "signoff@disjoint.dev"
    with pytest.raises(ValueError, match="SSH signature"):
        sshsig.parts_of(sshsig.armour(forms[form]))


def test_a_signature_for_git_is_no_sign_off(tmp_path: Path, bob: Person) -> None:
    """Though the key may do both."""
    ran = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(bob.key)],
        input=OCTETS,
        capture_output=True,
        check=True,
    )
    with pytest.raises(TamperedError, match="made for another purpose"):
        ssh_verified(ran.stdout, OCTETS, allowed(tmp_path, bob.line()), NOW)


def test_a_strangers_key_is_named(tmp_path: Path, bob: Person) -> None:
    """By its fingerprint, as ssh-keygen shows it."""
    eve = person(tmp_path, "eve@example.com")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(eve.key)], capture_output=True, text=True, check=True
    ).stdout
    with pytest.raises(UnprovenError) as refused:
        ssh_verified(ssh_signed(OCTETS, eve.key), OCTETS, allowed(tmp_path, bob.line()), NOW)
    assert str(refused.value).endswith(f"does not know the key {shown.split()[1]}")


@pytest.mark.parametrize("options", ['valid-before="20261101"', 'valid-after="20261201"'])
def test_a_key_counts_in_its_own_time(tmp_path: Path, bob: Person, options: str) -> None:
    """At the time that is asked about, in UTC."""
    trusted, signature = allowed(tmp_path, bob.line(f"{OPTIONS},{options}")), ssh_signed(OCTETS, bob.key)
    with pytest.raises(UnprovenError, match=r"bob@\S+ key may not sign signoff@\S+ at 2026-11-26"):
        ssh_verified(signature, OCTETS, trusted, NOW)
    there = NOW + (timedelta(days=-60) if "before" in options else timedelta(days=60))
    assert ssh_verified(signature, OCTETS, trusted, there) == bob.principal


def test_a_later_line_may_renew_a_key(tmp_path: Path, bob: Person) -> None:
    """One person, two windows."""
    trusted = allowed(tmp_path, bob.line(f'{OPTIONS},valid-before="20261101"'), bob.line())
    assert ssh_verified(ssh_signed(OCTETS, bob.key), OCTETS, trusted, NOW) == bob.principal


def test_a_person_has_every_name_that_their_line_states(tmp_path: Path, bob: Person) -> None:
    """The CI's name for them, too: whoever asked under it may not approve under another."""
    trusted = allowed(tmp_path, bob.line(principal=f"{bob.principal},octo-bob"))
    assert ssh_names(ssh_signed(OCTETS, bob.key), OCTETS, trusted, NOW) == (bob.principal, "octo-bob")
    pattern = allowed(tmp_path, bob.line(principal=f"{bob.principal},*@example.com"))
    with pytest.raises(UnprovenError, match="a pattern is no person"):
        ssh_names(ssh_signed(OCTETS, bob.key), OCTETS, pattern, NOW)


@pytest.mark.parametrize(
    "options", ["", 'valid-before="20300101"', 'x=",namespaces="', "cert-authority," + OPTIONS]
)
def test_a_line_that_does_not_say_what_for_is_refused(tmp_path: Path, bob: Person, options: str) -> None:
    """Or that trusts whomever another key trusts; with what to write."""
    trusted = allowed(tmp_path, bob.line(options))
    with pytest.raises(
        UnprovenError, match=r'allowed_signers:1: .*write namespaces="git,signoff@disjoint.dev"'
    ):
        ssh_verified(ssh_signed(OCTETS, bob.key), OCTETS, trusted, NOW)


def test_a_line_for_something_else_is_refused(tmp_path: Path, bob: Person) -> None:
    """A key for commits alone approves nothing."""
    trusted = allowed(tmp_path, bob.line('namespaces="git"'))
    with pytest.raises(UnprovenError, match="may not sign"):
        ssh_verified(ssh_signed(OCTETS, bob.key), OCTETS, trusted, NOW)


def test_one_key_is_one_person(tmp_path: Path, bob: Person) -> None:
    """Two names for one key would be two approvals by one; the first of a line's names is the person's."""
    signature = ssh_signed(OCTETS, bob.key)
    alias = Person("robert@example.com", bob.key)
    with pytest.raises(UnprovenError, match="one key stands for several people"):
        ssh_verified(signature, OCTETS, allowed(tmp_path, bob.line(), alias.line()), NOW)
    both = Person("bob@example.com,robert@example.com", bob.key)
    assert ssh_verified(signature, OCTETS, allowed(tmp_path, both.line()), NOW) == "bob@example.com"


@pytest.mark.parametrize("principal", ["*@example.com", "*", "!eve,*", "b?b@example.com"])
def test_a_pattern_is_nobody(tmp_path: Path, bob: Person, principal: str) -> None:
    """Who signed must be known by name."""
    trusted = allowed(tmp_path, Person(principal, bob.key).line())
    with pytest.raises(UnprovenError, match="a pattern is no person"):
        ssh_verified(ssh_signed(OCTETS, bob.key), OCTETS, trusted, NOW)


def test_no_line_hides_in_a_comment(tmp_path: Path, bob: Person) -> None:
    """What an editor may show as a new line is none to ssh-keygen, nor to us."""
    trusted = allowed(tmp_path, f"# nobody\u2028{bob.line()}", f"# nobody\x0c{bob.line()}")
    with pytest.raises(UnprovenError, match="does not know the key"):
        ssh_verified(ssh_signed(OCTETS, bob.key), OCTETS, trusted, NOW)


def test_a_line_that_was_taken_out_counts_no_more(tmp_path: Path, bob: Person) -> None:
    """A comment is none of the file's people."""
    with pytest.raises(UnprovenError, match="does not know the key"):
        ssh_verified(ssh_signed(OCTETS, bob.key), OCTETS, allowed(tmp_path, f"#{bob.line()}"), NOW)


def test_what_ssh_keygen_says_is_checked(
    tmp_path: Path, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program of that name, which ends well and signs nothing, makes no sign-off."""
    other = tmp_path / "bin" / "ssh-keygen"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho signed\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin:/bin")
    with pytest.raises(TamperedError, match="a sign-off is not signed"):
        ssh_signed(OCTETS, bob.key)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh-agent of the test's own."""
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        yield
        running.terminate()


@pytest.mark.usefixtures("agent")
def test_an_agent_signs_by_the_public_key(tmp_path: Path) -> None:
    """The private key is nowhere on the disk; without the agent there is none."""
    dora = person(tmp_path, "dora@example.com")
    subprocess.run(["ssh-add", "-q", str(dora.key)], check=True, capture_output=True)
    dora.key.unlink()
    public = dora.key.with_name(f"{dora.key.name}.pub")
    signature = ssh_signed(OCTETS, public)
    assert ssh_verified(signature, OCTETS, allowed(tmp_path, dora.line()), NOW) == dora.principal
    subprocess.run(["ssh-add", "-q", "-D"], check=True, capture_output=True)
    with pytest.raises(WriteError, match="ssh-keygen did not sign with"):
        ssh_signed(OCTETS, public)


def test_a_key_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    """Said before ssh-keygen is asked."""
    with pytest.raises(UsageError, match="there is no such file"):
        ssh_signed(OCTETS, tmp_path / "id_none")


def test_a_locked_key_is_said(tmp_path: Path) -> None:
    """Where nobody can type its passphrase, it ends with a reason."""
    key = tmp_path / "locked"
    asked = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "correct horse", "-f", str(key)]
    subprocess.run(asked, check=True)
    with pytest.raises(WriteError, match="did not sign with"):
        ssh_signed(OCTETS, key)


def test_without_ssh_keygen_its_package_is_named(
    tmp_path: Path, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither signing nor verifying goes another way."""
    signature = ssh_signed(OCTETS, bob.key)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WriteError, match="apt install openssh-client"):
        ssh_signed(OCTETS, bob.key)
    with pytest.raises(UnprovenError, match="apt install openssh-client"):
        ssh_verified(signature, OCTETS, allowed(tmp_path, bob.line()), NOW)


def test_no_word_of_ours_reaches_a_shell(tmp_path: Path, bob: Person) -> None:
    """Whatever a principal is called."""
    mallory = Person(f"$(touch${{IFS}}{tmp_path}/ran)", bob.key)
    signature = ssh_signed(OCTETS, bob.key)
    assert ssh_verified(signature, OCTETS, allowed(tmp_path, mallory.line()), NOW) == mallory.principal
    assert not (tmp_path / "ran").exists()


@given(st.binary(max_size=300))
def test_no_octets_are_taken_for_a_signature(blob: bytes) -> None:
    """Nor do any raise something else."""
    for text in (blob, sshsig.armour(blob), sshsig.armour(b"SSHSIG\0\0\0\1" + blob)):
        try:
            sshsig.parts_of(text)
        except ValueError:
            continue
        assert base64.b64decode(b"".join(text.splitlines()[1:-1])).startswith(b"SSHSIG")


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_allowed_signers(text: str) -> None:
    """Each line is an entry or none."""
    assert all(entry.number <= text.count("\n") + 1 for entry in sshsig.entries(text))
