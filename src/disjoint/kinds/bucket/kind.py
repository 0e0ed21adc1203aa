"""The `bucket` kind, wired."""

from __future__ import annotations

from collections.abc import Mapping

from disjoint.model.address import Nearness
from disjoint.model.experiment import Canary, Census, Experiment, Marking, Reading, Trial
from disjoint.model.kind import Kind, Observer

from .address import BucketAddress, compare, compare_text, parse
from .facts import Access, BucketDeclared, BucketFacts, aged, beside, from_text, stable
from .rules import LINTS, RULES


def _load() -> Observer[BucketDeclared, BucketFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


def _marking() -> Marking[BucketDeclared]:
    from . import canary  # noqa: PLC0415  (as above)

    return canary


def _uploading() -> Marking[BucketDeclared]:
    from . import upload  # noqa: PLC0415  (as above)

    return upload


def _reach() -> Trial[BucketDeclared]:
    from .reach import reach  # noqa: PLC0415  (as above)

    return reach


def _census() -> Reading[BucketDeclared]:
    from . import census  # noqa: PLC0415  (as above)

    return census


def _recipes() -> Mapping[str, str]:
    from .grants import RECIPES  # noqa: PLC0415  (asked for by people, hardly ever by a run)

    return RECIPES


def _near(address: BucketAddress) -> Nearness:
    # one alias or name; one endpoint; or one's host is the other's with its bucket in front
    own = {address.namespace, f"{address.name}.{address.namespace}"} if address.own else set[str]()
    common = frozenset({address.alias or address.name, *own})
    return Nearness(common, common)


KIND = Kind(
    name="bucket",
    declared=BucketDeclared,
    facts=BucketFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=compare,
    near=_near,
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    stable=stable,
    aged=aged,
    schemes=("s3", "s3a", "s3n", "gs"),
    beside=beside,
    experiments=(
        Canary("canary", _marking, splits=False),  # its token is the key of an object
        Canary("canary:upload", _uploading, stored=True, applies=lambda declared: declared.canary),
        Experiment(
            "reach",
            Access,
            _reach,
            applies=lambda declared: declared.reach,
            announces="{staging}'s keys are tried with two reads at {place}: its log will show two refusals",
        ),
        Census(_census, BucketDeclared.terms),
    ),
    apart=("bucket/same-bucket",),
    recipes=_recipes,
    dialled=("endpoint",),
)
