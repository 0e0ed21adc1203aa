"""Staging's keys at production's bucket: two reads, once each, beside production's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from disjoint.model.environment import Target
from disjoint.model.experiment import Pair
from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.names import same_environment
from disjoint.model.probe import ProbeError

from .address import BucketAddress
from .facts import Access, Answer, BucketDeclared, Policy
from .grants import POLICY
from .listing import Entry, first_of
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
            own = _attempted(pair.production.target, theirs)
            knocking = theirs.store.asked_by(ours)
            return Access(
                mapped(own, lambda _first: True),
                *_answers(knocking, theirs.address, own),
                _policy(pair.production.target, theirs, pair.staging.target.environment.name),
            )


def _attempted(target: Target[BucketDeclared], theirs: Opened) -> Fact[Entry | None]:
    """What production's own keys list where staging's are tried, the same way."""
    try:
        return Known(first_of(theirs.store, theirs.address.name))
    except StoreError as error:
        return explained(error, target, theirs.address)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)


def _answers(store: Store, address: BucketAddress, own: Fact[Entry | None]) -> tuple[Answer, Answer]:
    """To a HEAD, whose refusal has no body and names no code, and to a listing of one line.

    Where names are unique in one account only, keys of another open another bucket of that name.
    """
    head = _answer(lambda: store.ask("HeadBucket", Bucket=address.name), heads=True)
    listed: list[Entry | None] = []
    line = _answer(lambda: listed.append(first_of(store, address.name)))
    if listed and isinstance(own, Known) and own.value != listed[0]:
        return _ANOTHER, _ANOTHER
    return head, line


_ANOTHER = Answer("unclear", "with staging's keys the name opens a bucket that lists other objects")


def _answer(ask: Callable[[], object], *, heads: bool = False) -> Answer:
    try:
        ask()
    except StoreError as error:
        refused = error.status == 403 and (heads or error.code in REFUSALS)
        return Answer("refused" if refused else "unclear", f"{error.status} {error.code}".strip())
    except ProbeError as error:
        return Answer("unclear", error.reason)
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
