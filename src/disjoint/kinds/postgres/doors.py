"""What production's own door says to staging's login. Pure."""

from __future__ import annotations

from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question, Rule

from .facts import Knock, PostgresDeclared, PostgresFacts

PostgresQuestion = Question[PostgresFacts, PostgresDeclared]


def cross_login(q: PostgresQuestion) -> Judgement:
    """Staging's user and password open production's server: one wrong host name, and they do.

    Proof is production's own refusal, from a server that answered its own login in the same run.
    That nobody answered, or that this machine may not come, is no word on the credentials.
    """
    match q.tried("reach", Knock), mapped(both(q.production.facts.version, _who(q)), bool):
        case Unknown(reason, remedy), _:
            return unproven(f"staging's login was not put to production: {reason}", (), remedy or _ASK)
        case Known(knock), _ if knock.let_in:
            return shared(Grade.IDENTITY, f"staging's login opens production: {knock.words}", _seen(q), _OWN)
        case Known(), Unknown(reason, remedy):
            why = f"what refused it is not known to be production's server: {reason}"
            return unproven(why, _seen(q), remedy or _ASK)
        case Known(knock), Known():
            summary = "production itself refused staging's login"
            return isolated(Grade.REFUSED, summary, _seen(q), _ONE_LOGIN)


def _who(q: PostgresQuestion) -> Fact[int]:
    """Known where one server answers at the address: behind a balancer, the next one may let staging in."""
    return q.production.facts.alternatives


def _seen(q: PostgresQuestion) -> tuple[Evidence, ...]:
    how = "one login attempt with staging's user and password"
    answer = mapped(q.tried("reach", Knock), lambda knock: knock.words)
    return (
        q.production.saw("staging's login", answer, how),
        q.production.saw("its own login", q.production.facts.version, "server_version"),
    )


_ASK = "run where production's database can be reached with its own login"
_OWN = "give staging a role of its own that production does not know, or at least another password"
_ONE_LOGIN = (
    "this one login from this machine, to production's database: another role that staging holds, and other "
    "databases of the server, were not tried"
)

RULES: tuple[Rule[PostgresFacts, PostgresDeclared], ...] = (
    Rule("postgres/cross-login", cross_login, applies=lambda declared: declared.reach, needs="reach"),
)
