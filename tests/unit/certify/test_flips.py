"""Every octet of a certificate counts: what is flipped, cut, put in or taken out is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from certificates import AT, World
from disjoint.certify.ssh import ssh_names
from disjoint.certify.trust import Trust, Wanted
from disjoint.certify.verify import verified
from disjoint.errors import DisjointError
from in_process import people, trust

BITS = tuple(1 << bit for bit in range(8))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One machine, some people."""
    return World(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def believed(world: World) -> Trust:
    """That machine, and two of them."""
    return trust(world)


@pytest.fixture(scope="module")
def certificate(world: World) -> bytes:
    """A proof, and one word more than is wanted for it: no line is there for nothing."""
    proof = world.proof()
    return proof + world.sign_off(proof) + world.sign_off(proof, world.carol)


def accepted(contents: Iterable[bytes], believed: Trust) -> Iterator[bytes]:
    """Those among many that hold; any other error than a refusal of ours ends the test."""
    for content in contents:
        try:
            verified(content, believed, Wanted(), AT)
        except DisjointError:
            continue
        yield content


def flipped(certificate: bytes, masks: Iterable[int]) -> Iterator[bytes]:
    places = list(masks)
    for place, octet in enumerate(certificate):
        for mask in places:
            yield certificate[:place] + bytes([octet ^ mask]) + certificate[place + 1 :]


def test_the_certificate_itself_holds(certificate: bytes, believed: Trust) -> None:
    """Or nothing below would mean anything."""
    assert len(verified(certificate, believed, Wanted(approvals=2), AT).approvals) == 2


@pytest.mark.timeout(300)
def test_every_octet_counts(certificate: bytes, believed: Trust) -> None:
    """Case, base64's other alphabet, the last bit: by turns, of every octet."""
    masks = (0x20, 0x06, 0x01)
    changed = (
        certificate[:at] + bytes([octet ^ masks[at % 3]]) + certificate[at + 1 :]
        for at, octet in enumerate(certificate)
    )
    assert list(accepted(changed, believed)) == []


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_every_bit_counts(certificate: bytes, believed: Trust) -> None:
    """Each of the eight, and all at once, of every octet."""
    assert list(accepted(flipped(certificate, (*BITS, 0xFF)), believed)) == []


def test_every_truncation_is_refused(certificate: bytes, believed: Trust) -> None:
    """Whole lines of sign-offs apart, which the number wanted guards."""
    cuts = (certificate[:size] for size in range(len(certificate)))
    left = [len(each) for each in accepted(cuts, believed)]
    ends = [place + 1 for place, octet in enumerate(certificate) if octet == 10]
    assert left == ends[1:-1]
    with pytest.raises(DisjointError, match="missing sign-off"):
        verified(certificate[: ends[0]], believed, Wanted(), AT)


def test_a_certificate_with_no_word_too_many_bears_no_cut(world: World, believed: Trust) -> None:
    """Of the file that `certify` and one `sign-off` leave, nothing can be missing."""
    certificate = world.certificate()
    assert list(accepted((certificate[:size] for size in range(len(certificate))), believed)) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_nothing_can_be_put_in_or_taken_out(certificate: bytes, believed: Trust) -> None:
    """An octet at each place: white space, a brace, a zero."""
    places = range(len(certificate))
    longer = (certificate[:at] + more + certificate[at:] for at in places for more in (b" ", b"}"))
    shorter = (certificate[:at] + certificate[at + 1 :] for at in places)
    assert list(accepted(longer, believed)) == []
    assert list(accepted(shorter, believed)) == []


def test_openssh_agrees_about_who_signed(world: World, certificate: bytes, tmp_path: Path) -> None:
    """The engine of these trials says what ssh-keygen says."""
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(world.allowed())
    by_person = trust(world)
    by_program = by_person._replace(person=lambda a, o, at: ssh_names(a, o, allowed, at))
    agreed = verified(certificate, by_person, Wanted(), AT)
    assert verified(certificate, by_program, Wanted(), AT) == agreed
    line = certificate.splitlines()[1]
    assert list(accepted([certificate.replace(line, line.replace(b"A", b"B", 1))], by_program)) == []
    with pytest.raises(DisjointError):
        people(world.carol)(world.bob.sign(b"octets"), b"octets", AT)
