"""A process that holds an upload and stops at a named point, to be killed there."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pytest
from bucket_world import Place, both

from disjoint.demo.servers.objects import KeyPair
from disjoint.kinds.bucket import upload
from disjoint.kinds.bucket.session import Store

POINT = sys.argv[1]


def stop(point: str) -> None:
    """Say that this point is reached, and go no further."""
    if point == POINT:
        print(point, flush=True)
        time.sleep(60)


def pausing(self: Store, operation: str, **parameters: Any) -> Any:
    """Ask as the store does, with a stop before and after."""
    real = parameters.get("UploadId") != "none"
    if real:
        stop(f"before {operation}")
    answer = ask(self, operation, **parameters)
    stop(f"after {operation}")
    return answer


ask = Store.ask
pytest.MonkeyPatch().setattr(Store, "ask", pausing)
bucket, port, access, secret = json.loads(sys.stdin.readline())
place = Place(bucket, KeyPair(access, secret), port)
with both(place, place) as sides, upload.hold(sides.pair.staging, 5.0):
    stop("held")
