"""What a whole verification leaves in the access logs of both environments' applications."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.demo.servers.web import CANARY, WebServer
from disjoint.demo.world import World
from disjoint.model.finding import Outcome

pytestmark = pytest.mark.live


def asked(server: WebServer, before: list[str]) -> list[str]:
    """What it was asked since."""
    return server.asked[len(before) :]


def test_production_is_asked_for_what_was_announced_and_keeps_nothing(world: World, tmp_path: Path) -> None:
    """Every request of the run, counted: GETs of declared paths, no mark; staging alone keeps a nonce."""
    production, staging = world.stack.production, world.stack.staging
    servers = (production.api, production.web, staging.api, staging.web)
    before = [server.asked for server in servers]
    proof = pipeline.verify(pipeline.load(world.write(tmp_path)))
    assert proof.verdict is Outcome.ISOLATED
    api, web, _, _ = logs = [asked(server, log) for server, log in zip(servers, before, strict=True)]
    assert sorted(api) == sorted(
        [
            *["GET /health 200"] * 7,
            "GET / 200",
            *["GET /account 200"] * 2,
            *["GET /account 401"] * 2,
            *[f"GET {CANARY}?look 200"] * 3,
        ]
    )
    assert sorted(web) == sorted(
        [*["GET /health 200"] * 2, "GET / 200", "GET /login 200", *[f"GET {CANARY}?look 200"] * 3]
    )
    held = [[line for line in log if "hold" in line] for log in logs]
    assert held == [[], [], [f"GET {CANARY}?hold 200"], [f"GET {CANARY}?hold 200"]]
    assert dict(proof.footprint.commands)["GET"] >= len(api) + len(web)  # the bucket is asked by GET, too
    assert proof.footprint.writes == 0
