"""`NamedTuple` without `typing`, whose import is a tenth of what a guarded process waits for."""

from __future__ import annotations

from collections import namedtuple

__all__ = ["NamedTuple"]

TYPE_CHECKING = False
"""As every type checker reads it."""

if TYPE_CHECKING:
    from typing import NamedTuple
else:

    class _Made(type):
        """Makes a named tuple of a class's annotations, defaults and methods, as `typing` does."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # noqa: PYI024
            for key, value in body.items():
                if key not in fields and key not in {"__module__", "__qualname__", "__slots__", "__dict__"}:
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Made):
        """Base of what is written as a class and is a tuple."""
