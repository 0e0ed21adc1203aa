"""An entry of the catalogue: a world to make, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from disjoint.demo.servers import pgbouncer
from disjoint.demo.world import World
from disjoint.model.finding import Grade, Outcome


@dataclass(frozen=True, slots=True)
class Leak:
    """One way to break the embedded world, or to make it look broken though it is not."""

    name: str
    family: str
    rule: str | None
    """The rule that must say `outcome`; None where the world stays isolated."""
    outcome: Outcome
    grade: Grade | None
    """How that rule must know it; None where the world stays isolated."""
    about: str
    """What happened, in one sentence."""
    breaks: Callable[[World], World]
    """Makes the other world. May start servers and add to running ones what nothing else uses."""
    needs: str = ""
    """Debian's package of a server that no wheel has; empty where the wheels are enough."""

    @property
    def lacks(self) -> str:
        """The command that installs what is missing here; empty where the world can be made."""
        return f"apt install {self.needs}" if self.needs and pgbouncer.program() is None else ""


def shares(
    name: str,
    family: str,
    rule: str,
    about: str,
    breaks: Callable[[World], World],
    grade: Grade = Grade.IDENTITY,
    needs: str = "",
) -> Leak:
    """A world that must be SHARED."""
    return Leak(name, family, rule, Outcome.SHARED, grade, about, breaks, needs)


def doubts(
    name: str, family: str, rule: str, about: str, breaks: Callable[[World], World], needs: str = ""
) -> Leak:
    """A world about which nothing may be concluded: UNPROVEN is always of the lowest grade."""
    return Leak(name, family, rule, Outcome.UNPROVEN, Grade.DECLARED, about, breaks, needs)


def stands(name: str, family: str, about: str, breaks: Callable[[World], World], needs: str = "") -> Leak:
    """A world that stays ISOLATED, and that a naive check would call broken."""
    return Leak(name, family, None, Outcome.ISOLATED, None, about, breaks, needs)
