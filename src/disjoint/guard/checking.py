"""The check of one process: its own variables against production's seal."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime

from .judging import found, once
from .override import VARIABLE, override_in
from .places import Pair
from .sealed import FILE, MODE, SEAL, Opened, opened
from .verdict import (
    ENFORCE,
    NOT_JUDGED,
    PRODUCTION,
    REPORT,
    STAGING,
    UNPROVEN,
    Checked,
    Override,
    Reason,
    worst,
)
from .waiving import parted
from .whoami import UNSEALED, is_itself, names_of, who


def assessed(
    seal: str | None, mode: str | None, own: Mapping[str, str] | None, *, deep: bool
) -> tuple[Checked, Opened | None]:
    """What this process is, and the seal it was judged by. Never raises.

    Args:
        seal: production's, a path; None: of `DISJOINT_SEAL`, or `production.sealed.json` here.
        mode: `enforce` or `report`; None: of `DISJOINT_GUARD_MODE`, or `enforce`.
        own: variables that the process takes from elsewhere, besides its environment.
        deep: whether the servers are asked who they are, within 3 s.
    """
    variables, besides = _variables(own)
    stated, notes = _mode(mode, variables)
    try:
        read = opened(seal or variables.get(SEAL) or FILE, variables)
        role, reasons, waived = _found(read, variables, besides, deep=deep)
    except Exception as error:  # noqa: BLE001  (whatever fails here proves nothing, and must not stop production)
        read, (role, reasons), waived = None, _failed(error, variables), ()
    override, wrong = _override(variables) if reasons and role != PRODUCTION else (None, "")
    notes = (*notes, *waived, wrong) if wrong else (*notes, *waived)
    outcome = NOT_JUDGED if role == PRODUCTION else worst(reasons)
    return Checked(role, outcome, reasons, stated, override, notes), read


def _found(
    read: Opened, variables: Mapping[str, str], besides: tuple[Pair, ...], *, deep: bool
) -> tuple[str, tuple[Reason, ...], tuple[str, ...]]:
    names = UNSEALED if read.policy is None else names_of(read.policy)
    said = who(names, variables, same=is_itself(read.policy, read.key, variables))
    if said.role != STAGING or read.policy is None:
        return said.role, (*said.reasons, *(read.reasons if said.role != PRODUCTION else ())), ()
    every = found(read.policy, read.key, variables, besides)
    kept, waived = parted(read.policy, every, datetime.now(UTC))
    reasons = (*once(kept), *said.reasons, *read.reasons)
    if deep:
        asked: tuple[Reason, ...] = importlib.import_module("disjoint.guard.deep").asked(
            read, variables, reasons
        )
        reasons = asked
    return said.role, reasons, waived


def _failed(error: Exception, variables: Mapping[str, str]) -> tuple[str, tuple[Reason, ...]]:
    """By names alone, which need no seal; the error's text may hold a value, and is not shown."""
    says = f"the guard failed with an internal error ({type(error).__name__})"
    reason = Reason(UNPROVEN, "guard/internal", "", says, "report it, with the version of disjoint")
    try:
        said = who(UNSEALED, variables, same=False)
    except Exception:  # noqa: BLE001  (as above)
        return STAGING, (reason,)
    return said.role, (*said.reasons, reason)


def _variables(own: Mapping[str, str] | None) -> tuple[dict[str, str], tuple[Pair, ...]]:
    """The process's variables, and values of its environment that its own ones hide from itself alone."""
    environ = dict(os.environ)
    if own is None:
        return environ, ()
    hidden = (Pair(name, value) for name, value in environ.items() if own.get(name, value) != value)
    return {**environ, **own}, tuple(pair for pair in hidden if pair.value.strip())


def _mode(asked: str | None, variables: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    stated = (asked or variables.get(MODE) or ENFORCE).strip().lower()
    if stated in {ENFORCE, REPORT}:
        return stated, ()
    return ENFORCE, (f"the mode is neither {ENFORCE} nor {REPORT}: taken as {ENFORCE}",)


def _override(variables: Mapping[str, str]) -> tuple[Override | None, str]:
    return override_in(variables.get(VARIABLE, ""), datetime.now(UTC))
