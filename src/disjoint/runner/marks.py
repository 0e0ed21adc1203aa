"""Many canaries at once, by halves: hold their marks for a while, or look for those that others hold."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, TypeAlias

from disjoint.model.experiment import Canary, Look, Party, Sights
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import ProbeError

PLACING_SECONDS = 15.0
"""How long placing a mark may take; what stands later counts for nothing."""

Key: TypeAlias = tuple[str, str]
"""Resource and name of the canary."""


@dataclass(frozen=True, slots=True)
class Part:
    """One side's part in one canary."""

    canary: Canary[Any]
    party: Party[Any]

    @property
    def key(self) -> Key:
        """Unique in a run."""
        return self.party.target.resource, self.canary.name


class Placed(NamedTuple):
    """A mark that stands, and what its own side saw of it."""

    token: str
    before: Sights


Spoken: TypeAlias = "queue.SimpleQueue[tuple[Key, Fact[Any]]]"


@dataclass(slots=True)
class Holding:
    """Marks that stand while the context lasts. Each has a thread, and connections of its own."""

    parts: Sequence[Part]
    window: float
    """Seconds for which they must be able to stand."""
    _over: threading.Event = field(default_factory=threading.Event)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever asks over a second connection: it is one more on a server, however many hold."""
    _placed: Spoken = field(default_factory=queue.SimpleQueue)
    _again: Spoken = field(default_factory=queue.SimpleQueue)

    def __enter__(self) -> Self:
        for part in self.parts:
            threading.Thread(target=self._hold, args=(part,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()

    def placed(self) -> Mapping[Key, Fact[Placed]]:
        """What stands, once all do; call it once."""
        return self._heard(self._placed, "the mark did not stand in time")

    def seen_again(self) -> Mapping[Key, Fact[Sights]]:
        """What each side sees of its own mark now; the marks go with it."""
        self._over.set()
        return self._heard(self._again, "the mark was not looked for again in time")

    def _hold(self, part: Part) -> None:
        try:
            with part.canary.load().hold(part.party, self.window) as mark:
                with self._asking:
                    placed = Placed(mark.token, mark.alive())
                self._placed.put((part.key, Known(placed)))
                self._over.wait()
                with self._asking:
                    self._again.put((part.key, _asked(mark.alive)))
        except Exception as error:  # noqa: BLE001  (a client library's failure is a fact; its text may hold secrets)
            self._placed.put((part.key, _why(error)))
            self._again.put((part.key, _why(error)))

    def _heard(self, spoken: Spoken, late: str) -> Mapping[Key, Fact[Any]]:
        return {**{part.key: Unknown(late) for part in self.parts}, **_brought(spoken, len(self.parts))}


def look_for(tokens: Mapping[Key, str], parts: Sequence[Part]) -> Mapping[Key, Fact[Look]]:
    """Look for every mark at once; what fails is Unknown."""
    looked: Spoken = queue.SimpleQueue()
    wanted = [part for part in parts if part.key in tokens]
    for part in wanted:
        threading.Thread(target=_look, args=(part, tokens[part.key], looked), daemon=True).start()
    late = Unknown("the look was not over in time")
    return {**{part.key: late for part in wanted}, **_brought(looked, len(wanted))}


def _look(part: Part, token: str, looked: Spoken) -> None:
    looked.put((part.key, _asked(lambda: part.canary.load().look(part.party, token))))


def _brought(spoken: Spoken, expected: int) -> dict[Key, Fact[Any]]:
    found: dict[Key, Fact[Any]] = {}
    while len(found) < expected:
        try:
            key, fact = spoken.get(timeout=PLACING_SECONDS)
        except queue.Empty:
            return found
        found[key] = fact
    return found


def _asked(ask: Callable[[], Any]) -> Fact[Any]:
    try:
        return Known(ask())
    except Exception as error:  # noqa: BLE001  (as above)
        return _why(error)


def _why(error: Exception) -> Unknown:
    if isinstance(error, ProbeError):
        return Unknown(error.reason, error.remedy)
    return Unknown(f"the test failed: {type(error).__name__}")
