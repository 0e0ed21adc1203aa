"""The cases of conformance/: what each certificate is, and what a verifier must make of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certificates import (
    CHALLENGE,
    NOW,
    OPTIONS,
    PRODUCTION_PART,
    REPORT,
    STAGING_PART,
    WAIVED,
    Edit,
    Machine,
    World,
    finding,
    proof_statement,
    row,
    waiver,
    with_waiver,
)
from disjoint.canonical import canonical
from disjoint.certify.dsse import STATEMENT, pae, read_line
from disjoint.certify.names import HOME, SUMMARY_TYPE
from disjoint.split import digest_of as policy_of
from disjoint.split import load_side

Build = Callable[[World], bytes]
Files = Callable[[World], Mapping[str, bytes]]
UNSEEN = "looks at signatures alone"
"""Why verify.sh cannot see a fault, unless a case says more."""


@dataclass(frozen=True)
class Case:
    """One folder."""

    name: str
    about: str
    build: Build
    reason: str = ""
    """For a case that must be refused."""
    options: Mapping[str, str | None] = field(default_factory=dict)
    """Beside or instead of the usual ones; None takes one out."""
    files: Files = lambda _world: {}
    """Beside or instead of the usual ones."""
    unseen: str = UNSEEN
    """Why verify.sh cannot see it; empty where it can."""

    @property
    def arguments(self) -> str:
        usual = {"--key": "prover.pub.pem", "--allowed-signers": "allowed_signers", "--at": NOW}
        stated = {**usual, **self.options}
        words = [f"{name} {value}".strip() for name, value in stated.items() if value is not None]
        return " ".join(["certificate.intoto.jsonl", *words])


def contents(case: Case, world: World) -> Mapping[str, bytes]:
    """Every file of a case's folder, by name."""
    usual = {
        "certificate.intoto.jsonl": case.build(world),
        "prover.pub.pem": world.machine.pem,
        "allowed_signers": world.allowed().encode(),
        "args": f"{case.arguments}\n".encode(),
        "README.md": _readme(case).encode(),
    }
    if case.reason:
        usual["reason"] = f"{case.reason}\n".encode()
    return {**usual, **case.files(world)}


def _readme(case: Case) -> str:
    mark = (
        f"verify.sh cannot tell: it {case.unseen}."
        if case.unseen
        else "Mark: `signature` (verify.sh agrees)."
    )
    return f"# {case.name}\n\n{case.about}\n\n{mark}\n"


def _set(**members: Any) -> Edit:
    """Members of the predicate, set."""
    return lambda statement: statement["predicate"].update(members)


def _top(**members: Any) -> Edit:
    return lambda statement: statement.update(members)


def _drop(name: str) -> Edit:
    return lambda statement: statement["predicate"].pop(name)


def _proven(edit: Edit, sign: Edit = lambda _s: None) -> Build:
    """A proof that is edited before it is signed, and Bob's word for it."""

    def build(world: World) -> bytes:
        proof = world.proof(edit)
        return proof + world.sign_off(proof, edit=sign)

    return build


def _signed(edit: Edit) -> Build:
    """Bob's word, edited before he signs it."""
    return _proven(lambda _statement: None, edit)


def _payload(octets: Callable[[dict[str, Any]], bytes]) -> Build:
    """A payload as it never leaves `certify`, signed all the same."""

    def build(world: World) -> bytes:
        proof = world.line(octets(proof_statement()))
        return proof + world.sign_off(proof)

    return build


