"""What `make` cannot give a newcomer's machine: Debian's programs, its platform's wheel, a right of root's.

A library of the lock that every platform has is no such thing: a test imports it, and fails without it.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip on a newcomer's machine, and say what to install; fail in CI, which installs it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    # hides nothing that lands: CI, where nothing may be lacking, has failed above; elsewhere -rs names each
    pytest.skip(reason)
