"""Runs commands of ours, each in a fork that waits to be watched: the interpreter starts once for all.

Read on standard input: one JSON object a line, {"arguments", "directory", "variables"}. Written on standard
output: the number of a stopped process, and when it is over its exit status.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import Any

import securesystemslib.signer  # noqa: F401  (all of these: loaded once, for all)

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
    os._exit(code)


def main() -> None:
    for line in sys.stdin:
        number = os.fork()
        if not number:
            child(json.loads(line))
        os.waitpid(number, os.WUNTRACED)
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


main()
