"""Read what staging's pages load from their own host: scripts, frames, stylesheets, source maps; so many."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from disjoint.model.probe import HttpAnswer, Probe, ProbeError

from . import mentions
from .facts import Bundle, Mention, Where
from .loads import Guess, guesses, imports, sheets
from .locate import Spot, own, resolve
from .markup import Markup, read_markup, texts
from .mentions import Naming, is_numeric, named_mark, namings, twin_of
from .pages import Page, Walk, ask, is_html, mark_digest, text_of

FILES = 60
GUESSES = 40
FILE_OCTETS = 4 << 20
ALL_OCTETS = 24 << 20

_MAP = re.compile(r"//[#@]\s?sourceMappingURL=([^\s'\"]+)\s*\Z")
_INLINE = re.compile(r"data:application/json[^,]{0,60};base64,(.*)\Z", re.DOTALL)
_TOO_MUCH = "declare fewer pages, or serve scripts in fewer files"


@dataclass(slots=True)
class _Crawl:
    """What is still to be read, and what was."""

    home: Spot
    probe: Probe
    waiting: deque[tuple[Where, Spot]] = field(default_factory=deque)
    called: deque[Spot] = field(default_factory=deque)
    named: deque[Spot] = field(default_factory=deque)
    known: set[Spot] = field(default_factory=set)
    guessed: set[Spot] = field(default_factory=set)
    files: int = 0
    octets: int = 0
    elsewhere: int = 0
    own: int = 0
    bases: dict[Spot, None] = field(default_factory=dict)
    """What references are relative to in each page: a program's own, too, where it asks for a file."""
    mentions: set[Mention] = field(default_factory=set)
    twins: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    @property
    def bundle(self) -> Bundle:
        """What it came to."""
        names = (frozenset(self.mentions), frozenset(self.twins), frozenset(self.numbers))
        return Bundle(self.files, self.elsewhere, self.own, self.unread, *names)

    def expect(self, where: Where, base: Spot, reference: str) -> None:
        """Read a file later, if it is this host's own and new."""
        spot = resolve(base, reference)
        if spot is None or spot in self.known:
            return
        self.known.add(spot)  # though it may have been guessed: it is surely loaded
        if own(self.home.address, spot.address):
            self.waiting.append((where, spot))
            self.own += where == "script"
        else:
            self.elsewhere += where == "script"

    def guess(self, base: Spot, guess: Guess) -> None:
        """Read a file at the end, if there is one; one that is called before those that are only named."""
        for spot in dict.fromkeys(self._meant(base, guess)):
            if spot is None or spot in self.known or spot in self.guessed:
                continue
            if own(self.home.address, spot.address):
                self.guessed.add(spot)
                (self.called if guess.called else self.named).append(spot)

    def _meant(self, base: Spot, guess: Guess) -> Iterator[Spot | None]:
        """Below the folder that is part of the script's own path, or relative to a page or to the script."""
        before, found, _ = base.path.partition(f"/{guess.folder}/")
        if guess.folder:
            yield resolve(self.home, f"{before}/{guess.reference}" if found else f"/{guess.reference}")
        if guess.called or not guess.folder:
            yield from (resolve(page, guess.reference) for page in self.bases)
        if not guess.folder:
            yield resolve(base, guess.reference)

    def next_guess(self) -> Spot | None:
        """The next file that may be there and is not known otherwise."""
        while waiting := self.called or self.named:
            if (spot := waiting.popleft()) not in self.known:
                return spot
        return None

    @property
    def unread(self) -> int:
        """How many of them were not asked for."""
        return sum(spot not in self.known for spot in (*self.called, *self.named))

    def take(self, octets: int) -> None:
        """Count a file.

        Raises:
            ProbeError: there is more than may be read.
        """
        self.files += 1
        self.octets += octets
        if self.files > FILES or self.octets > ALL_OCTETS:
            what = f"{FILES} files or {ALL_OCTETS >> 20} MiB"
            raise ProbeError(f"its pages and what they load are more than {what}", _TOO_MUCH)

    def note(self, where: Where, found: Iterable[Naming]) -> None:
        """Keep which hosts are named, as digests."""
        for naming in found:
            if not (host := named_mark(naming.host)):
                continue
            digest = mark_digest(host, self.probe)
            self.mentions.add(Mention(digest, naming.use, naming.form, where))
            if naming.use == "used" and is_numeric(host):
                self.numbers.add(digest)
            elif naming.use == "used":
                self.twins.add(mark_digest(twin_of(host), self.probe))


