"""Production's rows among staging's: ours against the wire's own limit, and against others.

    make bench BENCH=overlap           five million users a side
    FULL=1 make bench BENCH=overlap    and from half a million to fifty

docs/bench.md says how each figure is made.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median as middle

from measuring import PYTHON
from overlap_data import LEAKED, ROWS, Ground, ground
from overlap_harm import harm
from overlap_peers import PEERS, VERSIONS
from overlap_run import SECONDS, Runner, Taken, Way, Wire, median

ROUNDS, OWN_ROUNDS = 3, 9
"""Of the others, and of ours with the limit: a median of three moves by a twentieth on a shared machine."""
FULL = bool(os.environ.get("FULL"))
SIZES = (500_000, 5_000_000, 50_000_000)
"""Users a side, for the growth; without their payload, so that fifty million stay in memory."""
AGAINST = "copying both columns of addresses out as binary and discarding them"

Results = dict[str, dict[str, object]]


def ours(rows: str, **options: object) -> Way:
    """A census; production is read as the product reads it, staging as it reads what it may press."""
    return Way(PYTHON, "overlap_ours.py", "census", {"rows": rows, "polars": False, **options})


LIMIT = Way(PYTHON, "overlap_ours.py", "limit")
SAMPLED = {"sampled": ours("sampled"), "sampled, folded": ours("sampled", fold=True)}
EXACT = {
    "exact": ours("exact"),
    "exact with polars": ours("exact", polars=True),
    "exact by ranges": ours("exact", polars=True, cache_pressure=True),
    "exact, folded": ours("exact", fold=True),
    "sampled, then counted": ours("sampled"),
}
SEALED = Way(PYTHON, "overlap_ours.py", "sealed", {"rows": "exact"})


def measure() -> Results:
    """Everything, one after the other; two servers for all of it."""
    with ground() as servers:
        said("two servers are up")
        servers.fill("shop", ROWS)
        runner = Runner(servers, "shop")
        said(f"{ROWS:,} users a side")
        results = sampled(runner)
        said("sampled")
        surplus = surely(runner, ours("exact")).told["found"]
        servers.leak("shop", ROWS)
        results |= exact(runner, surplus)
        said("exact")
        results |= harm(servers, SAMPLED["sampled"], "shop")
        said("harm")
        servers.index("shop")
        results |= peers(runner, results)
        return results | growth(servers) if FULL else results


def sampled(runner: Runner) -> Results:
    """The first pass, which finds nothing: nobody is on both sides, but the planted value is."""
    wires = {name: runner.wire(way) for name, way in SAMPLED.items()}
    runs = runner.in_turn({"limit": LIMIT, **SAMPLED}, OWN_ROUNDS)
    return {f"overlap/{name}": judged(runs[name], runs["limit"], wires[name], found=0) for name in SAMPLED}


def exact(runner: Runner, surplus: int) -> Results:
    """Every value, with a thousand on both sides; what confirms them is told apart."""
    ways = {**EXACT, "sealed": SEALED}
    wires = {name: runner.wire(way) for name, way in ways.items()}
    runs = runner.in_turn({"limit": LIMIT, **ways}, OWN_ROUNDS)
    results = {
        f"overlap/{name}": judged(runs[name], runs["limit"], wires[name], LEAKED, surplus) for name in ways
    }
    results["overlap/confirmation"] = {
        **ratio(middle(each.told["confirming"] for each in runs["exact"]), median(runs["limit"])),
        "against": AGAINST,
        "found": LEAKED,
    }
    return results


def judged(
    runs: list[Taken], limit: list[Taken], wire: tuple[Taken, Wire], found: int, surplus: int = 0
) -> dict[str, object]:
    """One way of ours against the limit of the same rounds."""
    once, passed = wire
    if once.failed:
        raise RuntimeError(once.failed)
    found_by = [each.told["found"] for each in (*runs, once)]
    whole = middle(each.seconds for each in runs)
    hits_known = middle(each.seconds - each.told["confirming"] for each in runs)
    return {
        **ratio(hits_known, median(limit)),
        "against": AGAINST,
        "whole": round(whole, 3),
        "processor": round(median(runs, "processor") / median(limit, "processor"), 2),
        "rows": min(once.told["rows"]),
        "one_in": once.told["one_in"],
        "found": min(*found_by, found),
        "false": max(max(found_by) - found, 0) + surplus,
        "rss_mb": max(each.told["rss_mb"] for each in (*runs, once)),
        "wire_bytes_per_row": round(passed.octets / sum(once.told["rows"]), 3),
        "raw_values": passed.values,
        "rounds": len(runs),
    }


def ratio(mine: float, reference: float) -> dict[str, object]:
    """Seconds, and how many times the reference's they are."""
    return {
        "ours": round(mine, 3),
        "reference": round(reference, 3),
        "ratio": round(mine / reference, 2),
    }


