"""The process that holds staging's half, started for one question and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from .peers import peers
from .questions import PRODUCTION, TOKEN, Question, Refusal, may_be_production

REST = 5.0
"""Seconds between two questions."""
GRACE = 45.0
"""Seconds that a child has besides those for which its marks stand."""
_RECORD, _LONGEST = b"\x1e", 32 << 20
_TOLD, _SHOWN = b"error: ", 300
_OWN_CODES = range(1, 5)
"""With which the command says in a line of its own why it ended."""
_PATIENCE = 3.0
_LINE = 1 << 12


class Turn:
    """One question at a time, and a rest after each, in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.fresh()

    def fresh(self) -> None:
        """Nobody's; a fork has nobody's questions either, and may have been made while the lock was held."""
        self._lock = threading.Lock()
        self._whose: object = None
        self._from = 0.0

    def take(self, whose: object) -> float:
        """Take it; or the seconds after which to try again."""
        with self._lock:
            rest = self._from - time.monotonic()
            if self._whose is not None or rest > 0:
                return max(rest, 1.0)
            self._whose = whose
            return 0.0

    def over(self, whose: object, *, rest: float = 0.0) -> None:
        """Leave it to others, once they have waited so long; who has it not leaves nothing."""
        with self._lock:
            if self._whose is whose:
                self._whose, self._from = None, time.monotonic() + rest


TURN = Turn()
_TIES: set[int] = set()
"""Its ends of what tells children that this process lives; the system closes them however it goes."""


def _untied() -> None:
    """A fork that kept one would pass for this process."""
    for tie in _TIES:
        os.close(tie)
    _TIES.clear()


os.register_at_fork(after_in_child=TURN.fresh)
os.register_at_fork(after_in_child=_untied)


class Answer:
    """One question's answer: a refusal, or the records of a child. Called by one thread; `end` by any."""

    def __init__(self, question: Question, manifest: str, own: Mapping[str, str]) -> None:
        self._question, self._manifest, self._own = question, manifest, own
        self._over = threading.Event()
        self._said = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []

    def begin(self) -> bytes | Refusal:
        """Start the child, and wait for its first record."""
        if wait := TURN.take(self):
            says = "another question is being answered, or has just been; ask again in a moment"
            return Refusal(429, says, (("Retry-After", str(round(wait + 0.5))),))
        try:
            refusal = self._refused()
        except BaseException:
            TURN.over(self)
            raise
        if refusal is not None:
            TURN.over(self)
            return refusal
        return next(self.records(), None) or self._failed()

    def records(self) -> Iterator[bytes]:
        """What else the child writes, record by record, until it ends; other lines are none of the answer."""
        if self._process is None or self._process.stdout is None:
            return
        with suppress(OSError, ValueError):  # closed
            for line in iter(partial(self._process.stdout.readline, _LONGEST), b""):
                if line.startswith(_RECORD):
                    yield line

    def end(self) -> None:
        """Nobody waits for it any more. Does not block."""
        self._over.set()

    def close(self) -> None:
        """The same; the child is gone when it returns, or has been killed."""
        self.end()
        for thread in self._threads:
            thread.join(2 * _PATIENCE)

    def _refused(self) -> Refusal | None:
        outer = dict(os.environ)
        variables = {**outer, **self._own}
        if may_be_production(variables) or (self._own and may_be_production(outer)):
            return PRODUCTION
        try:
            self._start(variables)
        except (OSError, ValueError, RuntimeError) as error:  # whose text may hold a value
            return Refusal(503, f"no child could be started ({type(error).__name__})")
        return None

    def _start(self, variables: Mapping[str, str]) -> None:
        own = {name: value for name, value in variables.items() if name != TOKEN}
        process, tie = _tied(self._words(), own)
        watching = threading.Thread(target=self._watch, args=(process, tie), daemon=True)
        listening = threading.Thread(target=self._listen, args=(process,), daemon=True)
        try:
            listening.start()
            watching.start()
        except RuntimeError:
            process.kill()
            process.wait()
            _cut(tie)
            raise
        self._process, self._threads = process, [watching, listening]

    def _words(self) -> list[str]:
        """Without the working directory in its path: an application has modules of any name."""
        nonce, seconds = self._question
        words = [_python(), "-P", "-m", "disjoint", "hold", "--nonce", nonce, "--seconds", str(seconds)]
        connected = ["--connected", ",".join(peers()), "--tied"]
        return [*words, "--output", "-", *connected, *(["--manifest", self._manifest] * bool(self._manifest))]

    def _watch(self, process: subprocess.Popen[bytes], tie: int) -> None:
        """End the child when nobody waits for it, or in any case in time; then it is another's turn."""
        try:
            self._over.wait(self._question.seconds + GRACE)
            _end(process)
        finally:
            _cut(tie)
            TURN.over(self, rest=REST)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Keep the last reason of its standard error, however much is written there."""
        if process.stderr is not None:
            with suppress(OSError, ValueError):  # closed
                for line in iter(partial(process.stderr.readline, _LINE), b""):
                    self._said = line if line.startswith(_TOLD) else self._said

    def _failed(self) -> Refusal:
        """Why there is no record: as the command says it, whose errors hold no value."""
        code = None if self._process is None else _code(self._process)
        for thread in self._threads[1:]:
            thread.join(_PATIENCE)
        told = self._said.decode("utf-8", "replace").removeprefix(_TOLD.decode()).strip()
        if code in _OWN_CODES and told:
            return Refusal(503, "".join(c for c in told if c.isprintable())[:_SHOWN])
        return Refusal(
            503, f"its child ended without a half ({_ended(code)}); try `python -m disjoint hold` there"
        )


def _tied(words: list[str], variables: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """The child, and the end of its standard input that keeps it alive: nothing is ever written there."""
    followed, tie = os.pipe()
    _TIES.add(tie)
    try:
        process = subprocess.Popen(  # noqa: S603  (no shell; our own program and words)
            words,
            env=variables,
            stdin=followed,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except BaseException:
        _cut(tie)
        raise
    finally:
        os.close(followed)
    return process, tie


def _cut(tie: int) -> None:
    _TIES.discard(tie)
    os.close(tie)


def _python() -> str:
    """The interpreter; a server that embeds one (uWSGI) calls itself the executable."""
    if "py" in os.path.basename(sys.executable):
        return sys.executable
    return os.path.join(sys.prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for way in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with suppress(OSError):  # gone meanwhile
                os.killpg(process.pid, way)
            _code(process)


def _code(process: subprocess.Popen[bytes]) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return process.wait(_PATIENCE)
    return None


def _ended(code: int | None) -> str:
    if code is None or code < 0:
        return "it was ended"
    return f"exit code {code}"
