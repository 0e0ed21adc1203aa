"""Runs commands of ours, each in a fork that waits to be watched: the interpreter starts once for all.

Read on standard input: one JSON object a line, {"arguments", "directory", "variables", "stdout", "stderr",
"modules"}. Written on standard output: the number of a stopped process, and when it is over its exit status.
"""

import contextlib
import ctypes
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from disjoint.cli.main import run

PR_SET_PTRACER = 0x59616D61


def child(asked: dict[str, Any]) -> None:
    """Wait to be watched, then be the command."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, -1, 0, 0, 0)  # where Yama lets parents alone trace
    os.chdir(asked["directory"])
    os.environ.update(asked["variables"])
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = run(asked["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    if asked["modules"]:
        Path(asked["modules"]).write_text("\n".join(sys.modules))
    os._exit(code)


def load(modules: Path) -> None:
    """What one run imported is there for the next: it then opens the same files every time, and no others."""
    if modules.exists():
        for name in set(modules.read_text().splitlines()) - set(sys.modules):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        number = os.fork()
        if not number:
            child(asked)
        os.waitpid(number, os.WUNTRACED)
        print(number, flush=True)
        ended = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        if asked["modules"]:
            load(Path(asked["modules"]))
        print(ended, flush=True)


main()
