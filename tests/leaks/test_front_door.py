"""Every world of the catalogue through the front door: one process each, as a user would ask."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from disjoint.demo.catalogue.every import LEAKS
from disjoint.demo.catalogue.leak import Leak
from lacking import lacking

pytestmark = [pytest.mark.live, pytest.mark.long]
CODES = {"ISOLATED": 0, "SHARED": 1, "UNPROVEN": 3}


@pytest.mark.parametrize("leak", LEAKS, ids=[leak.name for leak in LEAKS])
def test_a_world_of_its_own_ends_as_the_catalogue_says(leak: Leak) -> None:
    """Verdict, exit code and rule; standard output is one JSON report and nothing else."""
    if leak.lacks:
        lacking(leak.lacks)
    command = [sys.executable, "-m", "disjoint", "demo", "--leak", leak.name, "--format", "json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    report = json.loads(ended.stdout)
    assert (report["verdict"], ended.returncode) == (leak.outcome.value, CODES[leak.outcome.value])
    found = {(finding["rule"], finding["outcome"]) for finding in report["findings"]}
    assert leak.rule is None or (leak.rule, leak.outcome.value) in found
    assert report["footprint"]["production"]["writes"] == 0
