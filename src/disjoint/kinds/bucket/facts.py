"""What may be known of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Literal, NamedTuple

from disjoint.model.address import Address
from disjoint.model.census import Strength, Terms
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.kind import SETTING
from disjoint.model.plain import Plain
from disjoint.model.terms import DETECT, detection

from .address import BucketAddress, parse

STANDING = ("oldest object", "newest object")
"""Channels of the canary that stores nothing: objects of staging's first page. The older one is longest
known to any replica; the newer is rather its own."""
BEGUN = "upload"
"""Channel of the canary that begins an upload, and ends it again."""

CONTENTS, ASSETS, NAMES, DOUBTFUL = (
    "object contents",
    "contents of web assets",
    "object names",
    "object names that may be hashes",
)
"""Places of a census: what stands in objects, what is deployed alike everywhere, and two sorts of names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketDeclared:
    """A bucket of Amazon S3 or of a store that speaks its protocol, and the keys to list it."""

    name: str = field(metadata=SETTING)
    """The bucket's name, or any spelling that names it: ``s3://…``, an ARN, a URL."""
    endpoint: str | None = field(default=None, metadata=SETTING)
    """Where the store answers; Amazon S3 if it is absent."""
    region: str | None = field(default=None, metadata=SETTING)
    """Asked of the store where it is absent."""
    access_key: str = field(default="$AWS_ACCESS_KEY_ID", metadata=SETTING)
    secret_key: str = field(default="$AWS_SECRET_ACCESS_KEY", metadata=SETTING)
    session_token: str | None = field(default=None, metadata=SETTING)
    objects: int | tuple[str, ...] | None = None
    """What staging may hold: so many stored objects (versions count), or only keys with these prefixes."""
    canary: bool = False
    """Whether what stands in staging's bucket must be proven absent from production's."""
    reach: bool = False
    """Whether staging's keys are tried at production's bucket, twice: its log will show it."""
    replication: bool = False
    """Whether either bucket may copy or announce what it stores to where the other's is: needs two rights."""
    rows: Literal["sampled", "exact", "private"] | None = None
    """Look for production's objects in staging: in a sample, in all, or so that neither side can guess."""
    detect: str = DETECT
    """What a sample must not miss, and how surely."""
    may_share: tuple[str, ...] = ()
    """Prefixes of objects that both sides may hold: static files."""
    baseline: str | None = None
    """File of what both sides may hold, learnt by ``disjoint baseline``; relative to the manifest."""
    rows_seconds: int = 300
    """How long the comparison may take, beyond the budget."""
    rows_at_most: int = 20_000_000
    """So many objects of one side are read at most; where there are more, it is unproven."""

    def __post_init__(self) -> None:
        detection(self.detect)

    def terms(self) -> Terms | None:
        """What a census is asked for."""
        if self.rows is None:
            return None
        strength, detect = Strength(self.rows), detection(self.detect)
        return Terms(strength, detect, self.rows_seconds, baseline=self.baseline or "")


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """One environment's bucket, listed with that environment's own keys. Digests are of the run's key."""

    address: Fact[BucketAddress]
    place: Fact[str]
    """Digest of the numeric address and port that the endpoint led to."""
    reached: Fact[str]
    """``reach_at``, ``DNS`` or ``literal``."""
    tls: Fact[bool]
    """True if the certificate was verified for the name; False over clear text."""
    listed: Fact[str]
    """Digest over the first page: key, ETag, time and size of each object. Known: the bucket was listed."""
    marks: Fact[tuple[str, ...]]
    """Digests of a few objects of the first page, and of a few versions where they may be read."""
    owner: Fact[str]
    """Digest of the account that the listing names."""
    region: Fact[str]
    versioning: Fact[str]
    """``Enabled``, ``Suspended``, ``never`` or ``not offered``."""
    objects: Fact[int]
    """Objects seen."""
    stored: Fact[int]
    """Versions and delete markers seen; equal to `objects` where the store keeps no versions."""
    whole: Fact[bool]
    """Whether the listings behind `objects` and `stored` came to their end."""
    strays: Fact[int]
    """Stored keys that begin with none of the declared prefixes."""
    copies: Fact[tuple[str, ...]]
    """Names of the buckets that it is replicated to. Asked only where the manifest says so."""
    announces: Fact[tuple[str, ...]]
    """Digests of the queues, topics and functions that hear of its objects."""


def from_text(target: Target[BucketDeclared], reason: str) -> BucketFacts:
    """What the text alone says; everything else is unknown for `reason`."""
    return unasked(target, Unknown(reason))


def unasked(target: Target[BucketDeclared], why: Unknown) -> BucketFacts:
    """As `from_text`, with a remedy where there is one."""
    rest = {f.name: why for f in fields(BucketFacts) if f.name != "address"}
    match target.setting("name"):
        case Known(secret):
            return BucketFacts(address=Known(beside(secret.reveal(), target)), **rest)
        case Unknown() as unknown:
            return BucketFacts(address=unknown, **rest)


def beside(text: str, target: Target[BucketDeclared]) -> BucketAddress:
    """A bucket's name as it reads under the target's endpoint."""
    return parse(text, target.text("endpoint"))


class Answer(NamedTuple):
    """What the store of production's bucket answered to staging's keys."""

    word: Literal["refused", "allowed", "unclear"]
    told: str
    """In our own words: ``403 AccessDenied``."""


class Policy(NamedTuple):
    """Whom production's bucket policy lets in, as far as one policy tells."""

    anyone: tuple[str, ...]
    """What it allows to everybody, by action; without conditions and denials."""
    perhaps: tuple[str, ...]
    """What it allows to everybody under conditions, or next to denials that may take it back."""
    alike: int
    """Principals whose name holds the name of staging."""
    others: int
    """Principals that are somebody else's, or nobody knows whose."""


class Access(NamedTuple):
    """What came of staging's keys at production's bucket."""

    control: Fact[bool]
    """Production's own keys listed the bucket at the same store in this run."""
    head: Answer
    listing: Answer
    policy: Fact[Policy]


def stable(facts: BucketFacts) -> Mapping[str, Fact[Plain | Address]]:
    """Which bucket of which account; not what stands in it."""
    return {"address": facts.address, "owner": facts.owner}


def aged(theirs: BucketFacts, ours: BucketFacts, sealed_at: datetime) -> BucketFacts:
    """Objects come and go: other ones than at the time of the seal contradict no equal name."""
    del sealed_at
    match both(theirs.marks, ours.marks):
        case Known((then, now)) if not set(then) & set(now):
            return replace(theirs, marks=Known(()))
        case _:
            return theirs
