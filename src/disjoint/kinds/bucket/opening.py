"""The way to a declared bucket: its address, its environment's own keys, and the store that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from disjoint.model.environment import Target
from disjoint.model.experiment import Party
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.probe import Probe, ProbeError

from .address import BucketAddress
from .amazon import PARTITIONS
from .facts import BucketDeclared, unasked
from .refusal import explained
from .session import REGION, Keys, Store, StoreError

T = TypeVar("T")

HOME = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where a partition other than Amazon's public one is asked first."""
_PRIVATE_LINK = (".vpce.amazonaws.com", ".vpce.amazonaws.com.cn")
"""Amazon's endpoints inside a network: asked as declared; the others follow from the region."""


class Opened(NamedTuple):
    """One environment's bucket, ready to be asked."""

    address: BucketAddress
    keys: Keys
    store: Store


def addressed(target: Target[BucketDeclared]) -> tuple[BucketAddress, Keys]:
    """Whom to ask, and with which keys.

    Raises:
        ProbeError: the address or the key pair is not known, or names no bucket.
    """
    match both(unasked(target, Unknown("not asked")).address, keys(target)):
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)
        case Known((address, _)) if address.fault or not address.name:
            why = address.fault or "the address names no bucket"
            raise ProbeError(why, f"mend {target.where('name')}")
        case Known(found):
            return found


def opened(target: Target[BucketDeclared], probe: Probe) -> Opened:
    """A target's own bucket, asked with its own keys.

    Raises:
        ProbeError: as `addressed`, or its region is not to be had.
    """
    address, own = addressed(target)
    return Opened(address, own, store(target, address, probe, own))


def keys(target: Target[BucketDeclared]) -> Fact[Keys]:
    """The environment's own pair. Never anonymous, never this machine's: both would prove another thing."""
    match both(target.setting("access_key"), target.setting("secret_key")):
        case Known((access, secret)):
            token = target.setting("session_token")
            return Known(Keys(access, secret, token.value if isinstance(token, Known) else None))
        case Unknown(reason):
            names = f"{target.declared.access_key} and {target.declared.secret_key}"
            where = target.environment.source
            remedy = f"set {names} in {where}, or name its variables as access_key and secret_key"
            return Unknown(f"no key pair to ask with: {reason}", remedy)


def store(target: Target[BucketDeclared], address: BucketAddress, probe: Probe, own: Keys) -> Store:
    """The store where an address leads, asked with these keys.

    Raises:
        ProbeError: the declared region is none, or nobody answered who would tell it.
    """
    region, at = target.text("region") or address.region, address.endpoint
    if at is not None and (address.namespace not in PARTITIONS or at.host.endswith(_PRIVATE_LINK)):
        return Store(probe, own, at.url, region or "us-east-1")
    if region and not REGION.match(region):
        # it becomes a part of the host that is asked
        raise ProbeError("the declared region is none of Amazon's", f"mend {target.where('region')}")
    home = HOME.get(address.namespace, "us-east-1")
    return Store(probe, own, None, region or Store(probe, own, None, home).region(address.name) or home)


def told(party: Party[BucketDeclared], at: Opened, ask: Callable[[], T]) -> T:
    """What a question brings; a refusal in our own words.

    Raises:
        ProbeError: it was refused, or no answer came.
    """
    try:
        return ask()
    except StoreError as error:
        why = explained(error, party.target, at.address)
        raise ProbeError(why.reason, why.remedy) from None


def attempted(party: Party[BucketDeclared], at: Opened, ask: Callable[[], Fact[T]]) -> Fact[T]:
    """What a question brings; Unknown where it was refused or not answered."""
    try:
        return told(party, at, ask)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
