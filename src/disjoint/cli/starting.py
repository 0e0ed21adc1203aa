"""`guard` without click: check, and become the command. Once it has, signals and exit codes are its own."""

from __future__ import annotations

import os
import signal
import sys

from disjoint.guard import assess
from disjoint.guard.telling import told
from disjoint.guard.verdict import REFUSES
from disjoint.tuples import NamedTuple

MISSING, NOT_EXECUTABLE = 127, 126
"""As a shell ends where a command is not found, and where it cannot be run."""
_MODES = ("enforce", "report")


class Call(NamedTuple):
    """What was asked for."""

    command: tuple[str, ...] = ()
    seal: str | None = None
    mode: str | None = None
    deep: bool = False


def call_in(arguments: list[str]) -> Call | None:
    """What the words of a call ask for; None where they need explaining."""
    call, rest = Call(), list(arguments)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            break
        if word == "--deep":
            call = call._replace(deep=True)
        elif name in {"--seal", "--mode"} and (equals or rest):
            value = value if equals else rest.pop(0)
            call = call._replace(seal=value) if name == "--seal" else call._replace(mode=value)
        else:
            return None
    known = call.mode is None or call.mode in _MODES
    return call._replace(command=tuple(rest)) if rest and known else None


def started(call: Call) -> int:
    """Become the command, where this process may; the exit code where it may not, or cannot."""
    checked = assess(call.seal, mode=call.mode, deep=call.deep)
    told(checked)
    if checked.refuses:
        return REFUSES
    return become(call.command)


def become(command: tuple[str, ...]) -> int:
    """Run a program in place of this one; an exit code where that fails."""
    for name in ("SIGPIPE", "SIGXFSZ"):  # which Python ignores, and the next program would go on to ignore
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, _environment())  # noqa: S606  (it is what was asked for)
    except (FileNotFoundError, NotADirectoryError):
        return _not_run(command[0], "there is no such program", MISSING)
    except (OSError, ValueError) as error:
        why = (
            error.strerror if isinstance(error, OSError) and error.strerror else "its name or a word is none"
        )
        return _not_run(command[0], f"it cannot be run: {why}", NOT_EXECUTABLE)


def _environment() -> dict[str, str]:
    """As this process was given it: Python adds LC_CTYPE where the locale is C (PEP 538)."""
    variables = dict(os.environ)
    try:
        with open("/proc/self/environ", "rb") as file:  # noqa: PTH123  (pathlib takes longer to load)
            given = b"\0" + file.read()
    except OSError:
        return variables
    if b"\0LC_CTYPE=" not in given:
        variables.pop("LC_CTYPE", None)
    return variables


def _not_run(name: str, why: str, code: int) -> int:
    print(f"disjoint guard: {name.encode('ascii', 'backslashreplace').decode()}: {why}", file=sys.stderr)
    return code
