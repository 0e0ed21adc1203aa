"""The files that an address names, judged before libpq opens them."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from disjoint.model.probe import ProbeError

FILES = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl"})
LIMIT = 16 << 20
"""Octets of one file; the whole of Mozilla's list of roots takes a fiftieth."""


def check_files(parameters: Mapping[str, str]) -> None:
    """Refuse a pipe, a device and a huge file: libpq reads with the whole process at a standstill.

    Raises:
        ProbeError: a stated file is none that libpq could read at once.
    """
    for name in sorted(FILES & parameters.keys()):
        try:
            status = Path(parameters[name]).stat()
        except (OSError, ValueError):
            continue  # libpq says so, in its turn
        if not stat.S_ISREG(status.st_mode) or status.st_size > LIMIT:
            raise ProbeError(f"what the address names as {name} is no ordinary file", "name a PEM file")
