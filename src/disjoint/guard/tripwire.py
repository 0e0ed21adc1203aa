"""Egress tripwire: what this interpreter connects to, and looks up, against the places of production's seal.

    from disjoint.guard import tripwire

    tripwire.install()

By `sys.addaudithook`: it cannot be taken out again, and a forked worker keeps it. What resolves and connects
below Python (libpq, uvloop, gRPC) does not pass it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextvars import ContextVar

from .denied import Denied, denied_by
from .verdict import SHARED, UNPROVEN, Reason
from .watching import Counts, ProductionError, Watched, tell, watched

__all__ = ["ProductionError", "counts", "install", "metrics"]

_ADDRESS_AT = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0}
"""By event: where host and port stand in its arguments."""
_KEPT, _KEPT_AS = 4096, frozenset({str, int, bytes})
_COUNTS = Counts()
_TELLING: ContextVar[bool] = ContextVar("telling", default=False)


class _State:
    """What the one hook of this process goes by; another `install` replaces it."""

    __slots__ = ("by", "denied", "known", "told")

    def __init__(self) -> None:
        self.by: Watched | None = None
        self.denied: Denied | None = None
        self.known: dict[tuple[object, object], str] = {}
        """By host and port as they were asked for: what they are of production's."""
        self.told: set[str] = set()


_STATE = _State()
_HOOKED: list[bool] = []


def install(
    seal: str | None = None, *, mode: str | None = None, variables: Mapping[str, str] | None = None
) -> bool:
    """Watch this process's connections and look-ups of names; False in production, which is not watched.

    Args:
        seal: as of `disjoint.guard.check`, like `mode` and `variables`.
        mode: `enforce` raises `ProductionError` before the connection is tried, `report` says so on the log.
        variables: what the process takes from elsewhere than its environment.

    Raises:
        ProductionError: in `enforce`, where the seal cannot be used: nothing could be told from production's.
    """
    if (by := watched(seal, mode, variables)) is None:
        return False
    if by.opened is None or by.opened.policy is None:
        reason = by.opened.reasons[0] if by.opened and by.opened.reasons else _UNUSED
        _COUNTS.add("install", UNPROVEN)
        tell(reason, refused=by.enforces, by="tripwire")
        if by.enforces:
            raise ProductionError(reason)
        return False
    _STATE.by, _STATE.denied = by, denied_by(by.opened.policy, by.opened.key)
    _STATE.known = {}  # after what it is known by: another thread may be at it
    if not _HOOKED:
        sys.addaudithook(_hook)
        _HOOKED.append(True)
    return True


_UNUSED = Reason(UNPROVEN, "guard/seal", "", "production's seal cannot be used", "seal production anew")


def counts() -> dict[tuple[str, str], int]:
    """How often something of production's was met, by event and verdict."""
    return dict(_COUNTS)


def metrics() -> str:
    """The same in the text format of Prometheus."""
    about = "Connections and look-ups of names that met a place of production's."
    return _COUNTS.lines("disjoint_guard_egress_total", "event", about)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    """Every audit event of the process comes by: nothing but a hit may raise."""
    if event not in _ADDRESS_AT:
        return
    try:
        met = _met(event, arguments)
    except Exception:  # noqa: BLE001  (an address of a shape that no network has; the system will refuse it)
        return
    if met and (error := _hit(event, met)) is not None:
        raise error


def _met(event: str, arguments: tuple[object, ...]) -> str:
    address = arguments if event == "socket.getaddrinfo" else arguments[1]
    if not isinstance(address, tuple):
        return ""  # a socket of this machine, or connected before
    place = host, port = address[0], address[1]
    known, denied = _STATE.known, _STATE.denied
    if type(host) not in _KEPT_AS or type(port) not in _KEPT_AS:  # equal ones may mean another
        return denied.resource(host, port) if denied is not None else ""
    found = known.get(place)
    if found is None and denied is not None:
        if len(known) >= _KEPT:
            known.clear()
        found = known[place] = denied.resource(host, port)
    return found or ""


def _hit(event: str, resource: str) -> ProductionError | None:
    """Said once for each resource, counted every time; a log that goes by a network comes here, too."""
    by = _STATE.by
    refuses = by is not None and by.enforces
    _COUNTS.add(event, SHARED)
    says = f"this process is about to reach the place of production's {resource}"
    reason = Reason(SHARED, "variables/endpoint-reused", "", says, "give it staging's own address")
    if not _TELLING.get() and (resource not in _STATE.told):
        _STATE.told.add(resource)
        token = _TELLING.set(True)
        try:
            tell(reason, refused=refuses, by=f"tripwire, {event}")
        except Exception:  # noqa: BLE001, S110  (a log that fails changes nothing here)
            pass
        finally:
            _TELLING.reset(token)
    return ProductionError(reason) if refuses else None
