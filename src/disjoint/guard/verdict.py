"""What a check answers: reasons, and whether they stop the process."""

from __future__ import annotations

from collections.abc import Sequence

from disjoint.tuples import NamedTuple

ISOLATED, SHARED, UNPROVEN = "ISOLATED", "SHARED", "UNPROVEN"
NOT_JUDGED = "NOT_JUDGED"
"""Of production itself, which is asked nothing."""
PRODUCTION, STAGING, MISLABELLED = "production", "staging", "mislabelled"
ENFORCE, REPORT = "enforce", "report"
REFUSES = 78
"""The exit code of a process that does not start (EX_CONFIG of sysexits.h)."""


class Reason(NamedTuple):
    """Why a process is not known to be disjoint from production; no value is in it."""

    outcome: str
    rule: str
    """The rule's id, or `guard/…` for what only a guard asks."""
    variable: str
    """Which variable it is about; empty where it is about none."""
    says: str
    """What it shares with which of production's resources, or what is not known."""
    fix: str
    theirs: tuple[str, ...] = ()
    """What production calls the same: variables or declared resources; empty where nobody says."""

    def __str__(self) -> str:
        return f"{self.outcome} {self.rule}: {self.says}. {self.fix[:1].upper()}{self.fix[1:]}"


class Override(NamedTuple):
    """Somebody's word that a refusal is to be passed over, for hours."""

    reason: str
    by: str
    expires: str
    """RFC 3339, with Z."""


class Checked(NamedTuple):
    """What one process was found to be."""

    role: str
    """`production`, `staging`, or `mislabelled`: it calls itself production and is not known to be."""
    outcome: str
    """`ISOLATED`, `SHARED`, `UNPROVEN`; of production `NOT_JUDGED`."""
    reasons: tuple[Reason, ...]
    mode: str
    override: Override | None
    notes: tuple[str, ...] = ()
    """What is said besides, and stops nothing."""

    @property
    def holds(self) -> bool:
        """Whether nothing of it stands against starting."""
        return self.role == PRODUCTION or self.outcome == ISOLATED

    @property
    def refuses(self) -> bool:
        """Whether the process must not start."""
        return not self.holds and self.mode == ENFORCE and self.override is None


class Refused(SystemExit):
    """The process must not start: raised by `check`, with exit code 78, or as its server needs it."""

    def __init__(self, checked: Checked, code: int = REFUSES) -> None:
        super().__init__(code)
        self.args = (checked,)
        self.checked = checked

    def __str__(self) -> str:
        return "; ".join(map(str, self.checked.reasons))


def few(names: Sequence[str], most: int = 5) -> str:
    """Names with commas; of many the first, and how many more there are."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def worst(reasons: tuple[Reason, ...]) -> str:
    """SHARED wins, then UNPROVEN."""
    outcomes = {reason.outcome for reason in reasons}
    return next((each for each in (SHARED, UNPROVEN) if each in outcomes), ISOLATED)
