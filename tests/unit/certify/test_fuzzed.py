"""Twenty seconds of what `make fuzz` does for ten minutes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from lacking import lacking

PROGRAM = Path(__file__).parents[2] / "fuzz" / "verify_certificate.py"


@pytest.mark.long
def test_nothing_made_at_random_breaks_the_verifier_or_passes_it(tmp_path: Path) -> None:
    """Neither octets that nobody signed, nor statements that the trusted signed whatever they say."""
    if importlib.util.find_spec("atheris") is None:
        lacking("atheris has no wheel for this machine or this Python")
    asked = [sys.executable, str(PROGRAM), "-max_total_time=20", "-print_final_stats=1"]
    ran = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    tried = ran.stderr.partition("stat::number_of_executed_units:")[2].split()[0]
    assert int(tried) > 200
