"""Measure the product against peers and physical limits, side by side in one run; print ratios.

    make bench                 everything
    make bench BENCH=startup   one of: startup, verify, behaviour, catalogue, overlap, scale, certificate

Writes bench/results.json. Ratios only: absolute times belong to one machine and one minute.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHES = ("startup", "verify", "behaviour", "catalogue", "overlap", "scale", "certificate", "guard")


def main(wanted: list[str]) -> int:
    """Run the wanted benches (all without a name) and merge their results into the file."""
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        print(f"there is no bench {unknown[0]!r}: use {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    sys.path.insert(0, str(HERE))
    file = HERE / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    for name in wanted or BENCHES:
        for key, result in importlib.import_module(name).measure().items():
            results[key] = result
            print(f"{key}: {shown(result)}")
    file.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    return 0


def shown(result: dict[str, object]) -> str:
    """A result on one line."""
    return ", ".join(f"{name} {value}" for name, value in result.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
