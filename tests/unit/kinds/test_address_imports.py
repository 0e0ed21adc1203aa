"""Addresses load in a bare process: the start-up guard reads them before anything else."""

from __future__ import annotations

import subprocess
import sys

import pytest

KINDS = ("postgres", "redis", "celery", "bucket", "web", "variables")


@pytest.mark.parametrize("kind", KINDS)
def test_an_address_module_loads_neither_dataclasses_nor_a_client(kind: str) -> None:
    """In a fresh interpreter without site-packages' start-up files."""
    code = (
        "import sys; before = set(sys.modules)\n"
        f"import disjoint.kinds.{kind}.address\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(loaded & {'dataclasses', 'inspect', 'idna', 'botocore', 'psycopg', 'redis', 'kombu',"
        " 'celery', 'httpx', 'msgspec', 'asyncio', 'ssl', 'socket'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == ""