def _envelope(edit: Edit, line: int = 0) -> Build:
    """An envelope that is edited after it was signed."""

    def build(world: World) -> bytes:
        lines = world.certificate().splitlines(keepends=True)
        body = json.loads(lines[line])
        edit(body)
        lines[line] = json.dumps(body, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        return b"".join(lines)

    return build


def _octets(change: Callable[[bytes], bytes]) -> Build:
    """A certificate whose octets are changed at the end."""
    return lambda world: change(world.certificate())


def _repayload(old: bytes, new: bytes, line: int = 0) -> Build:
    """A payload that is changed after it was signed, and is canonical still."""

    def edit(body: dict[str, Any]) -> None:
        payload = base64.b64decode(body["payload"])
        assert old in payload
        body["payload"] = base64.b64encode(payload.replace(old, new, 1)).decode()

    return _envelope(edit, line)


def _signature(change: Callable[[bytes], bytes], line: int = 0) -> Build:
    def edit(body: dict[str, Any]) -> None:
        sig = base64.b64decode(body["signatures"][0]["sig"])
        body["signatures"][0]["sig"] = base64.b64encode(change(sig)).decode()

    return _envelope(edit, line)


def _keyid(keyid: str | None, line: int = 0) -> Build:
    def edit(body: dict[str, Any]) -> None:
        body["signatures"][0]["keyid"] = keyid
        if keyid is None:
            del body["signatures"][0]["keyid"]

    return _envelope(edit, line)


def _flip_last(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def _by(principal: str, edit: Edit = lambda _s: None, type_: str = "ed25519") -> Build:
    """A proof that somebody else than Bob signs off."""

    def build(world: World) -> bytes:
        proof = world.proof()
        return proof + world.sign_off(proof, world.person(principal, type_), edit)

    return build


def _also_allowed(principal: str, type_: str = "ed25519") -> Files:
    def files(world: World) -> Mapping[str, bytes]:
        return {"allowed_signers": world.allowed(world.person(principal, type_).line()).encode()}

    return files


def _allowed(text: Callable[[World], str]) -> Files:
    return lambda world: {"allowed_signers": text(world).encode()}


def _many(*people: tuple[str, Edit], edit: Edit = lambda _s: None) -> Build:
    """One proof and several people's words for it."""

    def build(world: World) -> bytes:
        proof = world.proof(edit)
        return proof + b"".join(world.sign_off(proof, world.person(who), said) for who, said in people)

    return build


def _rows(*rows: dict[str, Any], findings: list[dict[str, Any]], **coverage: int) -> Edit:
    """Another matrix, and what it rests on."""

    def edit(statement: dict[str, Any]) -> None:
        said = statement["predicate"]
        counts = {"declared": len(rows), "isolated": len(rows), "shared": 0, "unproven": 0, **coverage}
        said["coverage"] |= counts
        said["matrix"], said["findings"] = list(rows), findings

    return edit


def _waived(**more: str) -> Edit:
    return lambda statement: with_waiver(statement, **more)


def _keep(_statement: dict[str, Any]) -> None:
    """Change nothing."""


_ACCEPTED = _set(acceptedWaivers=[WAIVED])
_DATABASE = finding("postgres/same-server", "database")
_SHARED = finding("postgres/same-server", "database", "SHARED")
_OPEN = finding("postgres/same-server", "database", "UNPROVEN", "declared")
_BOB, _CAROL = ("bob@example.com", _keep), ("carol@example.com", _keep)
_REJECTED = _set(decision="REJECTED")

_MANIFEST = """\
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }
[resources.cache]
kind = "redis"
url = "$REDIS_URL"
"""


def _for_manifest(text: str) -> tuple[Build, Files]:
    """A proof of what `_MANIFEST` declares, beside a manifest of this text."""

    def build(world: World) -> bytes:
        path = world.folder / "declared.toml"
        path.write_text(_MANIFEST)
        policy = policy_of(load_side(Path(path), protected=None)).removeprefix("sha256:")
        return _proven(_set(policy={"name": "disjoint.toml", "digest": {"sha256": policy}}))(world)

    return build, lambda _world: {"disjoint.toml": text.encode()}


_SAME = _for_manifest(_MANIFEST)
_OTHER = _for_manifest(_MANIFEST.replace("REDIS_URL", "CACHE_URL"))
_WITH_MANIFEST = {"--manifest": "disjoint.toml"}

_CHANGED = "the proof was changed, or no trusted key signed it"
_OTHER_KEYID = "the key id is not that of the key that signed"
_PLAIN: Build = World.certificate


def _url_safe(world: World) -> bytes:
    """A certificate in whose payload `-` stands where the usual alphabet has `+`."""
    octets = world.certificate(_set(weather=">>>"))
    payload = json.loads(octets.splitlines()[0])["payload"]
    assert "+" in payload
    assert "/" not in payload
    return octets.replace(payload.encode(), payload.replace("+", "-").encode(), 1)


def _letter(armoured: bytes) -> bytes:
    """Another letter in the middle of the signature, base64 still."""
    middle = armoured.rindex(b"\n", 0, -30) - 8
    return (
        armoured[:middle] + (b"B" if armoured[middle : middle + 1] != b"B" else b"C") + armoured[middle + 1 :]
    )


def _transplanted(world: World) -> bytes:
    other = json.loads(world.proof(_set(challenge="another")))["signatures"]
    return _envelope(_top(signatures=other))(world)


def _bare(world: World) -> bytes:
    sig = world.machine.sign(canonical(proof_statement()))
    return _signature(lambda _sig: sig)(world)


def _by_machine(world: World) -> bytes:
    proof = world.proof()
    return proof + world.line(read_line(world.sign_off(proof).strip()).payload)


def _by_person(world: World) -> bytes:
    sig = world.bob.sign(pae(STATEMENT, canonical(proof_statement())))
    return _signature(lambda _sig: sig)(world)


def _waived_by_nobody(statement: dict[str, Any]) -> None:
    with_waiver(statement)
    statement["predicate"]["waivers"] = []


def _waived_twice(statement: dict[str, Any]) -> None:
    with_waiver(statement)
    statement["predicate"]["waivers"].append(waiver(owner="frank"))


def _without_cache(statement: dict[str, Any]) -> None:
    absent = finding("absent-in-production", "cache", "UNPROVEN", "declared", waived=True)
    cache = row("cache", "UNPROVEN", None, status="WAIVED (PENDING)")
    _rows(row("database"), cache, isolated=1, unproven=1, findings=[_DATABASE, absent])(statement)
    statement["predicate"]["waivers"] = [waiver(rule="absent-in-production", resource="cache")]


def _waived_server(statement: dict[str, Any]) -> None:
    _rows(
        row("database", "SHARED", None, status="WAIVED (FAILED)"),
        row("cache"),
        isolated=1,
        shared=1,
        findings=[_SHARED | {"waived": True}, finding("redis/same-server", "cache")],
    )(statement)
    statement["predicate"]["waivers"] = [waiver(rule="postgres/same-server", resource="database")]


HOLDS = (
    Case("plain", "A proof, and one person's word for it.", _PLAIN, unseen=""),
    Case(
        "machine-p256",
        "The machine's key is ECDSA P-256.",
        _PLAIN,
        unseen="",
    ),
    Case(
        "person-ecdsa",
        "The person's key is ECDSA.",
        _by("dora@example.com", type_="ecdsa"),
        files=_also_allowed("dora@example.com", "ecdsa"),
        unseen="",
    ),
    Case(
        "person-rsa",
        "The person's key is RSA.",
        _by("dora@example.com", type_="rsa"),
        files=_also_allowed("dora@example.com", "rsa"),
        unseen="",
    ),
    Case(
        "strict", "Two people, as --strict wants.", _many(_BOB, _CAROL), options={"--strict": ""}, unseen=""
    ),
    Case("two-where-one-is-wanted", "More people than are wanted.", _many(_BOB, _CAROL), unseen=""),
    Case(
        "lines-in-any-order",
        "Lines have no order: the sign-off stands first.",
        lambda world: b"".join(reversed(world.certificate().splitlines(keepends=True))),
        unseen="",
    ),
    Case(
        "foreign-line",
        "A statement of another kind is none of ours, and is ignored.",
        lambda world: (
            world.certificate() + world.line(canonical(proof_statement() | {"predicateType": SUMMARY_TYPE}))
        ),
        unseen="",
    ),
    Case(
        "unknown-member",
        "A member that this version does not know is ignored, as in-toto demands.",
        _proven(_set(weather="fair")),
        unseen="",
    ),
    Case(
        "waiver-accepted",
        "A reused secret that people accepted, by name, until a day to come.",
        _proven(_waived(), _ACCEPTED),
        unseen="",
    ),
    Case(
        "absent-in-production-waived",
        "Production has no such resource, by two people's word.",
        _proven(_without_cache, _set(acceptedWaivers=["absent-in-production:cache"])),
        unseen="",
    ),
    Case(
        "minimum-lowered",
        "A manifest may ask for less than identity.",
        _proven(
            _rows(
                row("database", grade="declared", minimum="declared"),
                findings=[finding("postgres/same-server", "database", grade="declared")],
            )
        ),
        unseen="",
    ),
    Case(
        "challenge-answered",
        "The nonce that the verifier gave out.",
        _proven(_set(challenge=CHALLENGE)),
        options={"--challenge": CHALLENGE},
        unseen="",
    ),
    Case(
        "last-moment",
        "One second before the proof is over.",
        _PLAIN,
        options={"--at": "2026-12-20T21:00:08Z"},
        unseen="",
    ),
    Case("young-enough", "A proof of less than an hour.", _PLAIN, options={"--max-age": "1h"}, unseen=""),
    Case(
        "machine-alone",
        "Nobody's word is wanted, and nobody's is there.",
        World.proof,
        options={"--allowed-signers": None, "--approvals": "0"},
        unseen="",
    ),
    Case(
        "several-trusted-keys",
        "One of two trusted machines signed.",
        _PLAIN,
        options={"--key": "other.pub.pem --key prover.pub.pem"},
        files=lambda _world: {"other.pub.pem": Machine().pem},
        unseen="",
    ),
    Case(
        "stable-parts",
        "Both environments are what they were.",
        _PLAIN,
        options={"--staging-part": "staging.stable.json", "--production-part": "production.stable.json"},
        files=lambda _world: {"staging.stable.json": STAGING_PART, "production.stable.json": PRODUCTION_PART},
        unseen="",
    ),
    Case(
        "environments-named",
        "The environments that are wanted.",
        _PLAIN,
        options={"--environment": "staging", "--reference": "production"},
        unseen="",
    ),
    Case(
        "same-manifest",
        "Made for what this manifest declares.",
        _SAME[0],
        options=_WITH_MANIFEST,
        files=_SAME[1],
        unseen="",
    ),
    Case(
        "evidence",
        "The report that was proven lies beside it.",
        _PLAIN,
        options={"--evidence": "."},
        files=lambda _world: {"report.json": REPORT},
        unseen="",
    ),
    Case(
        "renewed-sign-off",
        "Bob's first word is over, his second is not.",
        _many(("bob@example.com", _set(validUntil="2026-11-22T21:50:00Z")), _BOB),
        unseen="",
    ),
    Case(
        "strangers-word-beside",
        "Whoever appends a line without trust neither helps nor harms.",
        lambda world: (
            (proof := world.proof())
            + world.sign_off(proof, world.person("eve@example.com"))
            + world.sign_off(proof)
        ),
        unseen="takes a stranger's line for a fault",
    ),
    Case(
        "fractions-of-seconds",
        "Times may have fractions.",
        _proven(_set(startedAt="2026-11-22T21:00:00.5Z", finishedAt="2026-11-22T21:00:09.123456Z")),
        unseen="",
    ),
    Case(
        "names-in-any-script",
        "Texts are UTF-8.",
        _signed(lambda s: s["predicate"]["signer"].update(name="Борис Ø", role="проверка")),
        unseen="",
    ),
)

OCTETS = (
    Case("empty_fail", "An empty file.", lambda _world: b"", "there is no certificate"),
    Case(
        "too-many-lines_fail",
        "More lines than any certificate has.",
        _octets(lambda octets: octets + b"\n" * 300),
        "no certificate has more than 256 lines",
    ),
    Case(
        "not-utf-8_fail",
        "An octet that is no UTF-8.",
        _octets(lambda octets: octets + b"\xff\n"),
        "not UTF-8 text",
    ),
    Case(
        "byte-order-mark_fail",
        "A byte order mark before the first line.",
        _octets(lambda octets: b"\xef\xbb\xbf" + octets),
        "no envelope",
    ),
    Case(
        "carriage-returns_fail",
        "Lines that end as on Windows.",
        _octets(lambda octets: octets.replace(b"\n", b"\r\n")),
        "its envelope was written anew",
    ),
    Case(
        "trailing-data_fail",
        "Something behind the last line.",
        _octets(lambda octets: octets + b"{}"),
        "trailing data",
    ),
    Case("truncated_fail", "The last octet is gone.", _octets(lambda octets: octets[:-1]), "trailing data"),
    Case(
        "blank-line_fail",
        "An empty line at the end.",
        _octets(lambda octets: octets + b"\n"),
        "an empty line",
    ),
    Case(
        "garbage-line_fail",
        "A line that is no JSON.",
        _octets(lambda octets: octets + b"garbage\n"),
        "no envelope",
    ),
    Case(
        "data-after-object_fail",
        "A second object in one line.",
        _octets(lambda octets: octets.replace(b"}\n", b"}{}\n", 1)),
        "no envelope",
    ),
    Case(
        "no-envelope_fail",
        "An object that is no envelope.",
        _octets(lambda octets: octets + b"{}\n"),
        "no envelope",
    ),
    Case(
        "bare-statement_fail",
        "A statement that nobody put into an envelope.",
        lambda _world: canonical(proof_statement()) + b"\n",
        "no envelope",
    ),
    Case(
        "duplicate-key-in-envelope_fail",
        "One name twice in the envelope.",
        _octets(lambda octets: octets.replace(b'{"payload"', b'{"payload":"","payload"', 1)),
        "duplicate JSON key in its envelope",
    ),
    Case(
        "duplicate-key-in-payload_fail",
        "One name twice in the payload: two readers read two verdicts.",
        _payload(lambda s: canonical(s).replace(b'"verdict":', b'"verdict":"SHARED","verdict":')),
        "duplicate JSON key in its payload",
    ),
    Case(
        "envelope-spaced_fail",
        "White space in the envelope, which no signature covers.",
        _octets(lambda octets: octets.replace(b'","', b'", "', 1)),
        "its envelope was written anew",
    ),
    Case(
        "envelope-reordered_fail",
        "The envelope's members in another order.",
        _octets(
            lambda octets: b"".join(
                json.dumps(dict(reversed(json.loads(line).items())), separators=(",", ":")).encode() + b"\n"
                for line in octets.splitlines()
            )
        ),
        "its envelope was written anew",
    ),
    Case(
        "envelope-member_fail",
        "A member beside those of an envelope.",
        _envelope(_top(comment="approved")),
        "its envelope was written anew",
    ),
    Case(
        "url-safe-base64_fail",
        "Base64 of the other alphabet: the same octets, another file.",
        _url_safe,
        "its envelope was written anew",
    ),
    Case(
        "payload-spaced_fail",
        "White space in a signed payload.",
        _payload(lambda s: json.dumps(s).encode()),
        "its payload is not canonical (RFC 8785)",
    ),
    Case(
        "payload-spaced-later_fail",
        "White space added to a payload after it was signed.",
        _repayload(b'{"_type":', b'{ "_type":'),
        "its payload is not canonical (RFC 8785)",
    ),
    Case(
        "payload-unsorted_fail",
        "A signed payload whose members are not sorted.",
        _payload(lambda s: json.dumps(dict(reversed(s.items())), separators=(",", ":")).encode()),
        "its payload is not canonical (RFC 8785)",
    ),
    Case(
        "payload-number_fail",
        "A number in another writing.",
        _payload(lambda s: canonical(s).replace(b'"seq":7', b'"seq":7.0')),
        "its payload is not canonical (RFC 8785)",
    ),
    Case(
        "payload-nan_fail",
        "NaN, which is no JSON.",
        _payload(lambda s: canonical(s).replace(b'"seq":7', b'"seq":NaN')),
        "its payload is no JSON that can be read one way only",
    ),
    Case(
        "payload-deep_fail",
        "Lists in lists in lists.",
        _payload(lambda s: canonical(s).replace(b'"seq":7', b'"seq":' + b"[" * 99 + b"]" * 99)),
        "its payload is no JSON that can be read one way only",
    ),
    Case("payload-list_fail", "A payload that is no object.", _payload(lambda _s: b"[]"), "is no object"),
)

SIGNATURES = (
    Case(
        "changed-payload_fail",
        "One word of the payload was changed after it was signed.",
        _repayload(b'"grade":"identity"', b'"grade":"refused"'),
        _CHANGED,
        unseen="",
    ),
    Case(
        "changed-signature_fail",
        "One bit of the machine's signature.",
        _signature(_flip_last),
        _CHANGED,
        unseen="",
    ),
    Case(
        "cut-signature_fail",
        "The machine's signature lacks its last octet.",
        _signature(lambda sig: sig[:-1]),
        _CHANGED,
        unseen="",
    ),
    Case(
        "empty-signature_fail",
        "The machine's signature is empty.",
        _signature(lambda _sig: b""),
        _CHANGED,
        unseen="",
    ),
    Case(
        "another-proofs-signature_fail",
        "The signature of another proof by the same machine.",
        _transplanted,
        _CHANGED,
        unseen="",
    ),
    Case(
        "signed-without-type_fail",
        "Signed over the payload alone, not over its type as well.",
        _bare,
        _CHANGED,
        unseen="",
    ),
    Case(
        "wrong-key_fail",
        "A machine that nobody trusts.",
        lambda world: World(world.folder, Machine()).certificate(),
        _CHANGED,
        files=lambda world: {"prover.pub.pem": world.machine.pem},
        unseen="",
    ),
    Case(
        "wrong-key-p256_fail",
        "A machine with a key of the other type that nobody trusts.",
        lambda world: World(world.folder, Machine("p256")).certificate(),
        _CHANGED,
        unseen="",
    ),
    Case(
        "edited-keyid_fail",
        "The key id of the machine's line was changed.",
        _keyid("0" * 64),
        _OTHER_KEYID,
        unseen="rests nothing on a key id",
    ),
    Case(
        "missing-keyid_fail",
        "The key id of the machine's line was emptied.",
        _keyid(""),
        _OTHER_KEYID,
        unseen="rests nothing on a key id",
    ),
    Case(
        "removed-keyid_fail",
        "The key id was taken out.",
        _keyid(None),
        "its envelope was written anew",
        unseen="rests nothing on a key id",
    ),
    Case(
        "edited-sign-off-keyid_fail",
        "The fingerprint of the person's line was changed.",
        _keyid("SHA256:" + "A" * 43, 1),
        _OTHER_KEYID,
        unseen="rests nothing on a key id",
    ),
    Case(
        "two-signatures_fail",
        "An envelope that bears two signatures.",
        _envelope(lambda body: body["signatures"].append(body["signatures"][0])),
        "an envelope bears one signature",
    ),
    Case(
        "no-signature_fail",
        "An envelope that bears none.",
        _envelope(_top(signatures=[])),
        "an envelope bears one signature",
        unseen="",
    ),
    Case(
        "changed-sign-off_fail",
        "One word of what the person said was changed.",
        _repayload(b'"role":"reviewer"', b'"role":"director"', 1),
        "is over something else",
        unseen="",
    ),
    Case(
        "changed-ssh-signature_fail",
        "One letter of the person's signature.",
        _signature(_letter, 1),
        "SSH signature",
        unseen="",
    ),
    Case(
        "ssh-signature-rewrapped_fail",
        "The person's armour has lines of another length.",
        _signature(lambda sig: sig.replace(b"\n", b"\n\n", 1), 1),
        "another writing of an SSH signature",
    ),
    Case(
        "sign-off-by-machine_fail",
        "A sign-off that a machine signed.",
        _by_machine,
        "a sign-off is not signed",
        unseen="",
    ),
    Case(
        "proof-by-person_fail",
        "A proof that a person signed.",
        _by_person,
        _CHANGED,
        unseen="",
    ),
    Case(
        "commit-signature_fail",
        "A signature that the person made for git.",
        lambda world: (proof := world.proof()) + world.sign_off(proof, namespace="git"),
        "made for another purpose",
        unseen="",
    ),
    Case(
        "unknown-person_fail",
        "A key that the allowed signers do not know.",
        _by("eve@example.com"),
        "does not know the key",
        unseen="",
    ),
    Case(
        "in-anothers-name_fail",
        "Carol's key, Bob's name.",
        _by("carol@example.com", lambda s: s["predicate"]["signer"].update(principal="bob@example.com")),
        "signed in another person's name",
        unseen="",
    ),
    Case(
        "another-proofs-sign-off_fail",
        "A sign-off about another proof.",
        lambda world: world.proof() + world.sign_off(world.proof(_set(challenge="another"))),
        "about another proof",
        unseen="",
    ),
    Case(
        "key-over_fail",
        "The person's key was good until last year.",
        _PLAIN,
        "may not sign",
        files=_allowed(lambda w: w.bob.line(f'{OPTIONS},valid-before="20260101"')),
        unseen="",
    ),
    Case(
        "key-without-purpose_fail",
        "An allowed signer whose line does not say what for.",
        _PLAIN,
        "does not say what the key is for",
        files=_allowed(lambda w: w.bob.line("")),
        unseen="takes the file of allowed signers as it is",
    ),
    Case(
        "key-for-git-alone_fail",
        "An allowed signer of commits alone.",
        _PLAIN,
        "may not sign",
        files=_allowed(lambda w: w.bob.line('namespaces="git"')),
        unseen="",
    ),
    Case(
        "pattern-of-people_fail",
        "An allowed signer that is a pattern, and so nobody.",
        _PLAIN,
        "a pattern is no person",
        files=_allowed(lambda w: w.bob.line(principal="*@example.com")),
        unseen="takes the file of allowed signers as it is",
    ),
    Case(
        "key-of-two_fail",
        "One key under two people's names.",
        _PLAIN,
        "one key stands for several people",
        files=_allowed(lambda w: w.allowed(w.bob.line(principal="robert@example.com"))),
        unseen="takes the file of allowed signers as it is",
    ),
)

STATEMENTS = (
    Case(
        "unknown-payload-type_fail",
        "An envelope around something else.",
        lambda world: world.line(canonical(proof_statement()), type_="application/json"),
        "unknown payload type",
        unseen="",
    ),
    Case(
        "no-proof_fail",
        "A sign-off alone.",
        lambda world: world.sign_off(world.proof()),
        "no proof",
        unseen="",
    ),
    Case(
        "two-proofs_fail",
        "Two proofs in one file.",
        lambda world: world.certificate() + world.proof(_set(challenge="another")),
        "two proofs: lines 1 and 3",
        unseen="",
    ),
    Case(
        "same-proof-twice_fail",
        "One proof, twice.",
        lambda world: world.certificate() + world.proof(),
        "two proofs: lines 1 and 3",
        unseen="",
    ),
    Case(
        "unknown-predicate_fail",
        "A proof of a version to come.",
        _proven(_top(predicateType=f"{HOME}/isolation-proof/v2")),
        "unknown predicate",
        unseen="",
    ),
    Case(
        "foreign-predicate-alone_fail",
        "Nothing but a statement of another kind.",
        lambda world: world.line(canonical(proof_statement() | {"predicateType": SUMMARY_TYPE})),
        "no proof",
        unseen="",
    ),
    Case(
        "unknown-predicate-by-person_fail",
        "A person signed a statement of another kind.",
        lambda world: (
            (proof := world.proof())
            + world.sign_off(proof, edit=_top(predicateType="https://example.com/approval/v1"))
            + world.sign_off(proof)
        ),
        "unknown predicate",
    ),
    Case(
        "wrong-statement-type_fail",
        "A statement of another version of in-toto.",
        _proven(_top(_type="https://in-toto.io/Statement/v0.1")),
        "_type is none of",
    ),
    Case(
        "missing-member_fail",
        "A proof without its challenge.",
        _proven(_drop("challenge")),
        "challenge is missing",
    ),
    Case(
        "member-of-another-type_fail",
        "A count that is a text.",
        _proven(lambda s: s["predicate"]["coverage"].update(declared="3")),
        "declared is no count",
    ),
    Case(
        "truth-as-number_fail",
        "A waived finding that says 1 for true.",
        _proven(lambda s: s["predicate"]["findings"][0].update(waived=1)),
        "waived is neither true nor false",
    ),
    Case(
        "digest-in-capitals_fail",
        "A digest in another writing.",
        _proven(_set(policy={"name": "disjoint.toml", "digest": {"sha256": "A" * 64}})),
        "digest is no SHA-256",
    ),
    Case(
        "local-time_fail",
        "A time that is not in UTC.",
        _proven(_set(finishedAt="2026-11-22T23:00:09+02:00")),
        "finishedAt is no time in UTC",
    ),
    Case(
        "no-such-day_fail",
        "The thirtieth of February.",
        _proven(_set(finishedAt="2026-02-30T00:00:00Z")),
        "finishedAt is no time",
    ),
    Case(
        "subjects-swapped-out_fail",
        "A subject of another name.",
        _proven(lambda s: s["subject"][0].update(name="staging.json")),
        "subject is not",
    ),
    Case("one-subject_fail", "Staging alone.", _proven(lambda s: s["subject"].pop()), "subject is not"),
    Case(
        "unknown-decision_fail",
        "A sign-off that neither approves nor rejects.",
        _signed(_set(decision="MAYBE")),
        "decision is none of",
    ),
    Case(
        "sign-off-about-two_fail",
        "A sign-off about two proofs.",
        _signed(lambda s: s["subject"].append({"name": "proof", "digest": {"sha256": "0" * 64}})),
        "subject is not one proof",
    ),
)

VERDICTS = (
    Case("shared_fail", "The verdict is SHARED.", _proven(_set(verdict="SHARED")), "the verdict is SHARED"),
    Case(
        "unproven_fail",
        "The verdict is UNPROVEN.",
        _proven(_set(verdict="UNPROVEN")),
        "the verdict is UNPROVEN",
    ),
    Case(
        "no-verdict-of-ours_fail",
        "A word that is no verdict.",
        _proven(_set(verdict="isolated")),
        "verdict is none of",
    ),
    Case(
        "row-unproven_fail",
        "A row is UNPROVEN, and says so, under verdict ISOLATED.",
        _proven(
            _rows(
                row("database", "UNPROVEN", None),
                row("cache"),
                isolated=1,
                unproven=1,
                findings=[_OPEN, finding("redis/same-server", "cache")],
            )
        ),
        "row database is UNPROVEN under verdict ISOLATED",
    ),
    Case(
        "row-shared_fail",
        "A row is SHARED, and says so, under verdict ISOLATED.",
        _proven(
            _rows(
                row("database", "SHARED", None),
                row("cache"),
                isolated=1,
                shared=1,
                findings=[_SHARED, finding("redis/same-server", "cache")],
            )
        ),
        "row database is SHARED under verdict ISOLATED",
    ),
    Case(
        "row-painted-over_fail",
        "A row says ISOLATED, and a finding of it SHARED.",
        _proven(_rows(row("database"), findings=[_DATABASE, _SHARED | {"rule": "postgres/replica-or-copy"}])),
        "row database is SHARED under verdict ISOLATED",
    ),
    Case(
        "finding-open_fail",
        "A row says ISOLATED, and a finding of it UNPROVEN.",
        _proven(_rows(row("database"), findings=[_DATABASE, _OPEN | {"rule": "postgres/replica-or-copy"}])),
        "row database is UNPROVEN under verdict ISOLATED",
    ),
    Case(
        "below-minimum_fail",
        "Names alone, where the row asks for identity.",
        _proven(
            _rows(
                row("database", grade="declared"),
                findings=[finding("postgres/same-server", "database", grade="declared")],
            )
        ),
        "row database is UNPROVEN under verdict ISOLATED",
    ),
    Case(
        "row-without-finding_fail",
        "A row that nothing was found about.",
        _proven(_rows(row("database"), row("cache"), findings=[_DATABASE])),
        "row cache is UNPROVEN under verdict ISOLATED",
    ),
    Case("no-rows_fail", "A matrix without a row.", _proven(_rows(findings=[])), "the matrix is empty"),
    Case(
        "row-twice_fail",
        "A resource that has two rows.",
        _proven(_rows(row("database"), row("database"), findings=[_DATABASE])),
        "names a resource twice",
    ),
    Case(
        "stray-finding_fail",
        "A shared resource that has no row.",
        _proven(
            lambda s: s["predicate"]["findings"].append(finding("bucket/same-bucket", "storage", "SHARED"))
        ),
        "a finding about a resource that has no row",
    ),
    Case(
        "grade-raised_fail",
        "A row's grade is better than its findings'.",
        _proven(_rows(row("database", grade="canary"), findings=[_DATABASE])),
        "does not follow from its findings",
    ),
    Case(
        "outcome-lowered_fail",
        "A row says less than its findings.",
        _proven(_rows(row("database", "UNPROVEN"), findings=[_DATABASE], isolated=0, unproven=1)),
        "does not follow from its findings",
    ),
    Case(
        "status-of-another_fail",
        "A row's word is not that of its outcome.",
        _proven(_rows(row("database", status="PENDING"), findings=[_DATABASE])),
        "has a status that is not its own",
    ),
    Case(
        "miscounted_fail",
        "Coverage counts a row that is not there.",
        _proven(lambda s: s["predicate"]["coverage"].update(declared=4)),
        "coverage does not count the rows",
    ),
    Case(
        "variables-alone_fail",
        "Nothing was proven but that variables differ.",
        _proven(
            _rows(
                row("variables", grade="declared", minimum="declared"),
                findings=[finding("variables/environment-name", "variables", grade="declared")],
            )
        ),
        "nothing but variables",
    ),
)

WAIVERS = (
    Case(
        "waived-for-nothing_fail",
        "An isolated finding that is waived.",
        _proven(lambda s: s["predicate"]["findings"][0].update(waived=True)),
        "needs no waiver",
    ),
    Case(
        "not-waivable_fail",
        "A shared server that people accepted: no such waiver counts.",
        _proven(_waived_server, _set(acceptedWaivers=["postgres/same-server:database"])),
        "postgres/same-server may not be waived",
    ),
    Case(
        "waived-by-nobody_fail",
        "A finding says waived, and there is no waiver.",
        _proven(_waived_by_nobody, _ACCEPTED),
        "waived by no waiver",
    ),
    Case(
        "waived-by-another_fail",
        "A finding says waived, and the waiver is about another one.",
        _proven(
            _waived(resource="database"), _set(acceptedWaivers=[WAIVED, "variables/secret-reused:database"])
        ),
        "waived by no waiver",
    ),
    Case(
        "waived-twice_fail",
        "Two waivers for one finding.",
        _proven(_waived_twice, _ACCEPTED),
        "or by several",
    ),
    Case(
        "waiver-expired_fail",
        "A waiver that ended before the proof does.",
        _proven(_waived(expires="2026-11-22T21:30:00Z"), _ACCEPTED),
        "expired on 2026-11-22",
    ),
    Case(
        "waiver-was-over_fail",
        "A waiver that was over when the proof was made.",
        _proven(_waived(expires="2026-11-01T00:00:00Z"), _ACCEPTED),
        "was over when the proof was made",
    ),
    Case(
        "waiver-without-owner_fail",
        "A waiver that nobody answers for.",
        _proven(_waived(owner=""), _ACCEPTED),
        "lacks its reason, owner or approver",
    ),
    Case(
        "waiver-without-approver_fail",
        "A waiver that nobody approved.",
        _proven(_waived(approver=" "), _ACCEPTED),
        "lacks its reason, owner or approver",
    ),
    Case(
        "waiver-without-reason_fail",
        "A waiver for no reason.",
        _proven(_waived(reason=""), _ACCEPTED),
        "lacks its reason, owner or approver",
    ),
    Case(
        "waiver-by-its-owner_fail",
        "A waiver that its owner approved.",
        _proven(_waived(approver="dave"), _ACCEPTED),
        "was approved by its owner",
    ),
    Case(
        "waiver-by-its-owner-in-capitals_fail",
        "A waiver that its owner approved, in another writing.",
        _proven(_waived(approver="ＤＡＶＥ\u200b"), _ACCEPTED),
        "was approved by its owner",
    ),
    Case(
        "waiver-not-accepted_fail",
        "A person who approved, and did not accept what was waived.",
        _proven(_waived()),
        "did not accept the waiver",
    ),
)

SUBJECTS = (
    Case(
        "other-environment_fail",
        "A certificate of another environment than is wanted.",
        _PLAIN,
        "about another environment",
        {"--environment": "staging-eu"},
    ),
    Case(
        "other-reference_fail",
        "Apart from something else than is wanted.",
        _PLAIN,
        "about another reference environment",
        {"--reference": "production-eu"},
    ),
    Case(
        "apart-from-itself_fail",
        "An environment and itself.",
        _proven(lambda s: s["predicate"]["environment"].update(name="production")),
        "about one environment, and itself",
    ),
    Case(
        "other-manifest_fail",
        "Made for another manifest than this.",
        _OTHER[0],
        "made for another manifest",
        _WITH_MANIFEST,
        _OTHER[1],
    ),
    Case(
        "staging-re-pointed_fail",
        "Staging is no longer what was proven.",
        _PLAIN,
        "re-pointed since",
        {"--staging-part": "staging.stable.json"},
        lambda _world: {"staging.stable.json": STAGING_PART.replace(b"1a", b"2b")},
    ),
    Case(
        "production-changed_fail",
        "Production is no longer what was proven.",
        _PLAIN,
        "about what production was",
        {"--production-part": "production.stable.json"},
        lambda _world: {"production.stable.json": PRODUCTION_PART + b"\n"},
    ),
    Case(
        "parts-swapped_fail",
        "Production's part in staging's place.",
        _PLAIN,
        "re-pointed since",
        {"--staging-part": "production.stable.json"},
        lambda _world: {"production.stable.json": PRODUCTION_PART},
    ),
    Case(
        "evidence-changed_fail",
        "A report that is not the one that was proven.",
        _PLAIN,
        "report.json was changed",
        {"--evidence": "."},
        lambda _world: {"report.json": REPORT + b" "},
    ),
    Case(
        "reviewed-another_fail",
        "A page that is not the one that the person read.",
        _signed(_set(reviewed=[{"name": "report.html", "digest": {"sha256": "0" * 64}}])),
        "report.html is not what bob@example.com reviewed",
        {"--evidence": "."},
        lambda _world: {"report.json": REPORT, "report.html": b"<p>another</p>\n"},
    ),
    Case(
        "evidence-missing_fail",
        "No report where it is wanted.",
        _PLAIN,
        "the evidence lacks report.json",
        {"--evidence": "."},
    ),
    Case(
        "challenge-replayed_fail",
        "A proof that answers an older challenge.",
        _proven(_set(challenge=CHALLENGE)),
        "answers another challenge",
        {"--challenge": "feedface"},
    ),
    Case(
        "challenge-unanswered_fail",
        "A proof that answers none.",
        _PLAIN,
        "answers no challenge",
        {"--challenge": CHALLENGE},
    ),
)

TIMES = (
    Case(
        "stale_fail",
        "A proof older than the verifier takes.",
        _PLAIN,
        "is stale",
        {"--at": "2026-11-24T21:00:10Z", "--max-age": "2d"},
    ),
    Case(
        "expired_fail",
        "A proof that is over.",
        _PLAIN,
        "expired on 2026-12-20",
        {"--at": "2026-12-20T21:00:09Z"},
    ),
    Case(
        "from-the-future_fail",
        "A proof that is not finished yet.",
        _PLAIN,
        "the proof is from the future",
        {"--at": "2026-11-22T20:00:00Z"},
    ),
    Case(
        "valid-for-ever_fail",
        "A proof that claims to hold for years.",
        _proven(_set(validUntil="2036-11-22T21:00:09Z")),
        "longer than the 30 days allowed",
    ),
    Case(
        "over-before-it-began_fail",
        "A proof that ends before it is finished.",
        _proven(_set(validUntil="2026-11-22T20:00:00Z")),
        "ends before it begins",
    ),
    Case(
        "finished-before-started_fail",
        "A proof that was finished before it was started.",
        _proven(_set(startedAt="2026-11-22T21:30:00Z")),
        "ends before it begins",
    ),
    Case(
        "sign-off-expired_fail",
        "A person's word that is over.",
        _signed(_set(validUntil="2026-11-22T21:45:00Z")),
        "the sign-off expired on",
    ),
    Case(
        "sign-off-from-the-future_fail",
        "A person's word that is not given yet.",
        _signed(_set(signedAt="2026-11-22T23:00:00Z")),
        "the sign-off is from the future",
    ),
    Case(
        "sign-off-before-proof_fail",
        "A person's word for what was not there yet.",
        _signed(_set(signedAt="2026-11-22T20:00:00Z")),
        "before the proof was finished",
    ),
    Case(
        "sign-off-for-ever_fail",
        "A person's word for years.",
        _signed(_set(validUntil="2036-11-22T21:40:00Z")),
        "longer than the 30 days allowed",
    ),
)

PEOPLE = (
    Case(
        "no-sign-off_fail",
        "Nobody's word.",
        World.proof,
        "missing sign-off: 0 of 1",
        unseen="does not count people",
    ),
    Case(
        "sign-offs-without-trust_fail",
        "Sign-offs, and no file of allowed signers.",
        _PLAIN,
        "no sign-off can be trusted without allowed signers",
        {"--allowed-signers": None},
        unseen="is not run without a file of allowed signers",
    ),
    Case(
        "one-of-two_fail",
        "One person, where --strict wants two.",
        _PLAIN,
        "missing sign-off: 1 of 2",
        {"--strict": ""},
        unseen="does not count people",
    ),
    Case(
        "same-person-twice_fail",
        "One person's word, twice.",
        _many(_BOB, _BOB),
        "signed twice",
        {"--strict": ""},
        unseen="does not count people",
    ),
    Case(
        "two-keys-of-one_fail",
        "One person with two keys.",
        lambda world: (
            (proof := world.proof())
            + world.sign_off(proof)
            + world.sign_off(proof, world.person("bob@example.com", file="bobs-second"))
        ),
        "signed twice",
        {"--strict": ""},
        _allowed(lambda w: w.allowed(w.person("bob@example.com", file="bobs-second").line())),
        unseen="does not count people",
    ),
    Case(
        "two-names-of-one_fail",
        "One person with two addresses.",
        _many(_BOB, ("bob+work@example.org", _keep)),
        "signed twice",
        {"--strict": ""},
        _also_allowed("bob+work@example.org"),
        unseen="does not count people",
    ),
    Case(
        "self_fail",
        "Whoever asked for the proof approves it.",
        _by("alice@example.com"),
        "cannot approve it",
        files=_also_allowed("alice@example.com"),
        unseen="does not know who asked",
    ),
    Case(
        "self-elsewhere_fail",
        "The same, under an address at another place.",
        _by("alice@example.org"),
        "cannot approve it",
        files=_also_allowed("alice@example.org"),
        unseen="does not know who asked",
    ),
    Case(
        "self-in-capitals_fail",
        "The same, in capitals and with a tag.",
        _by("ALICE+ok@example.com"),
        "cannot approve it",
        files=_also_allowed("ALICE+ok@example.com"),
        unseen="does not know who asked",
    ),
    Case(
        "self-look-alike_fail",
        "The requester's name has a Cyrillic letter in it.",
        lambda world: (
            (proof := world.proof(_set(requestedBy=["\u0430lice"])))
            + world.sign_off(proof, world.person("alice@example.com"))
        ),
        "cannot approve it",
        files=_also_allowed("alice@example.com"),
        unseen="does not know who asked",
    ),
    Case(
        "self-by-alias_fail",
        "The requester is known to the CI by another name, which their line of the allowed signers states.",
        lambda world: (
            (proof := world.proof(_set(requestedBy=["octo-bob"]))) + world.sign_off(proof, world.bob)
        ),
        "cannot approve it",
        files=lambda world: {
            "allowed_signers": world.bob.line(principal="bob@example.com,octo-bob").encode()
        },
        unseen="does not know who asked",
    ),
    Case(
        "self-beside-another_fail",
        "The requester approves beside somebody else.",
        _many(_BOB, ("alice@example.com", _keep)),
        "cannot approve it",
        files=_also_allowed("alice@example.com"),
        unseen="does not know who asked",
    ),
    Case(
        "asked-by-nobody_fail",
        "A proof that does not say who asked for it.",
        _proven(_set(requestedBy=[])),
        "does not say who asked for it",
        unseen="does not know who asked",
    ),
    Case(
        "rejected_fail",
        "A person says no.",
        _signed(_REJECTED),
        "bob@example.com rejected this proof",
        unseen="does not read decisions",
    ),
    Case(
        "rejected-beside-approval_fail",
        "One approves, one rejects.",
        _many(_BOB, ("carol@example.com", _REJECTED)),
        "carol@example.com rejected this proof",
        unseen="does not read decisions",
    ),
    Case(
        "rejected-where-none-is-wanted_fail",
        "Nobody's word is wanted, and somebody says no.",
        _signed(_REJECTED),
        "rejected this proof",
        {"--approvals": "0"},
        unseen="does not read decisions",
    ),
)

CASES = (*HOLDS, *OCTETS, *SIGNATURES, *STATEMENTS, *VERDICTS, *WAIVERS, *SUBJECTS, *TIMES, *PEOPLE)
