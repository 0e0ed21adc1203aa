"""`disjoint.guard.check` on a real seal, beside a few imports and the start of an app."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import guard_hooks
from measuring import DISJOINT, PYTHON, ROOT, result

ROUNDS = 21
KEY = "0f" * 32
CHECK = "import disjoint.guard as g; g.check(seal='production.sealed.json')"
REFERENCE = "import json, hmac, hashlib, urllib.parse, dataclasses"
APP = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef read() -> dict[str, str]: return {}\n"
LOADED = """
import sys, sysconfig
site = sysconfig.get_paths()['purelib']
before = set(sys.modules)
%s
new = set(sys.modules) - before
third = [m for m in new if (getattr(sys.modules[m], '__file__', None) or '').startswith(site)]
print(sorted(m for m in third if m.split('.')[0] != 'disjoint'),
      sorted(m for m in new if m in {'dataclasses', 'tomllib', 'typing', 'inspect', 'logging', 'socket'}))
"""


def measure() -> dict[str, dict[str, object]]:
    """What a check costs whoever starts, beside what starting costs already."""
    # as an installation leaves it: a checkout may be told to keep no bytecode
    subprocess.run([PYTHON, "-m", "compileall", "-q", str(ROOT / "src" / "disjoint")], check=True)
    with _sealed() as (folder, variables):
        loaded = _run(LOADED % CHECK, folder, variables).stdout
        assert loaded == "[] []\n", f"a guard loads {loaded}"
        programs = {
            "bare": "pass",
            "check": CHECK,
            "reference": REFERENCE,
            "app": APP,
            "guarded": CHECK + "\n" + APP,
        }
        times = _in_turn(programs, folder, variables)
        commands = {
            "guard -- true": [DISJOINT, "guard", "--", "true"],
            "python -c pass": [PYTHON, "-c", "pass"],
        }
        started = _commands_in_turn(commands, folder, variables)
    bare = times["bare"]
    check, reference, app = (times[name] - bare for name in ("check", "reference", "app"))
    more = {"of_an_app": round((times["guarded"] - times["app"]) / app, 3), "third_party": 0}
    return {
        "guard/check": result(check, reference, f"python -c '{REFERENCE}' over bare Python") | more,
        "guard/command": result(*started.values(), "python -c pass"),
        **guard_hooks.measure(),
    }


@contextmanager
def _sealed() -> Iterator[tuple[Path, dict[str, str]]]:
    """The demo's folder with a seal of its production, and staging's variables; its servers run meanwhile."""
    with tempfile.TemporaryDirectory() as place:
        folder, own = (
            Path(place),
            {**os.environ, "DISJOINT_SEAL_KEY": KEY, "XDG_STATE_HOME": f"{place}/state"},
        )
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        demo = subprocess.Popen([DISJOINT, "demo", "--keep", "--directory", place], env=own, **quiet)
        try:
            _await(folder / "ready", demo)
            call = [DISJOINT, "seal", "--manifest", "disjoint.toml", "--environment", "production"]
            subprocess.run(
                [*call, "--output", "production.sealed.json"], cwd=folder, env=own, check=True, **quiet
            )
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)
        lines = (folder / ".env.staging").read_text().splitlines()
        staging = {
            n: v.strip("'") for n, q, v in (line.partition("=") for line in lines) if q and n.isidentifier()
        }
        base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        yield folder, {**base, "DISJOINT_SEAL_KEY": KEY, **staging}


def _await(file: Path, demo: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while not file.exists():
        if time.monotonic() > until or demo.poll() is not None:
            raise RuntimeError("the demo did not start")
        time.sleep(0.1)


def _in_turn(programs: dict[str, str], folder: Path, variables: dict[str, str]) -> dict[str, float]:
    commands = {name: [PYTHON, "-c", program] for name, program in programs.items()}
    return _commands_in_turn(commands, folder, variables)


def _commands_in_turn(
    commands: dict[str, list[str]], folder: Path, variables: dict[str, str]
) -> dict[str, float]:
    """Medians of seconds, after a round that warms up."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def _run(program: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    call = [PYTHON, "-O", "-c", program]
    return subprocess.run(call, cwd=folder, env=variables, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
