"""What a store's refusal means, and the exact thing that would lift it."""

from __future__ import annotations

from collections.abc import Sequence

from disjoint.model.environment import Target
from disjoint.model.fact import Unknown

from .address import BucketAddress
from .amazon import PARTITIONS
from .facts import BucketDeclared
from .grants import VERIFY, statement
from .session import WHERE, StoreError

NOT_OFFERED = frozenset({"NotImplemented", "MethodNotAllowed", "XNotImplemented"})
FATAL = frozenset(
    {
        *("NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        *("RequestTimeTooSkewed", "PermanentRedirect", "AuthorizationHeaderMalformed", "SlowDown"),
    }
)
"""After these no other question would be answered."""


def policy(address: BucketAddress, actions: Sequence[str] = VERIFY) -> str:
    """The IAM statement that lets keys do so much with a bucket; by default, what `verify` needs."""
    partition = address.namespace if address.namespace in PARTITIONS else "aws"
    return statement(tuple(actions), f"arn:{partition}:s3:::{address.name}")


def granting(address: BucketAddress, environment: str, actions: Sequence[str] = VERIFY) -> str:
    """The remedy for keys that may not."""
    return f"allow {environment}'s keys: {policy(address, actions)}"


def explained(error: StoreError, target: Target[BucketDeclared], address: BucketAddress) -> Unknown:
    """Our own words for a refusal; the store's text is never repeated. 403 is never "absent"."""
    environment = target.environment.name
    match error.code:
        case "InvalidAccessKeyId":
            return Unknown(f"the store does not know {environment}'s access key", _mend(target, "access_key"))
        case "SignatureDoesNotMatch":
            why = f"{environment}'s secret key does not belong to its access key"
            return Unknown(why, _mend(target, "secret_key"))
        case "ExpiredToken" | "InvalidToken":
            why = f"{environment}'s session token is not or no longer valid"
            return Unknown(why, _mend(target, "session_token"))
        case "RequestTimeTooSkewed":
            return Unknown("this machine's clock and the store's differ too much", "set the clock")
        case "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException":
            return Unknown("the bucket is in another region than the one asked", WHERE)
        case code if code in NOT_OFFERED or error.status == 501:
            return Unknown("the store does not offer this question", "nothing: it is no answer either way")
        case "SlowDown" | "ServiceUnavailable":
            return Unknown("the store asks its callers to slow down", "run again later")
        case _:
            return _by_status(error.status, target, address)


def _by_status(status: int, target: Target[BucketDeclared], address: BucketAddress) -> Unknown:
    environment = target.environment.name
    match status:
        case 404:
            why = f"no bucket {address.name} is there for {environment}'s keys"
            return Unknown(why, f"create it, or {_mend(target, 'name')}")
        case 401 | 403:
            why = f"{environment}'s keys may not ask this of {address.name} ({status}): not a word on absence"
            return Unknown(why, granting(address, environment))
        case _:
            return Unknown(f"the store answered {status}", "check the endpoint and the store's health")


def _mend(target: Target[BucketDeclared], setting: str) -> str:
    return f"mend {target.where(setting)}"
