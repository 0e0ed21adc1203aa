"""Does the chain hold? One reason for each way in which it may not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .entry import NOTHING, BrokenError, Entry, Head, Row, bears, read


def checked(rows: Iterable[Row], key: bytes) -> Iterator[Entry]:
    """The entries of a journal from its beginning, each of which follows the one before it.

    Raises:
        BrokenError: one was changed, deleted, moved, or written without the project's key.
    """
    last: Entry | None = None
    for row, after in _with_next(rows):
        entry = read(row)
        _expect_place(row, entry, last)
        if not bears(row, entry, key):
            raise BrokenError(_unwritten(entry, after))
        _expect_link(entry, last)
        yield entry
        last = entry


def backwards(rows: Iterable[Row], key: bytes) -> Iterator[Entry]:
    """The same from its end.

    Raises:
        BrokenError: as above.
    """
    after: Entry | None = None
    for row in rows:
        entry = read(row)
        if not bears(row, entry, key):
            raise BrokenError(_unwritten(entry, None))
        if after is not None:
            _expect_place(Row(after.seq, "", ""), after, entry)
            _expect_link(after, entry)
        yield entry
        after = entry


def _with_next(rows: Iterable[Row]) -> Iterator[tuple[Row, Row | None]]:
    ahead: Iterator[Row | None] = iter(rows)
    row = next(ahead, None)
    while row is not None:
        after = next(ahead, None)
        yield row, after
        row = after


def _expect_place(row: Row, entry: Entry, last: Entry | None) -> None:
    due = 1 if last is None else last.seq + 1
    if entry.seq != row.seq:
        raise BrokenError(f"entry {entry.seq} stands in the place of entry {row.seq}: the order was changed")
    if row.seq != due:
        raise BrokenError(f"entry {due} is missing: it was deleted")


def _expect_link(entry: Entry, last: Entry | None) -> None:
    if entry.prev != (NOTHING if last is None else last.digest):
        raise BrokenError(f"entry {entry.seq} does not follow the one before it: it is of another journal")


def _unwritten(entry: Entry, after: Row | None) -> str:
    """An entry that was changed alone no longer fits the next one; a journal that was made anew fits."""
    if after is not None and read(after).prev == entry.digest:
        return f"from entry {entry.seq} on it was rewritten without the project's key"
    return f"entry {entry.seq} was changed since it was written, or written without the project's key"


def expect_heads(digests: Mapping[int, str], last: Head | None, heads: Mapping[str, Head]) -> None:
    """Whether a chain is the one that these heads were once the end of, or a longer one.

    Raises:
        BrokenError: it ends before one of them, or has another entry in its place.
    """
    end = 0 if last is None else last.seq
    for name, head in heads.items():
        if end < head.seq:
            raise BrokenError(
                f"it ends at entry {end}, and {name} saw entry {head.seq}: {head.seq - end} were cut off"
            )
        if digests.get(head.seq) != head.digest:
            raise BrokenError(f"entry {head.seq} is another than the one that {name} saw: it was rewritten")
