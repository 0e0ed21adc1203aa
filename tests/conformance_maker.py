"""Write conformance/ anew: `make conformance`. Keys are fresh, times are fixed, no private key is kept."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from certificates import Machine, World
from conformance_cases import CASES, contents

ROOT = Path(__file__).resolve().parent.parent / "conformance"


def write(root: Path) -> int:
    """A folder for each case; folders of cases that are no more are taken away."""
    for old in (path for path in root.glob("*") if path.is_dir()):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory() as keys:
        for case in CASES:
            world = World(
                Path(keys), Machine("p256") if "p256" in case.name and not case.reason else Machine()
            )
            folder = root / case.name
            folder.mkdir(parents=True)
            for name, content in contents(case, world).items():
                (folder / name).write_bytes(content)
    return len(CASES)


if __name__ == "__main__":
    sys.stdout.write(f"{write(ROOT)} cases\n")
