"""Celery's broker connection: a Redis by who it is, through redis-py; a RabbitMQ by its place alone."""

from __future__ import annotations

import importlib
from functools import wraps
from importlib.util import find_spec
from typing import Any

from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.watching import Watch

from .replacing import wrap


def watch(by: Watch) -> None:
    """Watch what brokers are reached through: an AMQP server does not say who it is before it is used."""
    if find_spec("redis"):
        importlib.import_module(f"{__package__}.redis").watch(by)

    def made(original: Any) -> Any:
        @wraps(original)
        def connect(self: Any, *args: Any, **named: Any) -> Any:
            if (error := by.error("kombu", by.servers.at(_place(self.client)))) is not None:
                raise error
            return original(self, *args, **named)

        return connect

    wrap(importlib.import_module("kombu.transport.pyamqp").Transport, "establish_connection", made)


def _place(client: Any) -> Place:
    host, port = str(client.hostname or "localhost"), client.port or (5671 if client.ssl else 5672)
    return Place("amqp", spell(host), int(port), str(client.virtual_host or "/"))
