"""Egress tripwire: what this interpreter connects to, and looks up, against the places of production's seal.

    from disjoint.guard import tripwire

    tripwire.install()

By `sys.addaudithook`: it cannot be taken out again, and a forked worker keeps it. What resolves and connects
below Python (libpq, uvloop, gRPC) does not pass it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import NamedTuple

from disjoint.certify.guarded import SERVER, digest
from disjoint.certify.plain_address import Place, spell

from .verdict import SHARED, UNPROVEN, Reason
from .watching import Counts, ProductionError, Watched, tell, watched

__all__ = ["ProductionError", "counts", "install", "metrics"]

_ADDRESS_AT = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0}
"""By event: where host and port stand in its arguments."""
_ELSEWHERE = frozenset({"bucket", "file", "sqlite", "memory"})
"""Kinds whose server is a vendor's, which strangers share, or none."""
_KEPT = 4096
_COUNTS = Counts()
_TELLING: ContextVar[bool] = ContextVar("telling", default=False)


class _Denied(NamedTuple):
    """Production's places: host and port as they are shown, and as digests by kind where one is not."""

    key: bytes
    kinds: tuple[str, ...]
    """None where every place is shown: a digest takes longer than an event should."""
    servers: Mapping[str, str]
    shown: Mapping[str, str]

    def resource(self, host: str, port: int) -> str:
        """Whose server a host and port are; empty: nobody's of production."""
        name = spell(host)
        if found := self.shown.get(f"{name}:{port}"):
            return found
        for kind in self.kinds:
            place = Place(kind, name, port, "")
            if not place.private and (found := self.servers.get(digest(self.key, SERVER, place.server))):
                return found
        return ""


class _State:
    """What the one hook of this process goes by; another `install` replaces it."""

    __slots__ = ("by", "denied", "known", "told")

    def __init__(self) -> None:
        self.by: Watched | None = None
        self.denied: _Denied | None = None
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
    if (denied := _denied(by)) is None:
        reason = by.opened.reasons[0] if by.opened and by.opened.reasons else _UNUSED
        _COUNTS.add("install", UNPROVEN)
        tell(reason, refused=by.enforces, by="tripwire")
        if by.enforces:
            raise ProductionError(reason)
        return False
    _STATE.by, _STATE.denied = by, denied
    _STATE.known.clear()
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


def _denied(by: Watched) -> _Denied | None:
    """A private name is another machine in each network, and no place of production's here."""
    if by.opened is None or by.opened.policy is None:
        return None
    asked = [e for e in by.opened.policy.all_endpoints if not e.private and e.kind not in _ELSEWHERE]
    servers = {each.server: each.of for each in reversed(asked)}
    named = {server: place for server, place in _shown(by.opened.payload) if server in servers}
    shown = {place: servers[server] for server, place in named.items()}
    hidden = {each.kind for each in asked if each.server not in named}
    return _Denied(by.opened.key, tuple(sorted(hidden)), servers, shown)


def _shown(payload: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The digest of each server that a seal names, with its host and port; a blind one names none."""
    policy = payload.get("policy")
    resources = policy.get("resources", []) if isinstance(policy, dict) else []
    listed = [policy, *resources] if isinstance(policy, dict) else []
    for each in (found for holder in listed for found in holder.get("endpoints", [])):
        if "shown" in each:
            yield each["server"], each["shown"].partition("://")[2].partition("/")[0]


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
    if type(address) is not tuple:
        return ""  # a socket of this machine, or connected before
    host, port = address[0], address[1]
    found = _STATE.known.get((host, port))
    return _looked_up(host, port) if found is None else found


def _looked_up(host: object, port: object) -> str:
    """As `_STATE.known` keeps it: digests take longer than an event may."""
    name = host.decode("idna") if isinstance(host, bytes | bytearray) else host
    number = _port(port)
    denied = _STATE.denied
    found = denied.resource(name, number) if isinstance(name, str) and number and denied is not None else ""
    if len(_STATE.known) >= _KEPT:
        _STATE.known.clear()
    _STATE.known[host, port] = found
    return found


def _port(port: object) -> int:
    if isinstance(port, bytes):
        port = port.decode("ascii")
    if isinstance(port, int):
        return port
    if not isinstance(port, str) or not port:
        return 0
    if port.isdecimal():
        return int(port)
    import socket  # noqa: PLC0415  (who looks a name up has loaded it)

    return socket.getservbyname(port)


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
