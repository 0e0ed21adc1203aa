"""What may be known of an environment's variables, and what a user may declare of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from disjoint.model.address import Address
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Unknown, mapped
from disjoint.model.plain import Plain

LABELS = ("ENVIRONMENT", "APP_ENV", "APP_ENVIRONMENT", "DEPLOY_ENV", "DJANGO_ENV", "RAILS_ENV", "ENV")
"""Where applications write which environment they are; the first that is set counts.

NODE_ENV and FLASK_ENV name a build mode: NODE_ENV=production is right in staging.
"""

MODES = ("RAILS_ENV",)
"""Labels that may name a mode: Heroku's guide runs staging with RAILS_ENV=production, so that is no lie."""


PER_RUN = re.compile(
    r"ACTIONS_(?:RUNTIME|ID_TOKEN_REQUEST|CACHE|RESULTS)_\w+|CI_(?:JOB|BUILD)_(?:TOKEN|JWT\w*)|CI_REPOSITORY_URL"
    r"|CI_(?:REGISTRY|DEPENDENCY_PROXY|NETRC)_PASSWORD"
    r"|GITHUB_TOKEN|VERCEL_OIDC_TOKEN|BUILDKITE_AGENT_ACCESS_TOKEN|SYSTEM_ACCESSTOKEN"
)
"""What a CI draws for one run or one deployment, by name: people call their own secrets ``CI_…``, too."""
SESSION_TOKENS = frozenset({"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"})
SESSION = SESSION_TOKENS | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""What AWS draws for a session of hours; beside a session's token the key pair is the session's too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesDeclared:
    """What a user says about the variables themselves."""

    public: tuple[str, ...] = ()
    """Names of variables whose values are no secrets (a publishable DSN)."""
    labels: tuple[str, ...] = LABELS
    """Names of variables that say which environment this is; the first that is set counts."""


@dataclass(frozen=True, slots=True)
class Digested:
    """A secret as digests of its normal forms: equal in any form means held by both."""

    variable: str
    where: str
    forms: frozenset[str]


@dataclass(frozen=True, slots=True)
class LiveKey:
    """A variable that holds a vendor's live-mode key."""

    variable: str
    where: str
    vendor: str


@dataclass(frozen=True, slots=True)
class VariablesFacts:
    """No value is among them: digests, names and labels only."""

    names: Fact[int]
    """How many variables are set."""
    label: Fact[str]
    """What the application's own variable says, as `VARIABLE=value` (labels are no secrets)."""
    platform: Fact[str]
    """What the platform's own variable says; Absent off a platform that sets one."""
    secrets: Fact[tuple[Digested, ...]]
    unresolved: Fact[tuple[str, ...]]
    """Secret-like names whose value only the platform can resolve."""
    live_keys: Fact[tuple[LiveKey, ...]]
    weak: Fact[tuple[str, ...]]
    """Names of secrets that are defaults, placeholders or too short."""
    others: Fact[tuple[Digested, ...]] = field(default_factory=lambda: Unknown("other values were not read"))
    """What is long enough for a secret, whatever its variable is called; of staging alone."""


def from_text(target: Target[VariablesDeclared], reason: str) -> VariablesFacts:
    """Nothing is known without the variables themselves."""
    del target
    unknown = Unknown(reason)
    return VariablesFacts(unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown)


def stable(facts: VariablesFacts) -> Mapping[str, Fact[Plain | Address]]:
    """What the environment is called, and which secrets it holds; not where they are written."""
    return {
        "label": facts.label,
        "platform": facts.platform,
        "secrets": mapped(facts.secrets, _by_name),
        "unresolved": mapped(facts.unresolved, sorted),
        "live_keys": mapped(facts.live_keys, lambda keys: sorted({(k.variable, k.vendor) for k in keys})),
    }


def _by_name(secrets: tuple[Digested, ...]) -> Plain:
    """Each secret's digests; of one that is drawn anew for every run or session, that it is there."""
    names = {_variable(each) for each in secrets}
    passing = SESSION if not names.isdisjoint(SESSION_TOKENS) else frozenset[str]()
    forms: dict[str, set[str]] = {}
    for each in secrets:
        name = _variable(each)
        kept = each.forms if name not in passing and not PER_RUN.fullmatch(name) else frozenset[str]()
        forms.setdefault(each.variable, set()).update(kept)
    return {name: sorted(digests) for name, digests in forms.items()}


def _variable(secret: Digested) -> str:
    """Without where in it: ``DATABASE_URL (password)``."""
    return secret.variable.partition(" (")[0]
