"""`disjoint journal`: what happened, and whether it is still told as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disjoint.errors import TamperedError, UnprovenError, UsageError

from .exits import Exit
from .splitting import key
from .spoken import show, spoken

if TYPE_CHECKING:
    from disjoint.journal import Entry, Head, Journal

PATH = click.Path(path_type=Path, readable=False)
LONGEST = 1000
"""Letters of a reason."""
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True
)
_ENDS = "Exit codes: 0 holds, 1 not as it was written, 2 usage, 3 nothing there, 4 cannot be read or written."


@click.group(epilog=_ENDS)
def command() -> None:
    """Read the project's journal, hold it against certificates, freeze and lift.

    Whatever certifies, signs off, seals or passes a gate writes its entry here first; where it cannot,
    it does nothing. Each entry bears the digest of the one before it and a code under the project's key, and
    every proof bears the head: an entry that was changed, deleted, moved or cut off is found.

    It is a file in this user's state folder; one for all machines of a project is a PostgreSQL whose URL
    stands in DISJOINT_JOURNAL (pip install 'disjoint[journal]'). A project is whoever shares
    DISJOINT_SEAL_KEY.

    \b
    disjoint journal list --last 20
    disjoint journal show 7
    disjoint journal verify --certificate certificate.intoto.jsonl
    disjoint journal freeze --reason "INC-7: staging reached production's broker"
    disjoint journal lift --reason "INC-7 is over, proof 1f2e is fresh"
    """


@command.command(name="list", epilog=_ENDS)
@click.option(
    "--event", metavar="EVENT", help="Only these: certified, proven, signed-off, sealed, frozen, ..."
)
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N.")
@_FORMAT
def list_(event: str | None, last: int | None, format_: str) -> int:
    """What happened, one line each, oldest first."""
    from disjoint.certification.overridden import take_in  # noqa: PLC0415  (as above)

    journal = _journal(create=False)
    take_in(key(), journal)
    entries = [entry for entry in journal.entries() if event in {None, entry.event}]
    chosen = entries[-last:] if last else entries
    if format_ == "json":
        show(json.dumps({"journal": journal.where, "entries": list(map(_stated, chosen))}, indent=1))
    elif chosen:
        show("\n".join(_lines(chosen)))
    else:
        click.echo(spoken(f"no entry in {journal.where}"), err=True)
    return Exit.HOLDS


@command.command(name="show", epilog=_ENDS)
@click.argument("seq", type=click.IntRange(1))
@_FORMAT
def show_(seq: int, format_: str) -> int:
    """Everything that one entry says."""
    journal = _journal(create=False)
    entry = next((entry for entry in journal.entries() if entry.seq == seq), None)
    if entry is None:
        raise UsageError(f"there is no entry {seq} in {journal.where}: disjoint journal list")
    show(json.dumps(_stated(entry), indent=1) if format_ == "json" else "\n".join(_told(entry)))
    return Exit.HOLDS


@command.command(epilog=_ENDS)
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="A certificate that saw the journal; one option each. Without one, a journal and a head that were "
    "both put back to an older state pass.",
)
@_FORMAT
def verify(certificates: tuple[Path, ...], format_: str) -> int:
    """Whether nothing was changed, deleted, moved or cut off since it was written."""
    from disjoint.certification.history import expect_whole  # noqa: PLC0415  (--help needs none of it)

    journal = _journal(create=False)
    contents = {str(path): _content(path) for path in certificates}
    try:
        head = expect_whole(journal, contents)
    except TamperedError as why:
        if format_ == "text":
            raise
        show(json.dumps({"journal": journal.where, "holds": False, "why": str(why)}, indent=1))
        return Exit.BAD
    if head is None:
        raise UnprovenError(f"nothing to verify: there is no entry in {journal.where}")
    _say_that_it_holds(journal, head, contents, format_)
    return Exit.HOLDS


@command.command(epilog=_ENDS)
@click.option("--reason", required=True, help="What happened; it stands in the journal for ever.")
def freeze(reason: str) -> int:
    """Let no gate pass until somebody lifts it."""
    told, journal = _reason(reason), _writable()
    entry = _written(journal, "frozen", {"reason": told})
    click.echo(spoken(f"frozen: entry {entry.seq} of {journal.where}, by {entry.actor}"), err=True)
    click.echo('next:   disjoint journal lift --reason "..." once it is over', err=True)
    return Exit.HOLDS


@command.command(epilog=_ENDS)
@click.option("--reason", required=True, help="Why it is over; it stands in the journal for ever.")
@click.option(
    "--freeze",
    "seq",
    type=click.IntRange(1),
    metavar="SEQ",
    help="Which one, by its entry; needed where several stand.",
)
def lift(reason: str, seq: int | None) -> int:
    """Lift a freeze; any other that stands is left."""
    from disjoint.journal import WHICH  # noqa: PLC0415  (as above)

    told, journal = _reason(reason), _writable()
    which = _standing(journal, seq)
    entry = _written(journal, "lifted", {"reason": told, WHICH: which.seq})
    click.echo(spoken(f"lifted: entry {entry.seq} of {journal.where}, by {entry.actor}"), err=True)
    return Exit.HOLDS


def _standing(journal: Journal, seq: int | None) -> Entry:
    """The freeze that is meant."""
    from disjoint.journal import frozen  # noqa: PLC0415  (as above)

    stand = frozen(journal.entries())
    meant = [each for each in stand if seq in {None, each.seq}]
    if not meant:
        which = "no freeze stands" if seq is None or not stand else f"entry {seq} is no freeze that stands"
        raise UsageError(f"there is nothing to lift: {which} in {journal.where}")
    if len(meant) > 1:
        told = "; ".join(f"--freeze {each.seq}: {each.body.get('reason')} ({each.actor})" for each in meant)
        raise UsageError(f"several freezes stand: say which is over: {told}")
    return meant[0]


def _journal(*, create: bool) -> Journal:
    from disjoint.certification.history import open_journal  # noqa: PLC0415  (--help needs none of it)

    return open_journal(key(), create=create)


def _reason(text: str) -> str:
    told = text.encode("utf-8", "backslashreplace").decode().strip()
    if not 0 < len(told) <= LONGEST:
        raise UsageError(f"--reason: say why in 1 to {LONGEST} letters")
    return told


def _writable() -> Journal:
    journal = _journal(create=True)
    journal.expect_writable()
    return journal


def _written(journal: Journal, event: str, body: Mapping[str, Any]) -> Entry:
    from disjoint.certification.history import actor  # noqa: PLC0415  (as above)

    return journal.append(event, actor(), body)


def _content(path: Path) -> bytes:
    from disjoint.files import read_octets  # noqa: PLC0415

    return read_octets(path, str(path), UsageError, 4 << 20)


def _say_that_it_holds(journal: Journal, head: Head, contents: Mapping[str, bytes], format_: str) -> None:
    stated = {"seq": head.seq, "sha256": head.digest}
    if format_ == "json":
        whole = {"journal": journal.where, "holds": True, "head": stated, "certificates": list(contents)}
        show(json.dumps(whole, indent=1))
        return
    show(f"the journal holds: {head.seq} entries, head sha256:{head.digest}")
    if not contents:
        click.echo("note: --certificate FILE also finds a journal put back to an older state", err=True)


def _stated(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "prev": entry.prev,
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "actor": entry.actor,
        "event": entry.event,
        "sha256": entry.digest,
        "body": dict(entry.body),
    }


def _lines(entries: list[Entry]) -> Iterator[str]:
    """A table; what others wrote cannot forge a line of it."""
    from disjoint.report.inert import cells, inert  # noqa: PLC0415

    rows = [
        (str(each.seq), f"{each.at:%Y-%m-%d %H:%M:%S}Z", inert(each.event), inert(_actor(each)))
        for each in entries
    ]
    widths = [max(cells(row[column]) for row in rows) for column in range(4)]
    for row, entry in zip(rows, entries, strict=True):
        padded = [text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)]
        padded[0] = row[0].rjust(widths[0])
        yield "  ".join([*padded, inert(_gist(entry))]).rstrip()


_KEYID = re.compile(r"[0-9a-f]{64}")


def _actor(entry: Entry) -> str:
    """Who it was; a machine's key by as much of its id as certificates show."""
    return f"key {entry.actor[:16]}" if _KEYID.fullmatch(entry.actor) else entry.actor


def _gist(entry: Entry) -> str:
    """The one thing of an entry that is read at a glance."""
    body = entry.body
    words = [str(body[name]) for name in ("reason", "verdict", "decision", "environment") if name in body]
    digests = [f"{name} {str(body[name])[:12]}" for name in ("proof", "seal") if name in body]
    return ", ".join([*words, *digests])[:120]


def _told(entry: Entry) -> Iterator[str]:
    from disjoint.report.inert import inert  # noqa: PLC0415

    for name, value in _stated(entry).items():
        if name != "body":
            yield f"{name:7} {inert(str(value))}"
    for line in json.dumps(dict(entry.body), indent=2).split("\n"):
        yield "        " + line.replace("\x7f", "\\u007f")  # JSON escapes all other controls
