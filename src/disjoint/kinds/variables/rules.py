"""What two sets of variables say about each other. Text only: the grade is `declared`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from disjoint.model.fact import Absent, Fact, Known, Unknown, both
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Question, Rule, Side
from disjoint.model.names import same_environment
from disjoint.model.words import counted

from .facts import MODES, Digested, VariablesDeclared, VariablesFacts

VariablesQuestion = Question[VariablesFacts, VariablesDeclared]


def environment_name(q: VariablesQuestion) -> Judgement:
    """A staging copied from production still calls itself production, and every check keyed on it sleeps.

    The label proves nothing about resources; a wrong one disarms the code that relies on it.
    """
    sides = (q.production, q.staging)
    seen = q.saw("label", lambda f: f.label, "read from the variables")
    if not all(isinstance(side.facts.platform, Absent) for side in sides):
        seen += q.saw("platform", lambda f: f.platform, "read from the variables")
    if wrong := [text for side in sides for text in _contradictions(side, q)]:
        return shared(Grade.DECLARED, "; ".join(wrong), seen, _relabel(q))
    if doubts := [*_unlabelled(q), *(text for side in sides for text in _doubts(side))]:
        return unproven("; ".join(doubts), seen, _relabel(q))
    said = ", ".join(side.facts.label.value for side in sides if isinstance(side.facts.label, Known))
    summary = f"each environment calls itself by its own name: {said}"
    return isolated(Grade.DECLARED, summary, seen, _LABEL_LIMITS)


def _unlabelled(q: VariablesQuestion) -> Iterator[str]:
    """The sides that say nothing; which variables would is told as evidence."""
    mute = [s.environment for s in (q.production, q.staging) if isinstance(s.facts.label, Absent)]
    if mute:
        does = "does not say which environment it is" if len(mute) == 1 else "do not say which they are"
        yield f"{' and '.join(mute)} {does}"


def _doubts(side: Side[VariablesFacts]) -> Iterator[str]:
    yield from _label_doubts(side)
    yield from _platform_doubts(side)


def _label_doubts(side: Side[VariablesFacts]) -> Iterator[str]:
    match side.facts.label:
        case Absent():
            pass
        case Unknown(reason):
            yield f"{side.environment} has no label to go by: {reason}"
        case Known(label) if _is_mode(label) and not _names_itself(label, side):
            yield f"{side.environment} runs with {label}, a mode that names no environment"
        case Known(label) if not _names_itself(label, side):
            yield f"{side.environment} calls itself {label}"
        case Known():
            pass


def _platform_doubts(side: Side[VariablesFacts]) -> Iterator[str]:
    match side.facts.platform:
        case Absent():
            pass
        case Unknown(reason):
            yield f"what the platform calls {side.environment} was not read: {reason}"
        case Known(name) if not _names_itself(name, side):
            yield f"the platform calls {side.environment} {name}"
        case Known():
            pass


_LABEL_LIMITS = "a label is a word in a variable: it says nothing of the resources behind it"


def _contradictions(side: Side[VariablesFacts], q: VariablesQuestion) -> tuple[str, ...]:
    other = q.staging if side.protected else q.production
    facts = (side.facts.label, side.facts.platform)
    return tuple(
        f"{side.environment} calls itself {fact.value}"
        for fact in facts
        if isinstance(fact, Known) and not _is_mode(fact.value) and _names_itself(fact.value, other)
    )


def _is_mode(assignment: str) -> bool:
    return assignment.partition("=")[0].upper() in MODES


def _names_itself(assignment: str, side: Side[VariablesFacts]) -> bool:
    return same_environment(assignment.partition("=")[2], side.environment)


def _relabel(q: VariablesQuestion) -> str:
    name = q.declared.labels[0] if q.declared.labels else "ENVIRONMENT"
    return (
        f"set {name}={q.staging.environment} in {q.staging.environment} and "
        f"{name}={q.production.environment} in {q.production.environment}"
    )


def secret_reused(q: VariablesQuestion) -> Judgement:
    """An environment duplicated from production keeps production's keys under the same or another name.

    A session, token or signature made with a shared key in staging is accepted by production.
    Different values prove only that these values differ.
    """
    match both(q.production.facts.secrets, both(q.staging.facts.secrets, q.staging.facts.others)):
        case Unknown(reason, remedy):
            return unproven(f"the secrets were not read: {reason}", remedy=remedy or _RESOLVE)
        case Known((production, (staging, others))):
            return _reused(q, production, staging, others)


_RESOLVE = "give disjoint both sets of variables, with the platform's references resolved"


def _reused(
    q: VariablesQuestion,
    production: tuple[Digested, ...],
    staging: tuple[Digested, ...],
    others: tuple[Digested, ...],
) -> Judgement:
    pairs = [*_common(production, staging)]
    told, doubt = {(_name(p), _name(s)) for p, s in pairs}, _doubt(q)
    pairs += [(p, s) for p, s in _common(production, others) if (_name(p), s.variable) not in told]
    if pairs:
        names = "; ".join(_told(pairs))
        anew = ", ".join(sorted({f"{s.variable} ({s.where})" for _, s in pairs}))
        rotate = ", ".join(sorted({f"{p.variable} ({p.where})" for p, _ in pairs}))
        remedy = f"make new values for staging's {anew}; then rotate production's {rotate}"
        summary = f"staging holds production's secret: {names}{f'; {doubt}' if doubt else ''}"
        held = shared(Grade.DECLARED, summary, _secret_evidence(q), remedy)
        # whoever accepts these variables accepts nothing that nobody could read; and whoever accepts a value
        # accepts it for all that production has it for: the mail account's that is the database's, too
        return held if doubt else replace(held, about=tuple(sorted({_name(d) for p in pairs for d in p})))
    if doubt:
        return unproven(doubt, _secret_evidence(q), _RESOLVE)
    return _all_differ(q, production, staging)


def _doubt(q: VariablesQuestion) -> str:
    """Which secrets are not known; empty where all are."""
    match both(q.production.facts.unresolved, q.staging.facts.unresolved):
        case Unknown(reason):
            return f"some secrets were not read: {reason}"
        case Known((left, right)):
            names = ", ".join(sorted({*left, *right}))
            return f"unresolved references: {names}" if names else ""


def _told(pairs: Iterable[tuple[Digested, Digested]]) -> Iterator[str]:
    """Each of staging's variables once, however many of production's hold its value."""
    theirs: dict[str, set[str]] = {}
    for production, staging in pairs:
        theirs.setdefault(staging.variable, set()).add(production.variable)
    return (f"{name} is production's {', '.join(sorted(theirs[name]))}" for name in sorted(theirs))


def _name(secret: Digested) -> str:
    """The variable's name, without where in it."""
    return secret.variable.partition(" (")[0]


