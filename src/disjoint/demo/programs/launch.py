"""Become another program that ends when its parent does.

Run by path with ``python -I -S``, so it may import the standard library only:
``launch.py PARENT USER GROUP SIGNAL PROGRAM ARGUMENT...`` (USER -1: stay who we are). A program of its own,
and not a hook between fork and exec, because Python code there can deadlock in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop rights, ask for `SIGNAL` at the parent's death, and exec."""
    parent, user, group, death = map(int, arguments[:4])
    program = arguments[4:]
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and exec would hand that on
        signal.signal(ignored, signal.SIG_DFL)
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        # After setuid, which clears it. A parent that died before this line sends nothing: hence the check.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent has ended")
    os.execv(program[0], program)  # noqa: S606  no shell: the argument vector is the supervisor's own


if __name__ == "__main__":
    main(sys.argv[1:])
