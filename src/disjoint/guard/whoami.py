"""Which environment a process is: by its label, by its platform, by the digest of its variables. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from disjoint.certify.guarded import itself
from disjoint.tuples import NamedTuple

from .policy import Named, Policy
from .verdict import MISLABELLED, PRODUCTION, SHARED, STAGING, UNPROVEN, Reason

RULE = "variables/environment-name"
LABELS = ("ENVIRONMENT", "APP_ENV", "APP_ENVIRONMENT", "DEPLOY_ENV", "DJANGO_ENV", "RAILS_ENV", "ENV")
PLATFORM = ("RAILWAY_ENVIRONMENT_NAME", "RAILWAY_ENVIRONMENT", "VERCEL_ENV")
"""Where no seal says which variables are looked at: as the kind `variables` has them."""
_PREVIEW = (
    r"(?:(?:preview|development|dev|test|testing|qa|uat|sandbox|local|review|pr)(?:[-_/#. ].*|[0-9]+)?)\Z"
)
"""What platforms call environments that are nobody's production; compiled where a platform says anything."""


class Names(NamedTuple):
    """What a process is asked by."""

    production: Named
    staging: Named
    labels: tuple[str, ...]
    modes: frozenset[str]
    platform_labels: tuple[str, ...]
    platform_name: str


UNSEALED = Names(
    Named("production", frozenset({"production", "prod", "prd", "live"})),
    Named("staging", frozenset({"staging", "stage", "stg"})),
    LABELS, frozenset({"RAILS_ENV"}), PLATFORM, "",
)  # fmt: skip
"""Names to go by where no seal can be read."""


class Who(NamedTuple):
    """What a process is, and what is wrong about how it calls itself."""

    role: str
    reasons: tuple[Reason, ...] = ()


def names_of(policy: Policy) -> Names:
    """The names that a seal states."""
    return Names(
        policy.production, policy.staging, policy.labels, policy.modes, policy.platform_labels,
        policy.platform_name,
    )  # fmt: skip


def is_itself(policy: Policy | None, key: bytes, variables: Mapping[str, str]) -> bool:
    """Whether a process has exactly the variables by which production knows itself."""
    if policy is None or not any(name in variables for name in policy.itself_names):
        return False
    return itself(key, policy.itself_names, variables.get) == policy.itself_digest


def who(names: Names, variables: Mapping[str, str], *, same: bool) -> Who:
    """What a process is.

    Args:
        names: of both environments, and of the variables that say them.
        variables: of the process.
        same: whether they are production's own, by digest.
    """
    label, said = _first(variables, names.labels)
    word = _word(label, said, names)
    mode = label.upper() in names.modes
    platform_label, platform_said = _first(variables, names.platform_labels)
    platform = _platform_word(platform_said, names)
    if mode and word == PRODUCTION and platform != PRODUCTION and not same:
        word = ""  # a build mode, which is right in staging, too
    if word == PRODUCTION:
        return _calls_itself_production(names, label, platform_label, platform, same=same)
    if platform == PRODUCTION:
        return Who(PRODUCTION, (_unlike_platform(names, label, platform_label, word),))
    return Who(STAGING, tuple(_doubts(names, label, word, platform_label, platform)))


def _calls_itself_production(
    names: Names, label: str, platform_label: str, platform: str, *, same: bool
) -> Who:
    if platform == PRODUCTION or (platform != STAGING and same):
        return Who(PRODUCTION)
    if platform == STAGING:
        says = f"{label} says {names.production.name}, and the platform's {platform_label} says it is not"
        return Who(MISLABELLED, (Reason(SHARED, RULE, label, says, f"set {label}={names.staging.name}"),))
    says = (
        f"{label} says {names.production.name}, and the variables are not the ones production was sealed with"
    )
    fix = (
        f"set {label}={names.staging.name} in {names.staging.name}; "
        "in production seal anew after every change of its variables"
    )
    return Who(MISLABELLED, (Reason(UNPROVEN, RULE, label, says, fix),))


def _unlike_platform(names: Names, label: str, platform_label: str, word: str) -> Reason:
    calls = f"{label} says it is {names.staging.name}" if word == STAGING else _unnamed(label, word)
    says = f"the platform's {platform_label} says this is {names.production.name}, and {calls}"
    return Reason(UNPROVEN, RULE, label, says, f"set {label or names.labels[0]}={names.production.name}")


def _doubts(names: Names, label: str, word: str, platform_label: str, platform: str) -> list[Reason]:
    fix = f"set {label or (names.labels or LABELS)[0]}={names.staging.name}"
    found = [] if word == STAGING else [Reason(UNPROVEN, RULE, label, _unnamed(label, word), fix)]
    if platform == "other":
        says = f"{platform_label} names neither {names.production.name} nor {names.staging.name}"
        fix = "call the environments in the manifest as the platform does, and seal anew"
        found.append(Reason(UNPROVEN, RULE, platform_label, says, fix))
    return found


def _unnamed(label: str, word: str) -> str:
    if not label:
        return "no variable says which environment this is"
    return f"{label} names a build mode" if not word else f"{label} names neither environment"


def _word(label: str, said: str, names: Names) -> str:
    if not label:
        return ""
    if names.production.is_called(said):
        return PRODUCTION
    return STAGING if names.staging.is_called(said) else "other"


def _platform_word(said: str, names: Names) -> str:
    """As the seal knows what the platform calls production, or as it is usually called."""
    if not said:
        return ""
    known = names.platform_name
    if names.production.is_called(said) or (known and said.lower() == known.lower()):
        return PRODUCTION
    other = known or re.match(_PREVIEW, said.lower()) or names.staging.is_called(said)
    return STAGING if other else "other"


def _first(variables: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """The first of these variables that is set, in whatever case, and what it says."""
    for name in names:
        if value := _value(variables, name):
            return name, value
    return "", ""


def _value(variables: Mapping[str, str], name: str) -> str:
    if name in variables:
        return variables[name].strip()
    return next((v.strip() for n, v in variables.items() if n.upper() == name.upper()), "")
