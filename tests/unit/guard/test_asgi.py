"""An ASGI application behind the guard: what each protocol is answered, and what reaches the application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from disjoint.guard.frameworks.asgi import REFUSED, Guard, Message, Receive, Scope, Send

PRODUCTION = {"ENVIRONMENT": "production", "RAILWAY_ENVIRONMENT_NAME": "production"}
STAGING = {"ENVIRONMENT": "staging", "RAILWAY_ENVIRONMENT_NAME": ""}


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no seal is, so that staging is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def exchanged(kinds: list[str], variables: Mapping[str, str]) -> tuple[list[str], list[list[Message]]]:
    """Which kinds reached the application, and what was sent for each."""
    reached: list[str] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(str(scope["type"]))

    async def exchange(guard: Guard, kind: str) -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": f"{kind}.begins"}

        async def send(message: Message) -> None:
            sent.append(message)

        await guard({"type": kind}, receive, send)
        return sent

    guard = Guard(application, variables=variables)
    return reached, [asyncio.run(exchange(guard, kind)) for kind in kinds]


def test_what_is_refused_never_reaches_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    """Each protocol is refused in its own way, and the reason is said once and to no client."""
    reached, (lifespan, http, websocket, other) = exchanged(
        ["lifespan", "http", "websocket", "tomorrow"], STAGING
    )
    assert reached == []
    assert lifespan == [{"type": "lifespan.startup.failed", "message": REFUSED}]
    assert [message.get("status") for message in http] == [503, None]
    assert http[-1]["body"] == REFUSED.encode()
    assert [message["type"] for message in websocket] == ["websocket.close"]
    assert other == []
    assert capsys.readouterr().err.count("disjoint: refused to start: ") == 1


def test_production_reaches_the_application_in_every_protocol() -> None:
    """Without a seal, too."""
    kinds = ["lifespan", "http", "websocket", "tomorrow"]
    reached, sent = exchanged(kinds, PRODUCTION)
    assert reached == kinds
    assert sent == [[], [], [], []]
