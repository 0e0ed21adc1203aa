"""Environments, their variables, and the targets declared in them. Holds secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

from .fact import Absent, Fact, Known, Unknown
from .secret import Secret

D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of an environment, and where it was written."""

    name: str
    value: Fact[Secret]
    """Unknown where only the platform can resolve a reference in it."""
    where: str
    """File and line for people (``.env.staging:7``), or the source's own words."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A named set of variables. Exactly one of a manifest is protected: production."""

    name: str
    protected: bool
    variables: Mapping[str, Variable]
    source: str
    """Where the variables come from, for people: ``.env.staging``, ``this process``."""
    reach_at: Mapping[str, str] = field(default_factory=dict)
    """``host:port`` as named there -> ``address:port`` where this machine finds it."""
    warnings: tuple[str, ...] = ()
    """What was odd in the source (a duplicate key); never a value."""
    held: bool = True
    """False where another process holds the variables: nothing is known of them here."""
    seal: str = ""
    """The file that holds this environment as it was sealed, in place of its variables."""
    sealed_by: str = ""
    """The file of the public key that must have signed the seal; empty where none is stated."""
    attested: str = ""
    """The URL at which the deployed process answers for its own variables, in place of them."""

    def variable(self, name: str) -> Fact[Secret]:
        """The variable's value; Absent if it is unset here."""
        found = self.variables.get(name)
        return Absent(f"{name} is not set in {self.source}") if found is None else found.value

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Environment is never serialised")


@dataclass(frozen=True, slots=True)
class Setting:
    """A declared field with its variables filled in for one environment."""

    value: Secret
    variables: tuple[str, ...]
    """The names it was made of; empty for a literal in the manifest."""
    where: str
    """Where people find it: ``.env.staging:7`` or ``disjoint.toml:12``."""


@dataclass(frozen=True, slots=True)
class Target(Generic[D]):
    """A declared resource as one environment has it. Secrets inside; never serialised."""

    resource: str
    kind: str
    environment: Environment
    declared: D = field(repr=False)
    """The manifest's declaration, as written and the same for every environment."""
    settings: Mapping[str, Fact[Setting]] = field(default_factory=dict)
    """The declaration's text fields with their variables filled in; only those that are stated."""

    def setting(self, name: str) -> Fact[Secret]:
        """A setting's value; Absent if the manifest or the environment does not name it."""
        match self.settings.get(name):
            case None:
                return Absent(f"{name} is not declared")
            case Known(setting):
                return Known(setting.value)
            case Unknown() as unknown:
                return unknown

    def text(self, name: str) -> str | None:
        """A setting's plain text, or None where it is absent or unknown. Never to be shown."""
        match self.setting(name):
            case Known(secret):
                return secret.reveal()
            case Unknown():
                return None

    def where(self, name: str) -> str:
        """Where the setting is written, with its variable's name; for people."""
        match self.settings.get(name):
            case Known(setting):
                return " ".join((setting.where, *setting.variables))
            case _:
                return self.environment.source

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Target is never serialised")
