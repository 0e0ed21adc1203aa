"""What lies under an export's folder: files that are read, and what is not, in words.

Whatever a file is called, its first octets tell whether it is Parquet. Links are followed, and nothing is
read twice by another name: a file or folder is known by the path that has no link in it.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from disjoint.model.census import Gap, Left

_MAGIC: Final = b"PAR1"
_ENCRYPTED: Final = b"PARE"
_NAMED = frozenset({".parquet", ".parq", ".pq"})
_MARKS = re.compile(
    r"_SUCCESS|_(started|committed|vacuum)_[\w-]+|.+\.crc|\.DS_Store|Thumbs\.db|\.(git)?keep"
    r"|export_(tables_)?info_[\w-]+\.json"  # of Amazon RDS
    r"|_last_checkpoint|\d{20}\.json|deletion_vector_[\w-]+\.bin"  # of Delta Lake
    r"|v?[\w-]+\.metadata\.json|snap-[\w-]+\.avro|[\w-]+-m\d+\.avro|version-hint\.text"  # of Iceberg
)
"""Names of files that say something of an export, and hold none of its rows."""
_UNFINISHED = "_temporary"


class _Why(NamedTuple):
    reason: str
    remedy: str


_NO_PARQUET = _Why(
    "it is no Parquet file", "export it as Parquet, unpacked if it is packed, or move it out of the folder"
)
_CLOSED = _Why("this user may not read it", "let this user read it")
_NOWHERE = _Why("a link that leads nowhere", "mend the link, or remove it")
_ODD = _Why("it is neither a file nor a folder", "move it out of the folder")
_LOCKED = _Why("it is encrypted", "export it without encryption, where this user alone may read it")
_BROKEN_OFF = _Why("an export that is being written, or broke off", "wait for its end, or export it anew")

_AGAIN = "read already, under another name"
_EMPTY = "nothing is in it"
_MARK = "a mark of what wrote the export: no rows are in it"
_KEY = "a partition's key, which stands in the names of folders alone"


@dataclass(slots=True)
class Lying:
    """What was found; names are those of tables and files, never of a partition, which is a value."""

    root: Path
    files: list[Path] = field(default_factory=list)
    _gaps: dict[_Why, list[str]] = field(default_factory=dict)
    _left: dict[str, list[str]] = field(default_factory=dict)
    _seen: set[Path] = field(default_factory=set)

    @property
    def gaps(self) -> list[Gap]:
        """What may hold rows, and is not read; one for each reason."""
        return [Gap(_all(names), why.reason, why.remedy) for why, names in self._gaps.items()]

    @property
    def left(self) -> list[Left]:
        """What holds none, as far as is known; one for each reason."""
        return [Left(_all(dict.fromkeys(names)), why) for why, names in self._left.items()]

    def look(self, path: Path) -> None:
        """Take in a file, or all that lies in a folder."""
        try:
            found = path.stat()
        except PermissionError:
            self._lacks(path, _CLOSED)
            return
        except OSError:
            if path != self.root or path.is_symlink():
                self._lacks(path, _NOWHERE)
            return
        own = path.resolve()  # numbers of files repeat in some file systems, as where a bucket is mounted
        if own in self._seen:
            self._leave(path, _AGAIN)
            return
        self._seen.add(own)
        if stat.S_ISDIR(found.st_mode):
            self._look_into(path)
        elif stat.S_ISREG(found.st_mode):
            self._take(path, found.st_size)
        else:
            self._lacks(path, _ODD)

    def _look_into(self, folder: Path) -> None:
        if folder.name == _UNFINISHED:
            self._lacks(folder, _BROKEN_OFF)
        if "=" in folder.name and folder != self.root:
            self._left.setdefault(_KEY, []).append(f"{self.table(folder)}.{folder.name.partition('=')[0]}")
        try:
            inside = sorted(folder.iterdir(), key=lambda path: (path.is_symlink(), path.name))
        except OSError:
            self._lacks(folder, _CLOSED)
            return
        if not inside:
            self._leave(folder, _EMPTY)
        for path in inside:
            self.look(path)

    def _take(self, path: Path, size: int) -> None:
        named = path.suffix.lower() in _NAMED or path == self.root
        try:
            with path.open("rb") as opened:
                begins = opened.read(len(_MAGIC))
        except OSError:
            self._lacks(path, _CLOSED)
            return
        if begins == _ENCRYPTED:
            self._lacks(path, _LOCKED)
        elif named or begins == _MAGIC:
            self.files.append(path)
        elif _MARKS.fullmatch(path.name):
            self._leave(path, _MARK)
        elif not size:
            self._leave(path, _EMPTY)
        else:
            self._lacks(path, _NO_PARQUET)

    def table(self, path: Path) -> str:
        """A single file's stem; or the folders below the root, partitions aside; or the root's own name."""
        if path == self.root and not path.is_dir():
            return path.stem
        above = path.relative_to(self.root).parts[: None if path.is_dir() else -1]
        return ".".join(part for part in above if "=" not in part) or self.root.resolve().name

    def _lacks(self, path: Path, why: _Why) -> None:
        self._gaps.setdefault(why, []).append(self._named(path))

    def _leave(self, path: Path, why: str) -> None:
        self._left.setdefault(why, []).append(self._named(path))

    def _named(self, path: Path) -> str:
        if path == self.root:
            return path.name
        above = self.table(path.parent)
        return f"{above}: {'a partition' if '=' in path.name else path.name}"


def lying_in(root: Path) -> Lying:
    """Everything under a folder, or one file; nothing where there is none."""
    found = Lying(root)
    found.look(root)
    return found


def _all(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first} and {len(rest):,} more" if rest else first