def peers(runner: Runner, results: Results) -> Results:
    """Each of the others, until it has taken two minutes; ours is the exact answer, confirmed."""
    python = installed()
    if python is None:
        return {f"overlap/against {name}": {"against": f"{name}: not installed"} for name in PEERS}
    found: Results = {}
    for name in PEERS:
        way = Way(python, "overlap_peers.py", name, {"rows": ROWS})
        found[f"overlap/against {name}"] = peer(runner, name, way, results["overlap/exact"])
        said(name)
    return found


def peer(runner: Runner, name: str, way: Way, mine: dict[str, object]) -> dict[str, object]:
    """The first run is counted on the wire; if it was quick, others are timed without."""
    seconds = float(str(mine["ours"]))
    first, wire = runner.wire(way, SECONDS)
    if first.failed:
        return {**ratio(seconds, first.seconds), "against": name, "failed": first.failed}
    runs = []
    while len(runs) < ROUNDS and first.seconds + sum(run.seconds for run in runs) < SECONDS / 2:
        runs.append(runner.run(way, seconds=SECONDS))
    runs = [run for run in runs if not run.failed] or [first]
    return {
        **ratio(seconds, median(runs)),
        "against": name,
        "whole": round(float(str(mine["whole"])) / median(runs), 2),
        **{what: value for what, value in first.told.items() if what not in {"rss_mb", "wire"}},
        "reference_rss_mb": max(run.told["rss_mb"] for run in runs),
        "reference_wire_bytes_per_row": round(
            first.told.get("wire", wire.octets) / 2 / first.told.get("part", ROWS), 2
        ),
        "reference_raw_values": wire.values,
        "rounds": len(runs),
    }


def installed() -> str | None:
    """An interpreter that has the others' libraries, made once and kept; None where that failed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "disjoint" / "bench-peers"
    python, wanted, stamp = folder / "bin/python", "\n".join(VERSIONS), folder / "versions"
    if stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    said("installing the peers, once")
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(folder)], check=True, capture_output=True
        )
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *VERSIONS], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said(f"the peers could not be installed: {type(error).__name__}")
        return None
    stamp.write_text(wanted)
    return str(python)


def growth(servers: Ground) -> Results:
    """Ours and the limit, from half a million to fifty: the exponents between the ends."""
    seconds: dict[str, list[float]] = {"limit": [], "exact": []}
    for rows in SIZES:
        database = f"grown_{rows}"
        servers.fill(database, rows, wide=False)
        servers.leak(database, rows, wide=False)
        runs = Runner(servers, database).in_turn({"limit": LIMIT, "exact": EXACT["exact"]}, ROUNDS)
        servers.drop(database)
        for name, taken in runs.items():
            seconds[name].append(median(taken))
        said(f"{rows:,} users a side")
    span = math.log(SIZES[-1] / SIZES[0])
    exponents = {name: round(math.log(took[-1] / took[0]) / span, 3) for name, took in seconds.items()}
    return {
        "overlap/growth": {
            **ratio(seconds["exact"][-1], seconds["limit"][-1]),
            "against": AGAINST,
            "rows": SIZES[-1],
            "exponent": exponents["exact"],
            "reference_exponent": exponents["limit"],
            "sizes": list(SIZES),
            "seconds": {name: [round(each, 3) for each in took] for name, took in seconds.items()},
        }
    }


def surely(runner: Runner, way: Way) -> Taken:
    """One run that must not fail."""
    taken = runner.run(way)
    if taken.failed:
        raise RuntimeError(taken.failed)
    return taken


_STARTED = time.monotonic()


def said(what: str) -> None:
    """How far it has come, for whoever waits."""
    print(f"{time.monotonic() - _STARTED:6.0f} s  {what}", file=sys.stderr, flush=True)
