"""What a machine may lack that no wheel brings: Debian's PgBouncer and Redis."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip on a newcomer's machine, and say what to install; fail in CI, which installs it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