def _common(
    production: tuple[Digested, ...], staging: tuple[Digested, ...]
) -> Iterator[tuple[Digested, Digested]]:
    """Secrets of production's, each with what of staging's is the same in some form."""
    by_form: dict[str, list[Digested]] = {}
    for theirs in production:
        for form in theirs.forms:
            by_form.setdefault(form, []).append(theirs)
    for ours in staging:
        met = (theirs for form in sorted(ours.forms & by_form.keys()) for theirs in by_form[form])
        yield from ((theirs, ours) for theirs in dict.fromkeys(met))


def _all_differ(
    q: VariablesQuestion, production: tuple[Digested, ...], staging: tuple[Digested, ...]
) -> Judgement:
    for side, held in ((q.production, production), (q.staging, staging)):
        if not any(secret.forms for secret in held):
            # an empty list compares equal to nothing: no control, no proof
            summary = f"no secret was found among {side.environment}'s variables to compare"
            return unproven(summary, _secret_evidence(q), _NO_SECRETS)
    summary = f"of staging's {counted(len(staging), 'secret')} none is one of production's {len(production)}"
    return isolated(Grade.DECLARED, summary, _secret_evidence(q), _UNSEEN)


_NO_SECRETS = "check that the file is the one the environment really runs with"
_UNSEEN = "secrets kept in files, vaults or platform stores, and in no variable, are not seen"


def _secret_evidence(q: VariablesQuestion) -> tuple[Evidence, ...]:
    return q.saw("secrets", lambda f: _counted(f.secrets), "keyed digests of every normal form")


def _counted(secrets: Fact[tuple[Digested, ...]]) -> Fact[str]:
    match secrets:
        case Known(held):
            return Known(f"{len(held)}: {', '.join(d.variable for d in held)}" if held else "0")
        case Unknown():
            return secrets


def live_key(q: VariablesQuestion) -> Judgement:
    """Two different live keys differ, and both charge real cards.

    The vendor's prefix tells the mode; equality with production is not needed.
    """
    match q.staging.facts.live_keys:
        case Unknown(reason, remedy):
            return unproven(f"staging's keys were not read: {reason}", remedy=remedy or _RESOLVE)
        case Known(keys) if keys:
            names = ", ".join(f"{key.variable} ({key.vendor}, {key.where})" for key in keys)
            remedy = "put the vendor's test-mode keys into staging, and rotate the live ones"
            found = shared(Grade.DECLARED, f"staging holds live-mode keys: {names}", remedy=remedy)
            return replace(found, about=tuple(sorted({key.variable for key in keys})))
        case Known():
            return _no_live_key(q)


def _no_live_key(q: VariablesQuestion) -> Judgement:
    match both(q.staging.facts.unresolved, q.staging.facts.names):
        case Unknown(reason):
            return unproven(f"staging's keys were not read: {reason}", remedy=_RESOLVE)
        case Known((unresolved, _)) if unresolved:
            return unproven(f"unresolved references: {', '.join(unresolved)}", remedy=_RESOLVE)
        case Known((_, names)) if not names:
            return unproven("staging has no variables", remedy=_NO_SECRETS)
        case Known((_, names)):
            summary = f"no live-mode key among staging's {counted(names, 'variable')}"
            return isolated(Grade.DECLARED, summary, limits=_LIVE_LIMITS)


_LIVE_LIMITS = "many vendors' keys do not tell their mode (SendGrid, Twilio, OpenAI)"


def _weak_secret(q: VariablesQuestion) -> tuple[str, ...]:
    """Secrets that guessing finds: a default, a placeholder, or fewer than 16 characters."""
    return tuple(
        f"default, placeholder or too short in {side.environment}: {', '.join(side.facts.weak.value)}"
        for side in (q.production, q.staging)
        if isinstance(side.facts.weak, Known) and side.facts.weak.value
    )


RULES: tuple[Rule[VariablesFacts, VariablesDeclared], ...] = (
    Rule("variables/secret-reused", secret_reused, waivable=True),
    Rule("variables/environment-name", environment_name, waivable=True),
    Rule("variables/live-key", live_key, asks=Asks.EXPECTATION, waivable=True),
)
LINTS: tuple[Lint[VariablesFacts, VariablesDeclared], ...] = (Lint("variables/weak-secret", _weak_secret),)
