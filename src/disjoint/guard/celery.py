"""`import disjoint.guard.celery`: see `frameworks.celery`."""

from __future__ import annotations

from .frameworks.celery import guard

__all__ = ["guard"]
