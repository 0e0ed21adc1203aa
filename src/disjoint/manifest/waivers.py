"""``[[waivers]]``: what a person accepts, why, for whom and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from disjoint.model.finding import Waiver
from disjoint.model.manifest import Resource

from .document import Table, nearest
from .resources import VARIABLES, Kinds

KEYS = ("rule", "resource", "variables", "reason", "owner", "approver", "expires")
NAMING = ("variables/secret-reused", "variables/endpoint-reused", "variables/live-key")
"""Rules whose findings are about single variables."""

ABSENT = "absent-in-production"
MEND = "mend what it accepts and take it out, or have its approver accept it anew with a later date"
ACROSS_KINDS = ("variables/endpoint-reused", "variables/override")
"""Rules that belong to no single kind; a test holds this list against the judge's."""


def read_waivers(top: Table, kinds: Kinds, resources: tuple[Resource, ...]) -> tuple[Waiver, ...]:
    """Every waiver, each for one rule and one resource.

    Raises:
        ManifestError: a key, rule, resource, person or date at fault, a date that is over, or two for one
            thing. Nobody finds out from a failed deploy that what was accepted is no longer.
    """
    waivers: list[Waiver] = []
    for section in top.repeated("waivers"):
        waiver = _waiver(section, kinds, {resource.name: resource for resource in resources})
        if any((w.rule, w.resource) == (waiver.rule, waiver.resource) for w in waivers):
            raise section.refuse("rule", f"{waiver.rule} of {waiver.resource} is waived already")
        waivers.append(waiver)
    return tuple(waivers)


def _waiver(section: Table, kinds: Kinds, resources: Mapping[str, Resource]) -> Waiver:
    section.only(KEYS)
    rule = _rule(section, kinds)
    resource = section.text("resource")
    if resource not in resources:
        raise section.refuse("resource", f"there is no resource {resource!a}{nearest(resource, resources)}")
    if "/" in rule and rule.split("/")[0] != resources[resource].kind:
        raise section.refuse("resource", f"{rule} asks about {VARIABLES}, not about {resource}")
    owner, approver = section.text("owner"), section.text("approver")
    if _person(owner) == _person(approver):
        raise section.refuse("approver", "is the owner; a second person must approve a waiver")
    reason, variables = section.text("reason"), _variables(section, rule)
    return Waiver(rule, resource, reason, owner, approver, _expires(section), variables)


def _variables(section: Table, rule: str) -> tuple[str, ...]:
    """The names, staging's and production's, that alone are accepted; none: whatever the rule finds."""
    if "variables" not in section.values:
        return ()
    if rule not in NAMING:
        raise section.refuse("variables", f"{rule} is about no single variable; only {', '.join(NAMING)} are")
    names = section.convert("variables", tuple[str, ...])
    if not isinstance(names, tuple) or not names or not all(map(str.strip, names)):
        raise section.refuse("variables", "expected names, staging's and production's: ['MAIL_PASSWORD']")
    return tuple(sorted(set(names)))


def waivable(kinds: Kinds) -> tuple[str, ...]:
    """The rules whose findings a person may accept."""
    own = (rule.id for kind in kinds for rule in kind.rules if rule.waivable)
    return tuple(sorted({ABSENT, *ACROSS_KINDS, *own}))


def _rule(section: Table, kinds: Kinds) -> str:
    rule = section.text("rule")
    allowed = waivable(kinds)
    if rule in allowed:
        return rule
    if rule in {rule.id for kind in kinds for rule in kind.rules}:
        raise section.refuse("rule", f"{rule} cannot be waived; only {', '.join(allowed)} can")
    raise section.refuse("rule", f"there is no rule {rule!a} to waive{nearest(rule, allowed)}")


def _person(name: str) -> str:
    return " ".join(name.split()).casefold()


def _expires(section: Table) -> datetime:
    """A moment to come."""
    until = _stated(section)
    if until <= datetime.now(UTC):
        raise section.refuse("expires", f"is over since {until:%Y-%m-%d %H:%M} UTC; {MEND}")
    return until


def _stated(section: Table) -> datetime:
    """A moment with its zone, or a day, which ends the waiver as it begins in UTC."""
    if "expires" not in section.values:
        raise section.refuse(None, "expires is missing; for example expires = 2027-01-31")
    match section.values["expires"]:
        case datetime(tzinfo=None):
            raise section.refuse("expires", "says no zone; write it in UTC, such as 2027-01-31T00:00:00Z")
        case datetime() as moment:
            return _in_utc(section, moment)
        case date() as day:
            return datetime.combine(day, time(), UTC)
        case _:
            raise section.refuse("expires", "expected a TOML date, such as 2027-01-31, without quotes")


def _in_utc(section: Table, moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise section.refuse("expires", "is no date that can be written in UTC") from None
