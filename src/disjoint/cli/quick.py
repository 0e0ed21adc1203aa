"""`guard` and `verify-certificate` without click, whose import takes longer than either.

Of certificates it answers only what holds, asked for in plain words.
Whatever else there is to say, of options, environment
variables or certificates, is left to the command itself, which begins anew and says it in its own way.
"""

from __future__ import annotations

import os
import sys

COMMAND, GUARD = "verify-certificate", "guard"
VARIABLES = "DISJOINT_VERIFY_CERTIFICATE_"
"""Click reads options from variables of this beginning."""


def guarded(arguments: list[str]) -> int | None:
    """The exit code of a guarded start that started nothing; None where this was none, or wants help."""
    if arguments[:1] != [GUARD]:
        return None
    from .starting import call_in, started  # noqa: PLC0415  (other commands need neither)

    call = call_in(arguments[1:])
    return None if call is None else started(call)


def holds(arguments: list[str]) -> bool:
    """Whether this was a call of the command, the certificate held, and that was said."""
    if arguments[:1] != [COMMAND] or any(name.startswith(VARIABLES) for name in os.environ):
        return False
    from .verifying import answered, asked_in  # noqa: PLC0415  (other commands need neither)

    try:
        lines = answered(asked_in(arguments[1:]))
    except Exception:  # noqa: BLE001  (the command itself tells it, a defect of ours, too)
        return False
    return _said("".join(f"{line}\n" for line in lines))


def _said(text: str) -> bool:
    """Whether all of it could be written; nothing of it was, where its letters are unknown there."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, UnicodeError, AttributeError):  # None where it is closed
        return False
    return True
