"""Coverage-guided fuzzing of the verifier: `make fuzz`. Nothing but our own refusals, and no false accept.

Some inputs are octets that nobody signed: none may hold. Others are statements changed member by member and
then signed by those who are trusted, whatever they say: what holds must be what an own, shorter reading of
the rules takes for isolated and approved.
"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["disjoint.certify", "disjoint.canonical"]):
    from disjoint.certify.trust import Wanted
    from disjoint.certify.verify import verified

from certificates import AT, WAIVED, World, proof_statement, sign_off_statement, with_waiver
from disjoint.canonical import canonical
from disjoint.certify.dsse import read_line
from disjoint.errors import TamperedError, UnprovenError
from in_process import Signer, trust

WORLD = World(Path(tempfile.mkdtemp()))
BELIEVED, BOB = trust(WORLD), Signer(WORLD.bob)
GOOD = WORLD.certificate()
EDITS = 6


def one_input(octets: bytes) -> None:
    """One trial; its first octet chooses which sort."""
    given = atheris.FuzzedDataProvider(octets[1:])
    (_octets, _payload, _proof, _sign_off)[octets[0] % 4 if octets else 0](given)


def _octets(given: atheris.FuzzedDataProvider) -> None:
    content = given.ConsumeBytes(1 << 16)
    assert not _holds(content, 1) or content == GOOD, "what nobody signed holds"


def _payload(given: atheris.FuzzedDataProvider) -> None:
    payload = given.ConsumeBytes(1 << 16)
    assert not _holds(WORLD.line(payload), 0) or _isolated(json.loads(payload)["predicate"])


def _proof(given: atheris.FuzzedDataProvider) -> None:
    statement = copy.deepcopy(PROOFS[given.ConsumeIntInRange(0, 1)])
    if (payload := _edited(statement, given)) and _holds(WORLD.line(payload), 0):
        assert _isolated(statement["predicate"]), "a proof of something else holds"


def _sign_off(given: atheris.FuzzedDataProvider) -> None:
    proof = PROOF_LINES[given.ConsumeIntInRange(0, 1)]
    statement = sign_off_statement(read_line(proof.strip()).payload, "bob@example.com")
    right = copy.deepcopy(statement)
    if (payload := _edited(statement, given)) and _holds(proof + BOB.line(payload), 1):
        said, meant = statement["predicate"], right["predicate"]
        assert [s["digest"] for s in statement["subject"]] == [s["digest"] for s in right["subject"]]
        assert (said["decision"], said["signer"]["principal"].casefold()) == ("APPROVED", "bob@example.com")
        assert proof == PROOF_LINES[0] or WAIVED in said["acceptedWaivers"], meant


def _holds(content: bytes, approvals: int) -> bool:
    try:
        verified(content, BELIEVED, Wanted(approvals=approvals), AT)
    except (TamperedError, UnprovenError):
        return False
    return True


def _edited(statement: dict[str, Any], given: atheris.FuzzedDataProvider) -> bytes | None:
    for _ in range(given.ConsumeIntInRange(1, EDITS)):
        _edit(statement, given)
    try:
        return canonical(statement)
    except ValueError:
        return None


def _edit(statement: dict[str, Any], given: atheris.FuzzedDataProvider) -> None:
    """Change, take out or repeat one member, somewhere in it."""
    places = list(_places(statement if given.ConsumeIntInRange(0, 15) == 0 else statement.get("predicate")))
    if not places:
        return
    holder, key = places[given.ConsumeIntInRange(0, len(places) - 1)]
    match given.ConsumeIntInRange(0, 15):
        case 15:
            del holder[key]
        case 1 | 2 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case 3:
            holder[key] = given.ConsumeUnicode(20)
        case 4:
            holder[key] = copy.deepcopy(POOL[given.ConsumeIntInRange(0, len(POOL) - 1)])
        case _:
            alike = [each for each in POOL if type(each) is type(holder[key])] or POOL
            holder[key] = copy.deepcopy(alike[given.ConsumeIntInRange(0, len(alike) - 1)])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where each member of an object and of a list stands, inner ones too."""
    named = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(named):
        yield value, key
        yield from _places(inner)


def _leaves(value: Any) -> Iterator[Any]:
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _leaves(each)


def _isolated(said: dict[str, Any]) -> bool:
    """The rules of a verdict, read once more; times compare as text."""
    waivers = {(w["rule"], w["resource"]) for w in said["waivers"] if w["owner"] != w["approver"]}
    return (
        said["verdict"] == "ISOLATED"
        and said["environment"]["name"] != said["reference"]["name"]
        and any(f["outcome"] == "ISOLATED" for f in said["findings"])
        and all(f["outcome"] == "ISOLATED" or f["waived"] for f in said["findings"])
        and all((f["rule"], f["resource"]) in waivers for f in said["findings"] if f["waived"])
        and all(f["rule"].startswith(("variables/", "absent-in-")) for f in said["findings"] if f["waived"])
        and {f["resource"] for f in said["findings"]} == {r["resource"] for r in said["matrix"]}
        and said["finishedAt"] <= "2026-11-22T22:01:00Z" < said["validUntil"]
    )


def _waived() -> dict[str, Any]:
    statement = proof_statement()
    with_waiver(statement)
    return statement


PROOFS = (proof_statement(), _waived())
PROOF_LINES = tuple(WORLD.line(canonical(each)) for each in PROOFS)
_WORDS = ("SHARED", "UNPROVEN", "REJECTED", "PENDING", "FAILED", "WAIVED (PENDING)", "refused", "canary")
POOL = [*_leaves(_waived()), *_leaves(sign_off_statement(b"", "carol@example.com")), *_WORDS]
POOL += [
    None,
    True,
    False,
    -1,
    0,
    1,
    2,
    4,
    1.5,
    "",
    [],
    {},
    WAIVED,
    "absent-in-production",
    "bucket/same-bucket",
]


def _seeds(folder: Path) -> None:
    (folder / "octets").write_bytes(b"\0" + GOOD)
    (folder / "payload").write_bytes(b"\1" + canonical(PROOFS[1]))
    for sort in (2, 3):
        (folder / f"edits-{sort}").write_bytes(bytes([sort]) + bytes(range(64)))


if __name__ == "__main__":
    seeds = Path(tempfile.mkdtemp())
    _seeds(seeds)
    atheris.Setup([*sys.argv, "-max_len=8192", "-timeout=20", str(seeds)], one_input)
    atheris.Fuzz()
