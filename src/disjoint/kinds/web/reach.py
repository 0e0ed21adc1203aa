"""A token of staging's at production's door: a GET for each answer that is needed, and a last control."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping

from disjoint.model.environment import Target
from disjoint.model.experiment import Pair
from disjoint.model.fact import Known, Unknown
from disjoint.model.probe import HttpRequest, Probe, ProbeError

from .address import parse
from .facts import Answer, Door, WebDeclared, unreadable
from .locate import Spot, declared_at
from .pages import url_of
from .token import mint

_CLAIMS = 'write token_claims as one JSON object: {"aud": "api"}'


def reach(pair: Pair[WebDeclared]) -> Door:
    """Ask production's endpoint with its own token, with none, and with staging's.

    Staging's is tried only where the two controls tell one token from another. Where it is refused,
    production's own is asked again: a door that shuts after a first refusal, or takes each name once,
    refuses everybody. The subject is a fresh random name that no user has.

    Raises:
        ProbeError: what it takes is not declared or not known, or production did not answer.
    """
    target, probe = pair.production.target, pair.production.probe
    spot = _door(target)
    claims = {**_claims(target.declared), "sub": f"disjoint-{secrets.token_hex(8)}"}
    statuses = [
        _knock(probe, spot, target.declared, _token(target, claims)),
        _knock(probe, spot, target.declared, ""),
    ]
    if [_read(status) for status in statuses] == ["taken", "refused"]:
        statuses.append(_knock(probe, spot, target.declared, _token(pair.staging.target, claims)))
    own, bare, theirs = (*map(_read, statuses), "not asked")[:3]
    if theirs == "refused":
        statuses.append(_knock(probe, spot, target.declared, _token(target, claims)))
        own = _read(statuses[-1])
    return Door(own, bare, theirs, ", ".join(map(str, statuses)))


def _read(status: int) -> Answer:
    if 200 <= status < 300:
        return "taken"
    return "refused" if status in {401, 403} else "unclear"


def _door(target: Target[WebDeclared]) -> Spot:
    address = parse(target.text("url") or "")
    if fault := unreadable(address):
        raise ProbeError(fault, f"mend {target.where('url')}")
    spot = declared_at(address, target.declared.token_path or "")
    if spot is None:
        raise ProbeError("token_path names no path of this service", 'declare token_path = "/account"')
    return spot


def _claims(declared: WebDeclared) -> Mapping[str, object]:
    try:
        read = json.loads(declared.token_claims)
    except (ValueError, RecursionError):
        raise ProbeError("token_claims is no JSON", _CLAIMS) from None
    if not isinstance(read, dict):
        raise ProbeError("token_claims is no JSON object", _CLAIMS)
    return read


def _token(target: Target[WebDeclared], claims: Mapping[str, object]) -> str:
    declared = target.declared
    match target.setting("secret_key"):
        case Known(secret) if key := secret.reveal():
            return mint(declared.token_kind, key, claims, declared.token_salt, int(time.time()))
        case Known():
            raise ProbeError(f"the secret key of {target.environment.name} is empty", _KEY)
        case Unknown(reason):
            raise ProbeError(f"the secret key of {target.environment.name} is not known: {reason}", _KEY)


_KEY = 'declare secret_key = "$SECRET_KEY", and set it in both environments'


def _knock(probe: Probe, spot: Spot, declared: WebDeclared, token: str) -> int:
    """The status of one GET."""
    name = declared.token_header
    stated = f"Bearer {token}" if name.lower() == "authorization" else token
    if name.lower() == "cookie":
        stated = f"{declared.token_cookie}={token}"
    headers = {name: stated} if token else {}
    return probe.exchange(HttpRequest("GET", url_of(spot), {"Accept": "*/*", **headers}, 1 << 20)).status
