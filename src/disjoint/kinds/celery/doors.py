"""What production's own doors say to staging's logins. Pure."""

from __future__ import annotations

from collections.abc import Callable

from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven

from .facts import Knock, Knocks, Nameless, Server
from .servers import BACKEND, BROKER, Ask, Part

Door = tuple[Part, Callable[[Knocks], Fact[Knock]]]


def cross_login(q: Ask) -> Judgement:
    """Staging's logins open production's broker, or its result backend: one wrong host name, and they do.

    Proof is production's own refusal at both, from servers that let its own login in in the
    same run. One that lets staging in is enough for SHARED.
    """
    seen = tuple(each for door in _doors(q) for each in _seen(q, *door))
    answers = [(part, _answer(q, pick), part.transport(q.production.facts)) for part, pick in _doors(q)]
    for part, answer, _ in answers:
        if isinstance(answer, Known) and answer.value.let_in:
            summary = f"production's {part.word} let staging in: {answer.value.words}"
            return shared(Grade.IDENTITY, summary, seen, _OWN)
    for part, answer, own in answers:
        match both(answer, own):
            case Unknown(reason, remedy):
                return unproven(f"{part.word}: {reason}", seen, remedy or _ASK)
            case Known():
                pass
        if not _alone(part.server(q.production.facts)):
            why = f"one {part.word} refused staging's login, and whether it answers there alone is not known"
            return unproven(why, seen, _SETTLE)
    return isolated(Grade.REFUSED, "production itself refused staging's logins", seen, _ONE_LOGIN)


def _alone(server: Fact[Server | Nameless]) -> bool:
    """Whether a second connection met the same server: another behind a balancer may let staging in."""
    return isinstance(server, Known) and server.value.steady


def _doors(q: Ask) -> list[Door]:
    doors: list[Door] = [(BROKER, lambda knocks: knocks.broker)]
    return doors if q.declared.result_backend is None else [*doors, (BACKEND, lambda knocks: knocks.backend)]


def _answer(q: Ask, pick: Callable[[Knocks], Fact[Knock]]) -> Fact[Knock]:
    match q.tried("reach", Knocks):
        case Known(knocks):
            return pick(knocks)
        case Unknown(reason, remedy):
            return Unknown(f"staging's login was not put to production: {reason}", remedy)


def _seen(q: Ask, part: Part, pick: Callable[[Knocks], Fact[Knock]]) -> tuple[Evidence, ...]:
    words = mapped(_answer(q, pick), lambda knock: knock.words)
    own = mapped(part.transport(q.production.facts), lambda transport: f"let in ({transport})")
    return (
        q.production.saw(f"staging's login at the {part.word}", words, "one AUTH with staging's login"),
        q.production.saw(f"its own login at the {part.word}", own, "the connection itself"),
    )


_SETTLE = "declare the servers behind production's address one by one, for a user that may run INFO"
_ASK = "run where production's broker and result backend can be reached with its own logins"
_OWN = (
    "give production's server a password that staging does not know (requirepass, or ACL SETUSER), and "
    "staging a login of its own"
)
_ONE_LOGIN = "these logins from this machine: other users that staging holds were not tried"
