"""Whether a bucket's ETags tell its contents apart: under KMS every copy of an object has another.

The bucket's own default is asked for. To ask an object would need the right to read its content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from disjoint.model.census import Gap
from disjoint.model.experiment import Party
from disjoint.model.probe import ProbeError

from .facts import BucketDeclared
from .grants import CENSUS
from .opening import Opened
from .refusal import NOT_OFFERED, explained, granting
from .session import StoreError

_NONE = "ServerSideEncryptionConfigurationNotFoundError"
_CONTENTS = "contents of objects"
_BY_KMS = "the bucket encrypts by KMS, under which no ETag is made from the content alone"
_SSE_S3 = "keep both buckets under SSE-S3 (AES256); by names alone nothing is proven"


def gaps(party: Party[BucketDeclared], at: Opened) -> Iterator[Gap]:
    """Why contents cannot be compared; nothing where they can.

    Raises:
        ProbeError: no answer came.
    """
    try:
        answer = at.store.ask("GetBucketEncryption", Bucket=at.address.name)
    except StoreError as error:
        if error.code != _NONE and error.code not in NOT_OFFERED and error.status != 501:
            yield _refused(error, party, at)
        return
    if any(name.startswith("aws:kms") for name in _algorithms(answer)):
        yield Gap(_CONTENTS, _BY_KMS, _SSE_S3)


def _refused(error: StoreError, party: Party[BucketDeclared], at: Opened) -> Gap:
    why = explained(error, party.target, at.address)
    remedy = granting(at.address, party.target.environment.name, CENSUS)
    return Gap(_CONTENTS, f"how they are encrypted is not known: {why.reason}", remedy)


def _algorithms(answer: Mapping[str, Any]) -> Sequence[str]:
    """The words that the bucket's rules name."""
    stated = answer.get("ServerSideEncryptionConfiguration")
    rules = stated.get("Rules") if isinstance(stated, Mapping) else None
    if not isinstance(rules, list):
        raise ProbeError("the store did not say how the bucket encrypts", "ask again")
    defaults = [rule.get("ApplyServerSideEncryptionByDefault") for rule in rules if isinstance(rule, Mapping)]
    return [str(default.get("SSEAlgorithm", "")) for default in defaults if isinstance(default, Mapping)]
