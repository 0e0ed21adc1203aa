"""What speaks against a certificate and can be kept out of its file: the journal has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from disjoint.certify.claims import Proof
from disjoint.certify.sign_off import REJECTED
from disjoint.errors import BarredError
from disjoint.journal import Entry
from disjoint.model.finding import Outcome

from .history import CERTIFIED, PROVEN

SIGNED_OFF = "signed-off"


def expect_unopposed(proof: Proof, entries: Iterable[Entry]) -> None:
    """Whether nobody rejected a proof, and no later one found its two environments to share anything.

    A line can be taken out of a certificate, and an older certificate be shown; neither out of a journal.

    Raises:
        BarredError: somebody did, or one did.
    """
    newest: Entry | None = None
    for entry in entries:
        if entry.event == SIGNED_OFF and _says(entry, proof=proof.digest, decision=REJECTED):
            raise BarredError(f"{entry.actor} rejected this proof on {_day(entry)}: certify anew")
        if _tells(entry) and _says(entry, environment=proof.environment, reference=proof.reference):
            newest = entry
    if newest is not None and newest.event == PROVEN:
        raise BarredError(
            f"{proof.environment} was found to share something with {proof.reference} on {_day(newest)}, "
            f"after it was certified: see `disjoint journal show {newest.seq}`, mend it and certify anew"
        )


def _tells(entry: Entry) -> bool:
    """Isolated or shared: what was left open contradicts nothing."""
    return entry.event == CERTIFIED or (entry.event == PROVEN and _says(entry, verdict=Outcome.SHARED.value))


def _says(entry: Entry, **words: str) -> bool:
    return all(entry.body.get(name) == word for name, word in words.items())


def _day(entry: Entry) -> str:
    return f"{entry.at:%Y-%m-%d %H:%M} UTC"
