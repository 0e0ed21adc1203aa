"""Read an environment's variables into digests and labels. Nothing is asked of any server."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.environment import Environment, Target, Variable
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.names import readable, same_environment
from disjoint.model.probe import Probe

from .address import normal_forms
from .facts import Digested, LiveKey, VariablesDeclared, VariablesFacts
from .held import held, words
from .shapes import is_weak, live_vendor, named_login, named_secret, published

PLATFORM = ("RAILWAY_ENVIRONMENT_NAME", "RAILWAY_ENVIRONMENT", "VERCEL_ENV")
"""What the platform itself says; set by it, not copied with the application's variables."""


def observe(target: Target[VariablesDeclared], probe: Probe) -> VariablesFacts:
    """Read the variables of one environment."""
    environment = target.environment
    public = frozenset(target.declared.public)
    return VariablesFacts(
        names=Known(len(environment.variables)),
        label=_first(environment, target.declared.labels),
        platform=_first(environment, PLATFORM),
        secrets=Known(tuple(_secrets(environment, public, probe))),
        unresolved=Known(tuple(sorted(_unresolved(environment, public)))),
        live_keys=Known(tuple(_live_keys(environment))),
        weak=Known(tuple(_weak(environment, public))),
        others=_UNASKED if probe.protected else Known(tuple(_others(environment, public, probe))),
    )


_UNASKED = Unknown("what production's variables hold beside secrets is not looked through")


def _first(environment: Environment, names: tuple[str, ...]) -> Fact[str]:
    spelled = {name.upper(): name for name in reversed(tuple(environment.variables))}
    for name in names:
        match environment.variable(
            name if name in environment.variables else spelled.get(name.upper(), name)
        ):
            case Known(secret) if secret.reveal().strip():
                return Known(f"{name}={_label(secret.reveal().strip(), environment)}")
            case Known() | Absent():
                continue
            case unknown:
                return unknown
    return Absent(f"none of {', '.join(names)} is set in {environment.source}")


def _label(text: str, environment: Environment) -> str:
    """The text if it may be shown; a value pasted into the wrong variable may be a secret."""
    shown = readable(text) or same_environment(text, environment.name)
    return text if shown else f"(no name: {len(text)} characters)"


def _readable(environment: Environment) -> Iterator[tuple[Variable, str]]:
    for variable in environment.variables.values():
        if isinstance(variable.value, Known) and (value := variable.value.value.reveal().strip()):
            yield variable, value


def _secrets(environment: Environment, public: frozenset[str], probe: Probe) -> Iterator[Digested]:
    for variable, value in _readable(environment):
        if variable.name in public or variable.name.startswith("DISJOINT_"):
            continue
        for label, secret in held(variable.name, value):
            forms = frozenset(probe.digest("secret", form) for form in normal_forms(secret))
            yield Digested(label, variable.where, forms)


def _others(environment: Environment, public: frozenset[str], probe: Probe) -> Iterator[Digested]:
    """A secret of production's is one under any name, unless its owner calls that name public."""
    for variable, value in _readable(environment):
        name = variable.name
        if name in public or name.startswith("DISJOINT_") or published(name):
            continue
        texts = {form for word in words(value) for form in normal_forms(word)}
        if texts:
            yield Digested(name, variable.where, frozenset(probe.digest("secret", form) for form in texts))


def _unresolved(environment: Environment, public: frozenset[str]) -> Iterator[str]:
    for name, variable in environment.variables.items():
        if named_secret(name) and name not in public and not isinstance(variable.value, Known):
            yield name


def _live_keys(environment: Environment) -> Iterator[LiveKey]:
    for variable, value in _readable(environment):
        if (vendor := live_vendor(variable.name, value)) is not None:
            yield LiveKey(variable.name, variable.where, vendor)


def _weak(environment: Environment, public: frozenset[str]) -> Iterator[str]:
    for variable, value in _readable(environment):
        name = variable.name
        if name not in public and named_secret(name) and not named_login(name) and is_weak(value):
            yield name
