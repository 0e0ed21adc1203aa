"""People's signatures in this process, for millions of trials: PROTOCOL.sshsig over Ed25519."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from certificates import Machine, Person, World
from disjoint.certify.dsse import STATEMENT, Envelope, Signed, line_of, pae
from disjoint.certify.names import NAMESPACE
from disjoint.certify.public import verifies
from disjoint.certify.sshsig import armour, fingerprint, parts_of
from disjoint.certify.trust import Person as Engine
from disjoint.certify.trust import Trust
from disjoint.errors import TamperedError, UnprovenError


def _string(octets: bytes) -> bytes:
    return len(octets).to_bytes(4) + octets


def _strings(blob: bytes) -> list[bytes]:
    found = []
    while blob:
        size = int.from_bytes(blob[:4])
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return found


def people(*known: Person) -> Engine:
    """Who signed, among these people, each with an Ed25519 key."""
    names: Mapping[bytes, str] = {base64.b64decode(each.public.split()[1]): each.principal for each in known}

    def who(armoured: bytes, octets: bytes, _at: datetime) -> tuple[str, ...]:
        try:
            parts = parts_of(armoured)
        except ValueError:
            raise TamperedError("a sign-off is not signed") from None
        if parts.namespace != NAMESPACE:
            raise TamperedError("made for another purpose")
        if parts.key not in names:
            raise UnprovenError("an unknown key")
        if not _signed(armoured, parts.key, octets):
            raise TamperedError("over something else")
        return (names[parts.key],)

    return who


def _signed(armoured: bytes, key: bytes, octets: bytes) -> bool:
    """Hash and signature algorithm are of the signature's own choice, among those that OpenSSH takes."""
    blob = base64.b64decode(b"".join(armoured.splitlines()[1:-1]))
    _key, namespace, reserved, algorithm, signature = _strings(blob[10:])
    if algorithm not in {b"sha256", b"sha512"}:
        return False
    digest = hashlib.new(algorithm.decode(), octets).digest()
    said = b"SSHSIG" + b"".join(map(_string, (namespace, reserved, algorithm, digest)))
    type_, *raw = _strings(signature)
    if type_ != b"ssh-ed25519" or len(raw) != 1 or _string(type_) + _string(raw[0]) != signature:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(_strings(key)[1]).verify(raw[0], said)
    except InvalidSignature:
        return False
    return True


def trust(world: World, *others: Machine) -> Trust:
    """The world's machine, and Bob and Carol."""
    pems = (world.machine.pem, *(other.pem for other in others))
    return Trust(pems, verifies, people(world.bob, world.carol))


class Signer:
    """A person's Ed25519 key, held by this process."""

    def __init__(self, person: Person) -> None:
        self._key = load_ssh_private_key(person.key.read_bytes(), None)
        self._public = base64.b64decode(person.public.split()[1])

    def line(self, payload: bytes) -> bytes:
        """A line that says this, signed as ssh-keygen signs."""
        assert isinstance(self._key, Ed25519PrivateKey)
        digest = hashlib.sha512(pae(STATEMENT, payload)).digest()
        about = _string(NAMESPACE.encode()) + _string(b"") + _string(b"sha512")
        sig = _string(b"ssh-ed25519") + _string(self._key.sign(b"SSHSIG" + about + _string(digest)))
        blob = b"SSHSIG\0\0\0\1" + _string(self._public) + about + _string(sig)
        signed = Signed(fingerprint(self._public), armour(blob))
        return line_of(Envelope(STATEMENT, payload, (signed,))).encode() + b"\n"
