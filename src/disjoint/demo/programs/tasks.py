"""The Celery application that the demo's workers run; its addresses come from the usual variables."""

from __future__ import annotations

import os
from importlib import import_module

app = import_module("celery").Celery(
    "shop",
    broker=os.environ.get("CELERY_BROKER_URL"),
    backend=os.environ.get("CELERY_RESULT_BACKEND"),
)
app.conf.update(
    task_default_queue=os.environ.get("CELERY_QUEUE", "celery"),
    broker_connection_retry_on_startup=False,
    task_ignore_result=False,
)


def receipt(order: int) -> str:
    """Pretend to send the receipt of an order."""
    return f"receipt {order}"


app.task(name="shop.receipt")(receipt)