def crawl(walked: Walk, probe: Probe) -> Bundle:
    """Which hosts the pages, their own scripts and those scripts' source maps name.

    Raises:
        ProbeError: something that a browser would load could not be read.
    """
    read = _Crawl(walked.pages[0].spot, probe, known={page.spot for page in walked.pages})
    for page in _arrived(walked):
        read.take(len(page.answer.body))
        _read_page(read, page.spot, text_of(page.answer))
    while read.waiting:
        where, spot = read.waiting.popleft()
        _read_file(read, where, spot)
    for _ in range(min(GUESSES, FILES - read.files)):
        if (guess := read.next_guess()) is not None:
            _try_file(read, guess)
    return read.bundle


def _arrived(walked: Walk) -> tuple[Page, ...]:
    """The pages that a reader arrives at; `/` may be another host's where other pages are declared."""
    wanted = {path: end for path, end in walked.ends.items() if path != "/" or len(walked.ends) == 1}
    for path, end in wanted.items():
        if not isinstance(end, Page):
            raise ProbeError(f"{path} is sent on to another host, where nothing is read", _SHOW)
        if not 200 <= end.answer.status < 300 or not is_html(end.answer):
            raise ProbeError(f"{path} answers {end.answer.status} and no page", _SHOW)
    pages = (page for page in walked.pages if is_html(page.answer))
    return tuple(page for page in pages if 200 <= page.answer.status < 300)


_SHOW = "declare pages that answer 200 with HTML, without a login"


def _read_page(read: _Crawl, spot: Spot, text: str) -> None:
    markup = read_markup(text)
    base = (resolve(spot, markup.bases[0]) if markup.bases else None) or spot
    read.bases[base] = None
    for where, references in _loaded(markup):
        for reference in references:
            read.expect(where, base, reference)
    for program in texts(markup.used):
        read.note("page", namings(program))
        _read_imports(read, base, program)
        _read_sheets(read, base, program)
    for cited in texts(markup.cited):
        read.note("page", mentions.linked(cited))


def _loaded(markup: Markup) -> tuple[tuple[Where, list[str]], ...]:
    return ("script", markup.scripts), ("page", markup.frames), ("stylesheet", markup.sheets)


def _read_imports(read: _Crawl, spot: Spot, program: str) -> None:
    for reference in imports(program):
        read.expect("script", spot, reference)
    for guess in guesses(program):
        read.guess(spot, guess)


def _read_sheets(read: _Crawl, spot: Spot, text: str) -> None:
    for reference in sheets(text):
        read.expect("stylesheet", spot, reference)


def _try_file(read: _Crawl, spot: Spot) -> None:
    """Read a file if it is one: many applications answer unknown paths with a page."""
    answer = ask(spot, read.probe, FILE_OCTETS)
    if 200 <= answer.status < 300 and not is_html(answer):
        read.take(len(answer.body))
        text = text_of(answer)
        read.note("JSON file" if spot.path.partition("?")[0].endswith(".json") else "script", namings(text))
        for guess in guesses(text):
            read.guess(spot, guess)


def _read_file(read: _Crawl, where: Where, spot: Spot) -> None:
    answer = ask(spot, read.probe, FILE_OCTETS)
    read.take(len(answer.body))
    if answer.status in {404, 410}:
        return  # nothing that a browser could run
    if not 200 <= answer.status < 300:
        raise ProbeError(f"a {where} of its own host answers {answer.status}", _OPEN)
    text = text_of(answer)
    match where:
        case "source map":
            read.note(where, _sources(text))
        case "page":
            _read_page(read, spot, text if is_html(answer) else "")
        case "stylesheet":
            read.note(where, namings(text))
            _read_sheets(read, spot, text)
        case _:
            _read_program(read, spot, answer)


def _read_program(read: _Crawl, spot: Spot, answer: HttpAnswer) -> None:
    program, *references = _parted(text_of(answer))
    read.note("script", namings(program))
    _read_imports(read, spot, program)
    stated = (answer.headers.get(name, "") for name in ("sourcemap", "x-sourcemap"))
    for reference in (*references, *filter(None, stated)):
        if inline := _INLINE.match(reference):
            read.note("source map", _sources(_decoded(inline[1])))
        else:
            read.expect("source map", spot, reference)


_OPEN = "let every script, frame and stylesheet that the page loads answer 200 where the page does"


def _parted(text: str) -> tuple[str, ...]:
    """A script, and the reference to its source map at its end, if there is one."""
    start = text.rfind("sourceMappingURL=")
    found = _MAP.search(text, max(0, start - 4)) if start >= 0 else None
    return (text[: found.start()], found[1]) if found else (text,)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _sources(text: str) -> Iterator[Naming]:
    """What the sources in a map name; of a text that is no map, what the text names."""
    try:
        read = json.loads(text.removeprefix(")]}'"))
    except (ValueError, RecursionError):
        read = None
    match read:
        case {"sourcesContent": [*contents]}:
            for content in contents:
                yield from namings(content) if isinstance(content, str) else ()
        case _:
            yield from namings(text)
