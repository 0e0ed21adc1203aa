"""Attach people's dated acceptances to findings. A waiver raises a verdict, never a grade."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import datetime

from disjoint.model.finding import Finding, Note, Outcome, Waiver

from .absent import IN_PRODUCTION


def waivable(rule: str) -> bool:
    """`variables/*` and `absent-in-production`; sameness and production's rows never are."""
    return rule.startswith("variables/") or rule == IN_PRODUCTION


def waived(findings: Iterable[Finding], waivers: tuple[Waiver, ...], now: datetime) -> tuple[Finding, ...]:
    """Each finding with the waiver that covers it now, if any."""
    return tuple(_with_waiver(finding, waivers, now) for finding in findings)


def idle(found: Iterable[Finding], waivers: tuple[Waiver, ...]) -> Iterator[Note]:
    """What people accepted and nothing was found of: it stands in the report all the same."""
    used = {(finding.rule, finding.resource) for finding in found if finding.waiver}
    for each in waivers:
        if (each.rule, each.resource) not in used:
            until = f"{each.expires:%Y-%m-%d %H:%MZ}"
            who = f"{each.approver} for {each.owner} until {until}: {each.reason}"
            yield Note(each.rule, each.resource, f"a waiver that covers nothing found, accepted by {who}")


def _with_waiver(finding: Finding, waivers: tuple[Waiver, ...], now: datetime) -> Finding:
    if finding.outcome is Outcome.ISOLATED or not waivable(finding.rule):
        return finding
    for waiver in waivers:
        if (waiver.rule, waiver.resource) == (finding.rule, finding.resource) and now < waiver.expires:
            return dataclasses.replace(finding, waiver=waiver) if _covers(waiver, finding) else finding
    return finding


def _covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether all that is at fault was accepted: a waiver that names variables is about no other."""
    about = frozenset(finding.judgement.about)
    return not waiver.variables or (bool(about) and about <= frozenset(waiver.variables))
