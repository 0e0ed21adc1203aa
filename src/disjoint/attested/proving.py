"""Prove a deployed process: it holds, this process looks and joins."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from disjoint.certify.half import Held, read_half
from disjoint.certify.keys import ProjectKey
from disjoint.certify.meeting import Rows
from disjoint.errors import UnprovenError
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.report.inert import inert
from disjoint.runner.deadline import Deadline
from disjoint.split import BUDGET_SECONDS, join, observing
from disjoint.split.connections import places_of

from .asking import Answer, Question, asked, shown, token

LOOKED = "this process"
SHORTEST, LONGEST = 5, 60
"""Seconds for which marks may stand."""
SHARE = 3
"""What part of the budget they stand for: the rest is for observing both sides."""


def proven(
    manifest: Manifest,
    key: ProjectKey,
    budget: float,
    tell: Callable[[str], None],
    rows: Rows | None = None,
) -> Proof:
    """What staging's deployed process and production's observer saw of each other.

    Args:
        manifest: with production's variables; staging is attested.
        key: of the project, which the process has, too.
        budget: seconds, of which a third is how long the marks stand.
        tell: told in a sentence what is waited for.
        rows: what came of staging's rows where production's are.

    Raises:
        UsageError: there is no token, or the process's half is of another shape.
        UnprovenError: the process did not answer, the halves do not belong together, the process is
            connected to where production is, or rows were compared of other servers.
        TamperedError: its half is not as it was signed.
    """
    nonce, where = secrets.token_hex(16), shown(manifest.staging.attested)
    seconds = max(SHORTEST, min(LONGEST, round(budget / SHARE)))
    question = Question(manifest.staging, token(), nonce, seconds)
    with (
        Deadline(budget + seconds + BUDGET_SECONDS) as deadline,
        asked(question, deadline) as answer,
    ):
        with observing(manifest, key, nonce) as seen:  # while the process observes its own side
            standing = _standing(answer, where, key, nonce)
            tell(f"its marks stand for {seconds} s: {manifest.production.name}'s observer looks for them")
            looked = seen.look(standing, where)
        tell("looked; now the process sees its marks once more")
        whole = answer.whole()
    held = _of_this_run(whole, where, key, nonce)
    _expect_apart(held, manifest)
    proof = join(manifest, key, whole, looked, (where, LOOKED), rows)
    return dataclasses.replace(proof, budget=budget)


def _standing(answer: Answer, where: str, key: ProjectKey, nonce: str) -> str:
    text = answer.standing()
    _of_this_run(text, where, key, nonce)
    return text


def _of_this_run(text: str, where: str, key: ProjectKey, nonce: str) -> Held:
    """A half made for this question; an older one, however it was kept, bears another name."""
    held = read_half(Held, text, where, key)
    if held.run != nonce:
        raise UnprovenError(f"{where}: it answered another question than this one")
    return held


def _expect_apart(held: Held, manifest: Manifest) -> None:
    """Where it is connected to without a variable that leads there, settings in its code do."""
    theirs = places_of(manifest.production) if held.connected else frozenset()
    for place in held.connected:
        if place in theirs:
            raise UnprovenError(
                f"the attested process is connected to {inert(place)}, where {manifest.production.name}'s "
                "variables lead, and none of its own: find the setting in its code or files (an address may "
                "also be of many: a private one in another network, a proxy's before several stores)"
            )
