"""What production may be asked at all."""

from __future__ import annotations

import pytest

from disjoint.kinds.postgres import queries
from disjoint.model.probe import ProbeError
from disjoint.runner.tally import Tally, is_read

CURSORS = (queries.CURSOR, queries.FETCH, queries.CLOSE)
OTHERS = (
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "declare c cursor with hold for select 1",
    "WITH gone AS (DELETE FROM t RETURNING *) SELECT 1",
    "MOVE ALL FROM c",
    "INSERT INTO t VALUES (1)",
    "DO $$ BEGIN END $$",
    "COPY t TO STDOUT",
)


def test_a_cursor_may_be_read_that_ends_with_its_transaction() -> None:
    """The census's own statements are reads; and they are counted."""
    tally = Tally(protected=True)
    for statement in CURSORS:
        tally.sent(statement)
    assert tally.footprint().reads == len(CURSORS)
    assert tally.footprint().writes == 0


@pytest.mark.parametrize("statement", OTHERS)
def test_what_is_no_read_is_refused(statement: str) -> None:
    """One WITH HOLD would be written down by the server, and outlive its transaction."""
    assert not is_read(statement)
    with pytest.raises(ProbeError):
        Tally(protected=True).sent(statement)
