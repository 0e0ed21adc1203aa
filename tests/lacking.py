"""What a newcomer's machine may lack, from Debian's packages to a right of root's."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip on a newcomer's machine, and say what to install; fail in CI, which installs it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    # a newcomer's run is green without it, and its summary names each; CI, which has it all, fails above
    pytest.skip(reason)
