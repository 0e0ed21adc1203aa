"""Facts as plain values and back, by their types: what another process wrote is not trusted. Pure."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from .fact import Absent, Known, Unknown

Plain: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None


def plain(value: object) -> Plain:
    """A value of the model as JSON has them.

    Raises:
        TypeError: it holds something that is never written down, such as a secret.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case tuple() if hasattr(value, "_fields"):
            return {name: plain(inner) for name, inner in zip(value._fields, value, strict=True)}
        case tuple() | list():
            return [plain(inner) for inner in value]
        case frozenset():
            return sorted(map(plain, value), key=lambda inner: json.dumps(inner, sort_keys=True))
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case _:
            return _of_ours(value)


def _of_ours(value: object) -> Plain:
    match value:
        case Known(inner):
            return {"known": plain(inner)}
        case Unknown(reason, remedy):
            return {"absent" if isinstance(value, Absent) else "unknown": reason, "remedy": remedy}
        case enum.Enum():
            return value.name
        case datetime():
            return value.isoformat()
        case _ if dataclasses.is_dataclass(value):
            return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} is never written down")


def built(hint: Any, value: object) -> Any:
    """A value of a type, from what `plain` made of one.

    Raises:
        ValueError: it is not what `plain` makes of that type.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return _either(arguments, value)
    if origin is Known:
        return Known(built(arguments[0], _only(value, "known")))
    if hint is Unknown:
        return _unknown(value)
    if origin is typing.Literal and value in arguments:
        return value
    if origin in {tuple, frozenset, list}:
        return _several(origin, arguments, value)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        return {built(arguments[0], name): built(arguments[1], inner) for name, inner in value.items()}
    return _one(hint, value)


def _either(choices: tuple[Any, ...], value: object) -> Any:
    for choice in choices:
        try:
            return built(choice, value)
        except ValueError:
            continue
    raise ValueError("of none of the types it may have")


def _only(value: object, name: str) -> object:
    if isinstance(value, dict) and value.keys() == {name}:
        return value[name]
    raise ValueError(f"not {name}")


def _unknown(value: object) -> Unknown:
    match value:
        case {"unknown": str(reason), "remedy": str(remedy), **rest} if not rest:
            return Unknown(reason, remedy)
        case {"absent": str(reason), "remedy": str(remedy), **rest} if not rest:
            return Absent(reason, remedy)
        case _:
            raise ValueError("no unknown fact")


def _several(made: type[Any], hints: tuple[Any, ...], value: object) -> Any:
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004  (what was read is wrong, not the call)
    if made is tuple and hints[-1:] != (Ellipsis,):
        if len(value) != len(hints):
            raise ValueError("a list of another length")
        return tuple(built(hint, inner) for hint, inner in zip(hints, value, strict=True))
    return made(built(hints[0], inner) for inner in value)


def _one(hint: Any, value: object) -> Any:
    if hint is Any:
        return value
    if hint in {None, type(None), bool, int, float, str}:
        return _scalar(hint, value)
    if hint is datetime and isinstance(value, str):
        return _moment(value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum) and isinstance(value, str):
        return _member(hint, value)
    if isinstance(hint, type) and isinstance(value, dict):
        return _record(hint, value)
    raise ValueError("not of its type")


def _moment(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("a time of no zone")
    return when


def _scalar(hint: Any, value: object) -> Any:
    wanted = type(None) if hint is None else hint
    if type(value) is wanted or (wanted is float and type(value) is int):
        return value
    raise ValueError(f"no {getattr(wanted, '__name__', 'value')}")


def _member(hint: type[enum.Enum], name: str) -> enum.Enum:
    if name not in hint.__members__:
        raise ValueError("no such member")
    return hint[name]


def _record(made: type[Any], value: Mapping[str, object]) -> Any:
    """A named tuple or a frozen dataclass; every field is there, and nothing else is."""
    hints = typing.get_type_hints(made)
    names = getattr(made, "_fields", None) or [f.name for f in dataclasses.fields(made)]
    if value.keys() != set(names):
        raise ValueError("other fields than it has")
    return made(**{name: built(hints[name], value[name]) for name in names})
