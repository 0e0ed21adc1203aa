"""Staging's keys at production's bucket: two reads, once each, beside production's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from disjoint.model.environment import Target
from disjoint.model.experiment import Pair
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.names import same_environment
from disjoint.model.probe import ProbeError

from .address import BucketAddress
from .facts import Access, Answer, BucketDeclared, Policy
from .grants import POLICY
from .opening import Opened, keys, opened
from .refusal import explained, granting
from .session import Store, StoreError

REFUSALS = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
"""What the store itself says of keys that it does not let in. Any other error is none."""


def reach(pair: Pair[BucketDeclared]) -> Access:
    """Ask production's store for the bucket's head and for one line of it, with staging's keys.

    Nothing more is tried, whatever they are allowed: rights to write are read from the policy.

    Raises:
        ProbeError: a bucket or a key pair is not known, or production's own keys had no answer.
    """
    theirs = opened(pair.production.target, pair.production.probe)
    match keys(pair.staging.target):
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)
        case Known(ours):
            control = _listed(pair.production.target, theirs)
            knocking = theirs.store.asked_by(ours)
            return Access(
                control,
                _answer(knocking, theirs.address, "HeadBucket"),
                _answer(knocking, theirs.address, "ListObjectsV2"),
                _policy(pair.production.target, theirs, pair.staging.target.environment.name),
            )


def _listed(target: Target[BucketDeclared], theirs: Opened) -> Fact[bool]:
    """Whether production's own keys are let in where staging's are tried, the same way."""
    try:
        answer = theirs.store.ask("ListObjectsV2", Bucket=theirs.address.name, MaxKeys=1)
    except StoreError as error:
        return explained(error, target, theirs.address)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    return Known(answer.get("Name") == theirs.address.name)


def _answer(store: Store, address: BucketAddress, operation: str) -> Answer:
    """A HEAD has no body, so that its refusal names no code."""
    lines = {"MaxKeys": 1} if operation == "ListObjectsV2" else {}
    try:
        answer = store.ask(operation, Bucket=address.name, **lines)
    except StoreError as error:
        told = f"{error.status} {error.code}".strip()
        refused = error.code in REFUSALS or (operation == "HeadBucket" and error.status == 403)
        return Answer("refused" if refused and error.status == 403 else "unclear", told)
    except ProbeError as error:
        return Answer("unclear", error.reason)
    if lines and answer.get("Name") != address.name:
        return Answer("unclear", "the answer is no listing of that bucket")
    return Answer("allowed", "200")


def _policy(target: Target[BucketDeclared], theirs: Opened, staging: str) -> Fact[Policy]:
    """Production's bucket policy, read by production's keys where they may."""
    try:
        answer = theirs.store.ask("GetBucketPolicy", Bucket=theirs.address.name)
        return Known(read_policy(str(answer.get("Policy", "")), staging))
    except StoreError as error:
        if error.code == "NoSuchBucketPolicy":
            return Known(Policy((), (), 0, 0))
        why = explained(error, target, theirs.address)
        may = granting(theirs.address, target.environment.name, POLICY)
        return Unknown(why.reason, may) if error.status == 403 else why
    except (ProbeError, ValueError):
        return Unknown("production's bucket policy cannot be read")


def read_policy(text: str, staging: str) -> Policy:
    """Whom a policy allows anything.

    Raises:
        ValueError: it is no policy.
    """
    document = json.loads(text)
    stated = document.get("Statement") if isinstance(document, dict) else None
    statements = [s for s in _many(stated) if isinstance(s, dict)]
    if not statements:
        raise ValueError("no statement")
    allowing = [s for s in statements if s.get("Effect") == "Allow"]
    narrowed = any(s.get("Effect") == "Deny" and not _asks_for_tls(s) for s in statements)
    open_to_all = [s for s in allowing if "*" in _principals(s) or "NotPrincipal" in s]
    surely = [s for s in open_to_all if not narrowed and not s.get("Condition")]
    named = [name for s in allowing for name in _principals(s) if name != "*"]
    alike = sum(_is_like(name, staging) for name in named)
    perhaps = _actions(open_to_all) - _actions(surely)
    return Policy(tuple(sorted(_actions(surely))), tuple(sorted(perhaps)), alike, len(named) - alike)


def _actions(statements: list[dict[str, Any]]) -> frozenset[str]:
    """What they are about; a statement about all but some is about everything."""
    return frozenset(str(action) for s in statements for action in _many(s.get("Action", "*")))


def _asks_for_tls(statement: Mapping[str, Any]) -> bool:
    """The denial that most buckets have: it takes nothing from whoever speaks TLS."""
    condition = json.dumps(statement.get("Condition", "")).lower()
    return condition.replace('"', "").replace(" ", "") == "{bool:{aws:securetransport:false}}"


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        for kind, names in principal.items():
            # a service acts for whoever set it up: it is nobody's login
            yield from (str(name) for name in _many(names) if kind != "Service")
    elif principal is not None:
        yield str(principal)


def _is_like(principal: str, staging: str) -> bool:
    """Whether a name holds staging's, as a word of its own."""
    words = re.split(r"[^a-z0-9]+", principal.rpartition(":")[2].lower())
    return any(same_environment(word, staging) for word in words)


def _many(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
