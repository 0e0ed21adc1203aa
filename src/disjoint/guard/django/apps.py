"""Where Django looks for an app's configuration."""

from __future__ import annotations

from disjoint.guard.frameworks.django import GuardConfig

__all__ = ["GuardConfig"]
