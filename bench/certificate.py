"""`verify-certificate` against the two programs that check the same signatures, process starts included."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

from measuring import DISJOINT, PYTHON, ROOT, each_in_turn, result

ROUNDS = 21
PAE = b"DSSEv1 28 application/vnd.in-toto+json %d %b"
SCRIPT = str(ROOT / "conformance" / "verify.sh")


def measure() -> dict[str, dict[str, object]]:
    """One person's word, and two; beside them what Python itself takes."""
    # as an installation leaves it: a checkout may be told to keep no bytecode
    subprocess.run([PYTHON, "-m", "compileall", "-q", str(ROOT / "src" / "disjoint")], check=True)
    return {
        f"certificate/{name}": _against_programs(ROOT / "conformance" / name) for name in ("plain", "strict")
    }


def _against_programs(case: Path) -> dict[str, object]:
    """The programs one after the other, as a script would run them, without the time to unpack anything."""
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(case, Path(folder))
        times = each_in_turn(commands, ROUNDS)
        programs = [name for name in commands if name.startswith(("openssl", "ssh-keygen"))]
        sums = [sum(taken) for taken in zip(*(times[name] for name in programs), strict=True)]
        ours, reference = statistics.median(times["ours"]), statistics.median(sums)
        bare, script = statistics.median(times["python"]), statistics.median(times["script"])
        against = f"openssl pkeyutl -verify + {len(programs) - 1} x ssh-keygen -Y verify"
        more = {"python": round(bare / reference, 2), "against_verify_sh": round(ours / script, 2)}
        return result(ours, reference, against) | more


def _commands(case: Path, folder: Path) -> dict[str, list[str]]:
    proof, *sign_offs = map(json.loads, (case / "certificate.intoto.jsonl").read_text().splitlines())
    place, allowed = _unpacked(proof, folder / "proof"), str(case / "allowed_signers")
    key = str(case / "prover.pub.pem")
    openssl = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin"]
    commands = {
        "ours": [DISJOINT, "verify-certificate", *_arguments(case)],
        "python": [PYTHON, "-c", "pass"],
        "script": [SCRIPT, str(case / "certificate.intoto.jsonl"), key, allowed],
        "openssl": [*openssl, "-in", str(place), "-sigfile", f"{place}.sig"],
    }
    for number, line in enumerate(sign_offs):
        place = _unpacked(line, folder / f"sign-off-{number}")
        who = json.loads(b64decode(line["payload"]))["predicate"]["signer"]["principal"]
        asked = f"exec ssh-keygen -q -Y verify -f {allowed} -I {who} -n signoff@disjoint.dev"
        asked += f" -s {place}.sig <{place}"
        commands[f"ssh-keygen-{number}"] = ["/bin/sh", "-c", asked]
    return commands


def _arguments(case: Path) -> list[str]:
    """Of the case, with its files' whole paths."""
    words = (case / "args").read_text().split()
    return [str(case / word) if (case / word).exists() else word for word in words]


def _unpacked(line: dict[str, object], place: Path) -> Path:
    payload = b64decode(str(line["payload"]))
    signatures = line["signatures"]
    assert isinstance(signatures, list)
    place.write_bytes(PAE % (len(payload), payload))
    place.with_name(f"{place.name}.sig").write_bytes(b64decode(signatures[0]["sig"]))
    return place


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=1)
