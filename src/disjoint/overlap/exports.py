"""What lies in a folder of Parquet: its tables, their columns, and which of them are looked through.

A folder's files are one table, the parts of ``key=value`` folders among them. Only schemas are read
here, and a few values of each column: how many of them differ. What lies there and is not read is said.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from disjoint.model.census import Gap, Left, Place
from disjoint.model.probe import ProbeError
from disjoint.model.words import counted

from .folder import lying_in
from .octets import Form, form_of, octets_in

BUFFER = 1 << 20
"""Octets of a column that are read at a time; a whole chunk of it otherwise."""
FEW = 10_000
"""Values of a column by which it is judged."""
OWN = 0.9
"""Distinct values among them, above which one is one row's own."""
NARROW = 8
"""Octets on average: shorter values are nobody's own."""


class Group(NamedTuple):
    """A row group of a file, by number."""

    file: int
    number: int
    rows: int


@dataclass(slots=True)
class Found:
    """What is read of exports, what cannot be, and what is left."""

    files: list[Path] = field(default_factory=list)
    tables: dict[str, list[Group]] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    columns: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where a table's column stands among the places."""
    forms: dict[tuple[int, str], Form] = field(default_factory=dict)
    """How a file's column becomes octets."""
    gaps: list[Gap] = field(default_factory=list)
    left: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why a table's column is not looked through."""
    beside: list[Left] = field(default_factory=list)
    """What lies among the files and holds no rows."""

    def places_in(self, table: str, file: int) -> tuple[tuple[int, str, Form], ...]:
        """A file's columns that are looked through: the place, the column, its form."""
        own = ((place, column) for (name, column), place in self.columns.items() if name == table)
        return tuple(
            (place, column, form) for place, column in own if (form := self.forms.get((file, column)))
        )

    def told(self) -> tuple[Left, ...]:
        """What is left, by table and reason."""
        by_why: dict[tuple[str, str], list[str]] = {}
        for (table, column), why in self.left.items():
            by_why.setdefault((table, why), []).append(column)
        columns = (Left(f"{table} ({', '.join(names)})", why) for (table, why), names in by_why.items())
        return (*columns, *self.beside)


def library() -> Any:
    """pyarrow's Parquet.

    Raises:
        ProbeError: it is missing.
    """
    try:
        from pyarrow import parquet  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ProbeError("pyarrow is not installed here", "pip install 'disjoint[dask]'") from None
    return parquet


def found_in(path: Path) -> Found:
    """Everything that lies there.

    Raises:
        ProbeError: pyarrow is missing.
    """
    found = Found()
    library()
    lying = lying_in(path)
    for file in lying.files:
        _look_at(file, lying.table(file), found)
    found.gaps += lying.gaps
    found.beside += lying.left
    if not found.files and not found.gaps:
        remedy = "name a folder of *.parquet, or one file"
        found.gaps.append(Gap(path.name, "there is no Parquet file", remedy))
    return found


def _look_at(file: Path, table: str, found: Found) -> None:
    try:
        with library().ParquetFile(file, buffer_size=BUFFER) as opened:
            _take(opened, file, table, found)
    except (OSError, ValueError) as error:  # Arrow's own errors are of these; their text may hold values
        why = (
            "this user may not read it"
            if isinstance(error, PermissionError)
            else "it is no whole Parquet file"
        )
        found.gaps.append(Gap(f"{table}: {file.name}", why, "export it anew, or let this user read it"))


def _take(opened: Any, file: Path, table: str, found: Found) -> None:
    if _is_index(opened, file):
        _index(opened, file, table, found)
        return
    number = len(found.files)
    forms = {name: form_of(opened, at) for at, name in enumerate(opened.schema_arrow.names)}
    few = dict(_few(opened, [name for name, form in forms.items() if isinstance(form, Form)], forms))
    groups = range(opened.num_row_groups)
    found.files.append(file)
    rows = found.tables.setdefault(table, [])
    rows += [Group(number, n, opened.metadata.row_group(n).num_rows) for n in groups]
    rows += [] if groups else [Group(number, -1, 0)]
    for name, form in forms.items():
        if isinstance(form, Form):
            found.forms[number, name] = form
            _add(found, table, name, opened.metadata.num_rows, few.get(name, []))
        else:
            found.left.setdefault((table, name), form)
    _expect_one_form(found, table, file)


def _is_index(opened: Any, file: Path) -> bool:
    """Whether it holds no rows of its own, but says where those of others lie."""
    return file.name in {"_metadata", "_common_metadata"} and all(_elsewhere(opened))


def _elsewhere(opened: Any) -> list[str]:
    """The file of each row group; of one that is here, nothing."""
    groups = (opened.metadata.row_group(number) for number in range(opened.num_row_groups))
    return [group.column(0).file_path if group.num_columns else "" for group in groups]


def _index(opened: Any, file: Path, table: str, found: Found) -> None:
    """An export that lacks what its index names was read in part."""
    gone = {path for path in _elsewhere(opened) if not (file.parent / path).is_file()}
    found.beside.append(Left(f"{table}: {file.name}", "an index of other files"))
    if gone:
        why = f"of what it names, {counted(len(gone), 'file')} cannot be found here"
        found.gaps.append(Gap(f"{table}: {file.name}", why, "export it anew, or remove an index that is old"))


def _expect_one_form(found: Found, table: str, file: Path) -> None:
    for column in [column for name, column in found.columns if name == table]:
        if why := found.left.pop((table, column), None):
            gap = Gap(
                f"{table}.{column}",
                f"another file has it as text, and in {file.name}: {why}",
                "export it anew",
            )
            found.gaps.append(gap)


def _add(found: Found, table: str, column: str, values: int, few: Sequence[bytes]) -> None:
    at = found.columns.get((table, column))
    if at is not None:
        found.places[at] = found.places[at]._replace(values=found.places[at].values + values)
        return
    own = not few or (len(set(few)) >= OWN * len(few) and sum(map(len, few)) >= NARROW * len(few))
    why = "hardly any value stands twice" if own else "values that stand in several rows, or short ones"
    found.columns[table, column] = len(found.places)
    found.places.append(Place(f"{table}.{column}", values, own, why, table))


def _few(opened: Any, names: Sequence[str], forms: dict[str, Any]) -> Iterator[tuple[str, list[bytes]]]:
    """Some values of each column: they are counted and forgotten."""
    if not names or not opened.num_row_groups:
        return
    batches = opened.iter_batches(FEW, row_groups=[0], columns=list(names), use_threads=False)
    for batch in itertools.islice(batches, 1):
        for name in names:
            yield name, [*octets_in(batch.column(batch.schema.get_field_index(name)), forms[name])]
