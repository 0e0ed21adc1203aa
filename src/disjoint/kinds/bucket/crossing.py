"""What production's store answered to staging's keys. Pure."""

from __future__ import annotations

from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question

from .facts import Access, BucketDeclared, BucketFacts, Policy

BucketQuestion = Question[BucketFacts, BucketDeclared]


def cross_access(q: BucketQuestion) -> Judgement:
    """Other bucket, same keys: one wrong name, and staging writes into production's files.

    Proof is the refusal of the store that lists the bucket to production's own keys. A missing
    bucket, a redirect or a silence is no refusal.
    """
    match q.tried("reach", Access):
        case Unknown(reason, remedy):
            return unproven(f"staging's keys were not put to production: {reason}", (), remedy or _ASK)
        case Known(found):
            return _let_in(q, found) or _held_back(q, found)


_ASK = "run where production's bucket can be reached with its own keys"
_OWN = "take staging's keys out of every policy that names production's bucket; then give them another user"
_OTHER_USER = "name in production's policy whom it means, and keep staging's users out of it"
_ONE_PAIR = "staging's one declared key pair, and two reads; rights to write are never tried"


def _let_in(q: BucketQuestion, found: Access) -> Judgement | None:
    """What is allowed by deed, or by a policy to everybody."""
    for what, answer in (("reach", found.head), ("list", found.listing)):
        if answer.word == "allowed":
            summary = f"staging's keys may {what} production's bucket"
            return shared(Grade.IDENTITY, summary, _seen(q, found), _OWN)
    match found.policy:
        case Known(Policy(anyone)) if writing := _beyond_reading(anyone):
            summary = f"production's bucket policy allows anyone {writing}"
            return shared(Grade.IDENTITY, summary, _seen(q, found), _OTHER_USER)
        case _:
            return None


def _held_back(q: BucketQuestion, found: Access) -> Judgement:
    seen = _seen(q, found)
    match found.control:
        case Unknown(reason, remedy):
            why = f"production's own keys were not let in either: {reason}"
            return unproven(why, seen, remedy or _ASK)
        case Known(False):
            return unproven("what production's own keys list is not its bucket", seen, _ASK)
        case Known():
            pass
    if unclear := [answer.told for answer in (found.head, found.listing) if answer.word != "refused"]:
        return unproven(f"no refusal: production's store answered {' and '.join(unclear)}", seen, _ASK)
    if doubt := _doubt(found.policy):
        return unproven(f"production's bucket policy {doubt}", seen, _OTHER_USER)
    summary = "production's store itself refused staging's keys"
    return isolated(Grade.REFUSED, summary, seen, _limits(found.policy))


def _doubt(policy: Fact[Policy]) -> str:
    """What a policy may let staging do, that reading does not show."""
    match policy:
        case Known(Policy(_, _, alike, _)) if alike:
            return "names a user that is called as staging is: what it may write is not known"
        case Known(Policy(_, perhaps, _, _)) if writing := _beyond_reading(perhaps):
            return f"allows anyone {writing}, under conditions: whether staging meets them is not known"
        case _:
            return ""


def _beyond_reading(actions: tuple[str, ...]) -> str:
    """All but reading objects by their keys, which is how public files are served."""
    return ", ".join(action for action in actions if not action.lower().startswith("s3:getobject"))


def _limits(policy: Fact[Policy]) -> str:
    match policy:
        case Unknown(reason, remedy):
            return f"{_ONE_PAIR}; the bucket policy was not read ({reason}: {remedy or 'not offered'})"
        case Known(Policy(anyone, perhaps, _, others)):
            more = "; anyone may read objects whose keys they know" if anyone or perhaps else ""
            whose = f"; the policy names {others} others, and whose they are is not known" if others else ""
            return f"{_ONE_PAIR}{more}{whose}"


def _seen(q: BucketQuestion, found: Access) -> tuple[Evidence, ...]:
    how = "one attempt with staging's keys"
    read = "GetBucketPolicy with production's keys"
    anyone = mapped(found.policy, lambda policy: ", ".join(policy.anyone) or "nothing")
    return (
        q.production.saw("staging's keys: HEAD", Known(found.head.told), f"HeadBucket, {how}"),
        q.production.saw("staging's keys: list", Known(found.listing.told), f"ListObjectsV2, {how}"),
        q.production.saw("its own keys: list", found.control, "ListObjectsV2 with production's keys"),
        q.production.saw("its policy allows anyone", anyone, read),
    )
