"""What a machine may lack: Debian's PgBouncer, Redis and second PostgreSQL, or an extra's wheel."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip on a newcomer's machine, and say what to install; fail in CI, which installs it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    # a newcomer need not have Debian's packages: the summary names each, and CI, which has them, fails above
    pytest.skip(reason)
