"""A deployed application that can be asked; what it opens besides its variables, its code says."""

from __future__ import annotations

import os
import socket

from fastapi import FastAPI

from disjoint.guard.route import Asgi

app = FastAPI()
app.add_middleware(Asgi)
OPENED = [
    socket.create_connection((host, int(port)))
    for host, _, port in (place.rpartition(":") for place in os.environ.get("IN_ITS_CODE", "").split())
]


@app.get("/health")
def health() -> str:
    """What a platform asks."""
    return "healthy"
