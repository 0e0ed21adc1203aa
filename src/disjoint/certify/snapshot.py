"""A snapshot as plain values and back: facts by their kinds' own types, and nothing else."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from disjoint.errors import UsageError
from disjoint.model.address import Address
from disjoint.model.engine import ForeignAddress
from disjoint.model.fact import Fact
from disjoint.model.kind import Kind
from disjoint.model.plain import Plain, built, plain
from disjoint.model.snapshot import Endpoint, Observed, Snapshot

Kinds = Mapping[str, Kind[Any, Any]]
FOREIGN = "foreign"
"""How the address of another engine's server is marked: it has no kind of ours."""


def written_snapshot(snapshot: Snapshot) -> Plain:
    """Everything a snapshot holds; no secret, by construction of its facts."""
    return {
        "takenAt": plain(snapshot.taken_at),
        "resources": {name: _observed(each) for name, each in snapshot.resources.items()},
        "endpoints": [_endpoint(each) for each in snapshot.endpoints],
        "override": plain(snapshot.override),
        "unread": plain(snapshot.unread),
        "hosts": plain(snapshot.hosts),
    }


def read_snapshot(value: object, kinds: Kinds, *, environment: str, protected: bool, where: str) -> Snapshot:
    """The snapshot that `written_snapshot` wrote.

    Raises:
        UsageError: it is none, or one of another version.
    """
    try:
        return _snapshot(value, kinds, environment, protected)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(f"{where} holds facts that this version does not know: make it anew") from None


def _observed(each: Observed) -> Plain:
    facts, present = plain(each.facts), plain(each.present)
    return {"kind": each.kind, "facts": facts, "present": present, "seconds": each.seconds}


def _endpoint(each: Endpoint) -> Plain:
    return {
        "variable": each.variable,
        "where": each.where,
        "kind": each.address.kind or FOREIGN,
        "address": plain(each.address),
        "owned": each.owned,
    }


def _snapshot(value: Any, kinds: Kinds, environment: str, protected: bool) -> Snapshot:
    hints = typing.get_type_hints(Snapshot)
    return Snapshot(
        environment=environment,
        protected=protected,
        taken_at=built(hints["taken_at"], value["takenAt"]),
        resources={name: _read_observed(name, each, kinds) for name, each in value["resources"].items()},
        endpoints=tuple(_read_endpoint(each, kinds) for each in value["endpoints"]),
        override=built(hints["override"], value["override"]),
        unread=built(hints["unread"], value["unread"]),
        hosts=built(hints["hosts"], value["hosts"]),
    )


def _read_observed(name: str, value: Any, kinds: Kinds) -> Observed:
    facts = built(kinds[value["kind"]].facts, value["facts"])
    present: Fact[str] = built(typing.get_type_hints(Observed)["present"], value["present"])
    return Observed(name, value["kind"], facts, present, built(float, value["seconds"]))


def _read_endpoint(value: Any, kinds: Kinds) -> Endpoint:
    return Endpoint(
        built(str, value["variable"]),
        built(str, value["where"]),
        _read_address(value["kind"], value["address"], kinds),
        built(bool, value["owned"]),
    )


def _read_address(kind: str, value: object, kinds: Kinds) -> Address:
    made = ForeignAddress if kind == FOREIGN else typing.get_type_hints(kinds[kind].read)["return"]
    address: Address = built(made, value)
    return address
