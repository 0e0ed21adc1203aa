"""A mark's two halves, put together: what was seen was seen, and what nobody writes is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.certify.half import Held, Looked
from disjoint.certify.meeting import tried
from disjoint.errors import UsageError
from disjoint.model.experiment import Blind, Look, Seen, Sight, Unseen, sight
from disjoint.model.fact import Known, Unknown
from disjoint.model.plain import plain
from disjoint.model.proof import Footprint

NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
YES, NO = {"lock": Known(True)}, {"lock": Known(False)}
LOST = Unknown("the server broke the connection off")


def met(seen: Any, after: Any, before: Any = YES) -> Sight:
    """What follows of one mark."""
    mark = {"token": "ab", "before": plain(before), "after": plain(after)}
    own: dict[str, Any] = {
        "run": "r", "manifest": "m", "key": "k", "started_at": NOON, "clock": 0.0, "snapshot": {},
        "footprint": Footprint(0, 0, 0.0),
    }  # fmt: skip
    held = Held(**own, environment="staging", stands_at=NOON, marks={"db": {"canary": mark}})
    looked = Looked(
        **own, environment="production", held="h", looked_from=NOON, looked_until=NOON,
        looks={"db": {"canary": plain(seen)}},
    )  # fmt: skip
    return sight(iter(tried(held, looked)["db"].values()))


def test_a_mark_that_was_seen_is_seen_though_its_holder_was_lost() -> None:
    """Staging's server went away after the look: that takes nothing back."""
    assert met(Known(Look(YES, YES)), LOST) == Seen("lock")
    assert met(Known(Look(NO, YES)), LOST) == Seen("lock")


def test_a_mark_that_was_not_seen_needs_its_holder_to_the_end() -> None:
    """Lost, or never looked for: nothing follows."""
    assert met(Known(Look(YES, NO)), Known(YES)) == Unseen("lock")
    assert met(Known(Look(YES, NO)), LOST) == Blind(f"lock: {LOST.reason}", "")
    assert isinstance(met(LOST, Known(YES)), Blind)


@pytest.mark.parametrize(
    ("seen", "after"),
    [
        ({"known": {"own": {}}}, Known(YES)),
        (Known(Look(YES, NO)), {"known": {"lock": {"known": 1}}}),
        (Known(Look(YES, NO)), "yes"),
    ],
)
def test_what_no_look_writes_is_refused(seen: Any, after: Any) -> None:
    """One line and exit code 2, not a defect of ours."""
    with pytest.raises(UsageError, match="does not know"):
        met(seen, after)
