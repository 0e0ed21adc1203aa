"""Every kind there is, in the order reports show them. Explicit: what is installed changes no proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from disjoint.model.kind import Kind

from .bucket.kind import KIND as BUCKET
from .celery.kind import KIND as CELERY
from .postgres.kind import KIND as POSTGRES
from .redis.kind import KIND as REDIS
from .variables.kind import KIND as VARIABLES
from .web.kind import KIND as WEB

KINDS: tuple[Kind[Any, Any], ...] = (POSTGRES, REDIS, CELERY, BUCKET, WEB, VARIABLES)

BY_NAME: Mapping[str, Kind[Any, Any]] = {kind.name: kind for kind in KINDS}
