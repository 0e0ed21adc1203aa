"""Attach people's dated acceptances to findings. A waiver raises a verdict, never a grade."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from disjoint.model.finding import Finding, Outcome, Waiver

from .absent import IN_PRODUCTION


def waivable(rule: str) -> bool:
    """`variables/*` and `absent-in-production`; sameness and production's rows never are."""
    return rule.startswith("variables/") or rule == IN_PRODUCTION


def waived(findings: Iterable[Finding], waivers: tuple[Waiver, ...], now: datetime) -> tuple[Finding, ...]:
    """Each finding with the waiver that covers it now, if any."""
    return tuple(_with_waiver(finding, waivers, now) for finding in findings)


def _with_waiver(finding: Finding, waivers: tuple[Waiver, ...], now: datetime) -> Finding:
    if finding.outcome is Outcome.ISOLATED or not waivable(finding.rule):
        return finding
    for waiver in waivers:
        if (waiver.rule, waiver.resource) == (finding.rule, finding.resource) and now < waiver.expires:
            return dataclasses.replace(finding, waiver=waiver)
    return finding
