"""Attach people's dated acceptances to findings. A waiver raises a verdict, never a grade."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import datetime

from disjoint.model.finding import Finding, Note, Outcome, Waiver
from disjoint.model.manifest import Resource
from disjoint.model.words import listed

from .absent import IN_PRODUCTION
from .pairs import named
from .reused import ENDPOINT_REUSED


def waivable(rule: str) -> bool:
    """`variables/*` and `absent-in-production`; sameness and production's rows never are."""
    return rule.startswith("variables/") or rule == IN_PRODUCTION


def waived(
    findings: Iterable[Finding],
    waivers: tuple[Waiver, ...],
    now: datetime,
    resources: tuple[Resource, ...] = (),
) -> tuple[Finding, ...]:
    """Each finding with the waiver that covers it now, if any; else with what the waiver lacks.

    Args:
        findings: of every rule.
        waivers: the manifest's.
        now: with its zone.
        resources: the manifest's, which their variables name as well.
    """
    return tuple(_with_waiver(finding, waivers, now, resources) for finding in findings)


def idle(found: Iterable[Finding], waivers: tuple[Waiver, ...]) -> Iterator[Note]:
    """What people accepted and nothing was found of: it stands in the report all the same."""
    used = {(finding.rule, finding.resource) for finding in found if finding.waiver}
    for each in waivers:
        if (each.rule, each.resource) not in used:
            until = f"{each.expires:%Y-%m-%d %H:%MZ}"
            who = f"{each.approver} for {each.owner} until {until}: {each.reason}"
            yield Note(each.rule, each.resource, f"a waiver that covers nothing found, accepted by {who}")


def _with_waiver(
    finding: Finding, waivers: tuple[Waiver, ...], now: datetime, resources: tuple[Resource, ...]
) -> Finding:
    if finding.outcome is Outcome.ISOLATED or not waivable(finding.rule):
        return finding
    for waiver in waivers:
        if (waiver.rule, waiver.resource) == (finding.rule, finding.resource) and now < waiver.expires:
            lacks = _lacking(waiver, finding, resources)
            return _uncovered(finding, lacks) if lacks else dataclasses.replace(finding, waiver=waiver)
    return finding


def _lacking(waiver: Waiver, finding: Finding, resources: tuple[Resource, ...]) -> str:
    """What a waiver that names variables would have to name besides; empty where it covers the finding."""
    if not waiver.variables:
        return ""
    about = frozenset(finding.judgement.about)
    missing = sorted(about - named(waiver.variables, resources if waiver.rule == ENDPOINT_REUSED else ()))
    if missing:
        return f"the waiver does not name {listed(missing)}"
    return "" if about else "the waiver names variables, and not all of this has a name"


def _uncovered(finding: Finding, lacks: str) -> Finding:
    judgement = finding.judgement
    told = dataclasses.replace(judgement, summary=f"{judgement.summary}; {lacks}")
    return dataclasses.replace(finding, judgement=told)
