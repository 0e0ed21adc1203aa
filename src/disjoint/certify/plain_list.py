"""The members of a list, as variables write them. The standard library alone, no I/O."""

from __future__ import annotations

import json
import re


def members(value: str) -> list[str]:
    """A value, or the members of the list it writes."""
    text = value.strip()
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return [item.strip() for item in listed if isinstance(item, str)]
    if "=" in text or (text.count("://") == 1 and not text[:8].lower().startswith(("http://", "https://"))):
        return [text]
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    return [text, *parts] if len(parts) > 1 else [text]
