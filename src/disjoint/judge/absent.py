"""`absent-in-production`, `absent-in-staging`: a resource only one side names is an open question."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.fact import Absent
from disjoint.model.finding import Finding, unproven
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Snapshot

IN_PRODUCTION = "absent-in-production"
IN_STAGING = "absent-in-staging"
IDS = (IN_PRODUCTION, IN_STAGING)


def absent_in(resource: Resource, production: Snapshot, staging: Snapshot) -> Iterator[Finding]:
    """A finding for each side that does not name the resource.

    Nothing was compared, so nothing is proven: a certificate with nothing on the other
    side would be a vacuous pass. That production has none is a person's statement: a waiver.
    """
    for rule, snapshot in ((IN_PRODUCTION, production), (IN_STAGING, staging)):
        match snapshot.resources[resource.name].present:
            case Absent(reason):
                summary = f"{resource.name} does not exist in {snapshot.environment}: {reason}"
                yield Finding(rule, resource.name, unproven(summary, remedy=_remedy(rule, resource)))
            case _:
                pass


def _remedy(rule: str, resource: Resource) -> str:
    if rule == IN_STAGING:
        return f"set it in staging, or take [resources.{resource.name}] out of the manifest"
    return (
        f"set it in production's variables, or state that there is none: [[waivers]] "
        f'rule = "{IN_PRODUCTION}", resource = "{resource.name}", with reason, owner, approver, expires'
    )
