"""Where a bucket's store sends what is stored in it: replicas, and who hears of it.

A store that does not offer the question is no store without links: some have them in a console only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from disjoint.model.environment import Target
from disjoint.model.fact import Unknown

from .address import BucketAddress
from .facts import BucketDeclared
from .grants import REPLICATION
from .refusal import explained, granting
from .session import Store, StoreError

_NONE = "ReplicationConfigurationNotFoundError"
_HEAR = {
    "TopicConfigurations": "TopicArn",
    "QueueConfigurations": "QueueArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}


def copies(store: Store, bucket: str) -> tuple[str, ...]:
    """Names of the buckets that this one is replicated to; a rule that is switched off still stands.

    Raises:
        StoreError: the store refused.
        ProbeError: no answer came.
    """
    try:
        answer = store.ask("GetBucketReplication", Bucket=bucket)
    except StoreError as error:
        if error.code == _NONE:
            return ()
        raise
    rules = _lines(_of(answer, "ReplicationConfiguration"), "Rules")
    arns = (str(_of(rule, "Destination").get("Bucket", "")) for rule in rules)
    return tuple(sorted({arn.rpartition(":")[2] for arn in arns if arn}))


def announces(store: Store, bucket: str) -> tuple[str, ...]:
    """ARNs of the queues, topics and functions that hear of its objects; raises as `copies`."""
    answer = store.ask("GetBucketNotificationConfiguration", Bucket=bucket)
    heard = (str(line.get(arn, "")) for name, arn in _HEAR.items() for line in _lines(answer, name))
    return tuple(sorted({arn for arn in heard if arn}))


def withheld(error: StoreError, target: Target[BucketDeclared], address: BucketAddress) -> Unknown:
    """Our own words for a refusal, with the two rights that nothing else needs."""
    why = explained(error, target, address)
    if error.status != 403:
        return why
    return Unknown(why.reason, granting(address, target.environment.name, REPLICATION))


def _of(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, Mapping) else {}


def _lines(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answer.get(name)
    return [line for line in found if isinstance(line, Mapping)] if isinstance(found, list) else []
