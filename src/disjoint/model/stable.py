"""What an environment is, apart from when it was looked at: the subject of a certificate. Pure.

A restart, another container or another run of ours changes nothing in it; a re-pointed variable, a rotated
secret or a changed declaration does. Whatever may hold a credential, and be it by a slip, is digested.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .address import Address
from .fact import Absent, Fact, Known, Unknown
from .host import read_host
from .kind import Kind
from .plain import Plain, plain
from .snapshot import Endpoint, NamedHost, Observed, Snapshot

SCHEMA = "disjoint.stable/v1"
WORDING = frozenset({"relative", "doubt", "fault", "elsewhere", "what"})
"""Fields of an address that say something to people: their words change with our versions."""
_OF_MACHINE = re.compile(
    r"(?:HOST(?:_?NAME|_IP|_ADDR)?|COMPUTERNAME|(?:POD|NODE|INSTANCE|CONTAINER)_(?:IP|NAME|HOST(?:NAME)?)"
    r"|(?:ECS|EC2)_.*)\Z"
)
"""Variables that say where a process happens to run."""

Kinds = Mapping[str, Kind[Any, Any]]
Digest = Callable[[str, str], str]
"""As `RunKey.digest`: one domain and one value; the same key for whatever is to be compared."""


def stable_part(kinds: Kinds, snapshot: Snapshot, policy: str, digest: Digest) -> Plain:
    """What an environment is, as plain values that two runs make alike.

    Args:
        kinds: by name; each says which of its facts are stable.
        snapshot: taken under the very key that `digest` is of.
        policy: digest of what the manifest declares.
        digest: under a key that outlives a run.
    """
    return {
        "schema": SCHEMA,
        "environment": snapshot.environment,
        "protected": snapshot.protected,
        "policy": policy,
        "resources": {
            name: _resource(kinds[each.kind], each, digest) for name, each in snapshot.resources.items()
        },
        "endpoints": _endpoints(snapshot.endpoints, digest),
        "override": {name: _overridden(fact, digest) for name, fact in snapshot.override.items()},
        "unread": sorted(snapshot.unread),
        **_hosts(snapshot.hosts, digest),
    }


def _resource(kind: Kind[Any, Any], each: Observed, digest: Digest) -> Plain:
    facts = {name: _fact(fact, digest) for name, fact in kind.stable(each.facts).items()}
    present = True if isinstance(each.present, Known) else _fact(each.present, digest)
    return {"kind": each.kind, "present": present, "facts": facts}


def _fact(fact: Fact[Any], digest: Digest) -> Plain:
    """A fact without the words of its reason, which name places and moments."""
    match fact:
        case Known(value):
            return _address(value, digest) if isinstance(value, Address) else plain(value)
        case Absent():
            return {"unknown": "absent"}
        case Unknown():
            return {"unknown": "unread"}


def _address(address: Address, digest: Digest) -> Plain:
    return {"shown": address.shown, "digest": _place(address, digest)}


def _place(address: Address, digest: Digest) -> str:
    """Digest of all that addresses are compared by; a host may be a piece of a password that was cut."""
    parts = {"kind": address.kind, "parts": _bare(plain(address))}
    return digest("stable.address", json.dumps(parts, sort_keys=True))


def _bare(value: Any) -> Any:
    match value:
        case dict():
            return {name: bool(inner) if name in WORDING else _bare(inner) for name, inner in value.items()}
        case list():
            return [_bare(inner) for inner in value]
        case _:
            return value


def _endpoints(endpoints: Iterable[Endpoint], digest: Digest) -> Plain:
    """By variable: where each of its members leads, in no order, and whether it is a store of its own."""
    found: dict[str, set[tuple[str, bool]]] = {}
    for each in endpoints:
        found.setdefault(each.variable, set()).add((_place(each.address, digest), each.owned))
    return {
        variable: [{"digest": place, "owned": owned} for place, owned in sorted(places)]
        for variable, places in found.items()
    }


def _hosts(hosts: Iterable[NamedHost], digest: Digest) -> Mapping[str, Plain]:
    """Where each variable's hosts lead, but those that each machine or network has of its own."""
    found: dict[str, set[str]] = {}
    for each in hosts:
        if not (_OF_MACHINE.match(each.variable.upper()) or read_host(each.host).relative):
            place = json.dumps([each.host, sorted(each.ports)])
            found.setdefault(each.variable, set()).add(digest("stable.host", place))
    return {"hosts": {variable: sorted(places) for variable, places in found.items()}} if found else {}


def _overridden(fact: Fact[str], digest: Digest) -> Plain:
    match fact:
        case Known(value):
            return digest("stable.override", value)
        case _:
            return _fact(fact, digest)


def marks(kinds: Kinds, snapshot: Snapshot) -> Mapping[str, list[str]]:
    """By resource: the digests by which its servers would be known again; none where they did not say."""
    found = {name: sorted(_marks(kinds[each.kind], each)) for name, each in snapshot.resources.items()}
    return {name: digests for name, digests in found.items() if digests}


def _marks(kind: Kind[Any, Any], each: Observed) -> frozenset[str]:
    known = [i.marks.value for i in kind.identities(each.facts) if isinstance(i.marks, Known)]
    return frozenset().union(*known)
