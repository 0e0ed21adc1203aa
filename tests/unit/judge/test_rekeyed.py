"""What a report shows of digests: equal stays equal within it, and no two reports compare."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from disjoint.judge.judge import Judged
from disjoint.judge.rekeyed import rekeyed
from disjoint.model.finding import Evidence, Finding, Grade, Note, Outcome, shared
from disjoint.model.proof import Coverage, Row
from disjoint.model.secret import RunKey

ONE, OTHER = "hmac:" + "1" * 32, "scrypt:" + "2" * 32
DIGEST = r"(?:hmac|scrypt):[0-9a-f]{32}"
NOW = datetime(2026, 1, 10, tzinfo=UTC)


def judged() -> Judged:
    """Two digests, one of them twice, in every text that a report shows."""
    values = (ONE, f"({ONE}, {OTHER})")
    said = shared(
        Grade.IDENTITY,
        f"both are {ONE}",
        tuple(Evidence("staging", f"x {ONE}", value, f"y {ONE}", NOW) for value in values),
        f"look at {ONE}",
        f"not {ONE}",
    )
    row = Row("cache", "redis", "a:1", "b:1", f"{ONE}", Outcome.SHARED, None, "FAILED")
    return Judged(
        Outcome.SHARED,
        (row,),
        (Finding("redis/same-server", "cache", said),),
        (Note("redis/n", "cache", f"{OTHER} and {ONE}"),),
        Coverage(1, 0, 1, 0, (), ()),
    )


def digests(found: Judged) -> list[str]:
    return re.findall(DIGEST, repr(found))


def test_no_digest_is_shown_as_it_was() -> None:
    """Each is another one, everywhere, and everything else is as it was."""
    shown = rekeyed(judged(), RunKey())
    assert not {ONE, OTHER} & set(digests(shown))
    assert re.sub(DIGEST, "", repr(shown)) == re.sub(DIGEST, "", repr(judged()))


def test_equal_stays_equal_within_a_report_and_nowhere_else() -> None:
    """The pattern of equal digests survives; two reports of one run have none in common."""
    key = RunKey()
    shown, again = digests(rekeyed(judged(), key)), digests(rekeyed(judged(), key))
    assert shown == again
    pattern = [shown.index(each) for each in shown]
    assert pattern == [digests(judged()).index(each) for each in digests(judged())]
    assert not set(shown) & set(digests(rekeyed(judged(), RunKey())))
