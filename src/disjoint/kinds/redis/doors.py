"""What production's own door says to staging's login. Pure."""

from __future__ import annotations

from disjoint.model.fact import Known, Unknown, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question

from .facts import Knock, RedisDeclared, RedisFacts

Ask = Question[RedisFacts, RedisDeclared]


def cross_login(q: Ask) -> Judgement:
    """Staging's user and password open production's server: one wrong host name, and they do.

    Proof is production's own refusal, from a server that let its own login in in the same run.
    That nobody answered, or that this machine may not come, is no word on the credentials.
    """
    match q.tried("reach", Knock), q.production.facts.transport:
        case Unknown(reason, remedy), _:
            return unproven(f"staging's login was not put to production: {reason}", _seen(q), remedy or _ASK)
        case Known(knock), _ if knock.let_in:
            return shared(
                Grade.IDENTITY, f"production's server let staging in: {knock.words}", _seen(q), _OWN
            )
        case Known(), Unknown(reason, remedy):
            why = f"production did not let its own login in either: {reason}"
            return unproven(why, _seen(q), remedy or _ASK)
        case Known(), Known() if q.production.facts.steady != Known(True):
            return unproven(_ONE_OF_SEVERAL, _seen(q), _SETTLE)
        case Known(), Known():
            return isolated(Grade.REFUSED, "production itself refused staging's login", _seen(q), _ONE_LOGIN)


def _seen(q: Ask) -> tuple[Evidence, ...]:
    words = mapped(q.tried("reach", Knock), lambda knock: knock.words)
    return (
        q.production.saw("staging's login", words, "one AUTH with staging's user and password"),
        q.production.saw(
            "its own login", mapped(q.production.facts.transport, _let_in), "the connection itself"
        ),
    )


def _let_in(transport: str) -> str:
    return f"let in ({transport})"


_ONE_OF_SEVERAL = "it refused staging's login, and whether one server alone answers there is not known"
_SETTLE = "declare the servers behind production's address one by one"
_ASK = "run where production's server can be reached with its own login"
_OWN = (
    "give production's server a password that staging does not know (requirepass, or ACL SETUSER), and "
    "staging a login of its own"
)
_ONE_LOGIN = (
    "this one login from this machine: other users that staging holds were not tried. Production's ACL LOG "
    "shows one entry with the reason auth, or none where staging has no password"
)
