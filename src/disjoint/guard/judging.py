"""Judge one process in staging: what it holds and reaches of production's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from disjoint.certify.guarded import SECRET, digest, filled, secrets_of
from disjoint.certify.plain_address import Place, of_setting
from disjoint.kinds.variables.forms import normal_forms
from disjoint.kinds.variables.held import words, written
from disjoint.kinds.variables.shapes import MAY_BE_LIVE, live_vendor, named_secret

from .alone import REUSED, at_hosts, is_address_like, unresolved, variable_of
from .overriding import redirected
from .places import Meeting, Pair, Texts, Theirs, attached, buckets, looked_at, named
from .policy import Endpoint, Policy, Resource, Setting
from .verdict import SHARED, UNPROVEN, Reason, few

_SAME = {
    "postgres": "postgres/same-server", "redis": "redis/same-server", "bucket": "bucket/same-bucket",
    "web": "web/same-domain",
}  # fmt: skip
_CELERY = {"broker": "celery/same-broker", "result_backend": "celery/same-result-backend"}
_SECRET = "variables/secret-reused"  # noqa: S105  (a rule)
_KINDS = {
    "postgres": {"postgres"}, "redis": {"redis"}, "bucket": {"bucket"}, "web": {"web"},
    "celery": {"redis", "amqp", "postgres", "mysql", "mongodb", "memcached", "elasticsearch", "cassandra"},
}  # fmt: skip
_DOUBTS = (
    ("postgres", r"[?&\s]service\s*=|\Aservice\s*=", "names a service, whose file is not read"),
    ("postgres", r":[0-9]+[/?].*[?&]port=[0-9]", "names two ports, and clients differ on which counts"),
    ("redis", r":[0-9]+[/?].*[?&]port=[0-9]", "names two ports, and clients differ on which counts"),
    (
        "bucket",
        r"accesspoint|object-lambda|-s3alias\Z",
        "names an access point, which stands before a bucket",
    ),
)
"""By kind: a form of its text, and what is not known of it; compiled where they are asked for."""
_OPEN = re.compile(r"\$[{(A-Za-z]|\{\{|<%|%\(|#\{")
"""A reference that nobody resolved."""
_MAY_REFER = re.compile(r"[$`{<#@%/]|:[A-Za-z/]|\[AES")
"""What every reference has, and most secrets have not."""
ASK = "ask the servers who they are: --deep, or deep=True"
"""The fix where a name means another machine in each network: what `deep` then finds stands in its place."""
_ASKED = frozenset({"postgres", "redis"})
_HOST = re.compile(r"[a-z0-9_.:%-]+\Z")
_VARIABLE = re.compile(r"\$\{?(\w+)")


def found(
    policy: Policy, key: bytes, variables: Mapping[str, str], besides: tuple[Pair, ...] = ()
) -> list[Reason]:
    """Every reason why a process is not known to be disjoint from production; none: it is, as texts tell.

    Several may say one thing: see `once`.

    Args:
        policy: of production's seal.
        key: of its digests.
        variables: of the process.
        besides: other values that some library of the process may read.
    """
    pairs = (*(Pair(name, value) for name, value in variables.items() if value.strip()), *besides)
    texts = tuple(Texts(pair.name, written(pair.value)) for pair in pairs)
    theirs = Theirs(policy, key)
    return [
        *_declared(policy, theirs, variables),
        *redirected(policy, theirs, variables),
        *_reused(policy, theirs, texts, variables),
        *at_hosts(policy, key, pairs, texts),
        *_secrets(policy, key, pairs, texts),
        *_live_keys(pairs),
        *_unread(policy, pairs),
        *unresolved(policy, pairs),
        *_unknown(policy),
    ]


def once(found: Iterable[Reason]) -> tuple[Reason, ...]:
    """SHARED first; of one variable and outcome, what the first rule says."""
    return tuple(_once(found))


def _once(found: Iterable[Reason]) -> Iterator[Reason]:
    seen: set[tuple[str, str, str]] = set()
    for reason in sorted(found, key=lambda each: each.outcome != SHARED):
        mark = (reason.outcome, reason.variable, "" if reason.rule == REUSED else reason.rule)
        loose = (reason.outcome, reason.variable, "")
        if mark not in seen and not (reason.rule == REUSED and loose in seen):
            yield reason
        seen |= {mark, loose} if reason.rule != _SECRET else {mark}


def _declared(policy: Policy, theirs: Theirs, variables: Mapping[str, str]) -> Iterator[Reason]:
    asked = [r for r in policy.resources if r.settings]
    if not asked:
        yield Reason(UNPROVEN, "guard/seal", "", "the seal names no resource to compare with", _SEAL_ANEW)
    for resource in asked:
        endpoint = _endpoint(resource, variables)
        for name, setting in resource.settings.items():
            if name != "endpoint" or resource.kind != "bucket":
                yield from _setting(resource, name, setting, theirs, (variables, endpoint))
        if endpoint is None:
            yield _unset(resource, "endpoint", resource.settings["endpoint"], variables)


_SEAL_ANEW = "seal production anew, with its variables resolved and its resources declared"


def _endpoint(resource: Resource, variables: Mapping[str, str]) -> str | None:
    """Of a bucket: empty where the provider's own is taken, None where the declared one is not set."""
    if resource.kind != "bucket" or "endpoint" not in resource.settings:
        return ""
    template = resource.settings["endpoint"].template
    return None if template is None else filled(template, variables)


def _setting(
    resource: Resource,
    name: str,
    setting: Setting,
    theirs: Theirs,
    by: tuple[Mapping[str, str], str | None],
) -> Iterator[Reason]:
    variables, endpoint = by
    text = None if setting.template is None else filled(setting.template, variables)
    if setting.template is None or text is None:
        yield _unset(resource, name, setting, variables)
        return
    if resource.kind == "celery" and name == "result_backend" and text.startswith("rpc"):
        return  # results go through the broker, which is judged
    rule, variable = _rule(resource, name), variable_of(setting)
    places = of_setting(resource.kind, name, text, endpoint or "")
    if doubt := _doubt(resource, text, places):
        fix = f"write {variable or resource.name} as the address that the process really uses"
        yield Reason(UNPROVEN, rule, variable, f"{_subject(setting)} {doubt}", fix)
    known = [each.kind for each in resource.endpoints if each.setting == name]
    if not known or any(kind not in _KINDS.get(resource.kind, {kind}) for kind in known):
        says = f"where production's {_called(resource, name)} leads was not known when it was sealed"
        yield Reason(UNPROVEN, rule, variable, says, _SEAL_ANEW)
    for place in places:
        if (meeting := theirs.meeting(place)) is not None:
            yield _met(meeting, rule, variable, _subject(setting))


def _unset(resource: Resource, name: str, setting: Setting, variables: Mapping[str, str]) -> Reason:
    rule = _rule(resource, name)
    if setting.template is None:
        says = f"the manifest writes a credential into {resource.name}'s {name}, which a seal does not hold"
        return Reason(UNPROVEN, rule, "", says, "write it as a variable, and seal anew")
    missing = [v for v in _VARIABLE.findall(setting.template) if not variables.get(v, "").strip()]
    says = f"{', '.join(missing)} is not set, and {_called(resource, name)} is declared to be there"
    return Reason(UNPROVEN, rule, missing[0], says, f"set {', '.join(missing)}, or declare it no more")


def _doubt(resource: Resource, text: str, places: list[Place]) -> str:
    """Why where a text leads is not known."""
    if _unresolved(text, places):
        return "holds a reference that was not resolved"
    if not places:
        return f"holds no address of a {resource.kind} that can be read"
    if any(p.kind not in _KINDS.get(resource.kind, {p.kind}) for p in places):
        return f"holds an address of something else than a {resource.kind}"
    if any(not p.sure or not _HOST.match(p.host) for p in places) or "\\" in text.rpartition("@")[0]:
        return "can be read in two ways: percent-encode its password"
    return next(
        (doubt for kind, form, doubt in _DOUBTS if kind == resource.kind and re.search(form, text)), ""
    )


def _unresolved(text: str, places: list[Place]) -> bool:
    """A password may look like a reference; a host, a name, or a text without either may not."""
    return any(map(_OPEN.search, (p.host + p.name for p in places) if places else (text,)))


def _met(meeting: Meeting, rule: str, variable: str, subject: str) -> Reason:
    theirs = _theirs(meeting.theirs)
    match meeting.how:
        case "place":
            says, outcome = f"{subject} leads to {theirs}", SHARED
        case "server":
            says, outcome = f"{subject} leads to the server of {theirs}, in another part of it", SHARED
        case "private":
            says = f"{subject} is written as {theirs}, by a name that means another machine in each network"
            outcome = UNPROVEN
        case _:
            says, outcome = f"{subject} may lead to {theirs}: to another port of its host", UNPROVEN
    fix = f"give {variable or 'it'} staging's own address"
    if meeting.how == "private":
        fix = ASK if meeting.theirs.kind in _ASKED else f"{fix}, by a name that production has not"
    return Reason(outcome, rule, variable, says, fix, meeting.called)


def _reused(
    policy: Policy, theirs: Theirs, texts: tuple[Texts, ...], variables: Mapping[str, str]
) -> Iterator[Reason]:
    """Production's places under any name, alone or in a list."""
    endpoints = tuple(_endpoint(r, variables) or "" for r in policy.resources if r.kind == "bucket")
    for name, said in texts:
        own = looked_at(name)
        places = (*named(name, said), *buckets(name, said, endpoints)) if own else attached(name, said)
        met = (theirs.meeting(place) for place in dict.fromkeys(places))
        yield from (_met(each, REUSED, name, name) for each in met if each and each.how != "private")


def _secrets(
    policy: Policy, key: bytes, pairs: tuple[Pair, ...], texts: tuple[Texts, ...]
) -> Iterator[Reason]:
    """Production's secrets, across names and forms: as the kind looks for them, and in any other value."""
    for held in secrets_of(key, pairs, policy.public, stretch=False):
        yield from _same_secret(policy, held.label, held.variable, held.forms)
    for name, said in texts:
        if name not in policy.public and not name.startswith("DISJOINT_"):
            long = {form for word in words(said[0]) for form in normal_forms(word)}
            yield from _same_secret(policy, name, name, frozenset(digest(key, SECRET, form) for form in long))
    if any(form.startswith("scrypt:") for form in policy.secrets):
        for held in secrets_of(key, pairs, policy.public):
            yield from _same_secret(policy, held.label, held.variable, held.forms)


def _live_keys(pairs: tuple[Pair, ...]) -> Iterator[Reason]:
    """A vendor's live-mode key, production's or not: it moves real money."""
    for name, value in pairs:
        if value.strip().startswith(MAY_BE_LIVE) and (vendor := live_vendor(name, value.strip())) is not None:
            says = f"{name} holds a live-mode key of {vendor}"
            fix = f"put the vendor's test-mode key into {name}, and rotate the live one"
            yield Reason(SHARED, "variables/live-key", name, says, fix)


def _unread(policy: Policy, pairs: tuple[Pair, ...]) -> Iterator[Reason]:
    """Secrets that the process has from elsewhere: what stands in the variable is only where."""
    for name, value in pairs:
        if name in policy.public or not named_secret(name) or not _MAY_REFER.search(value):
            continue
        from disjoint.kinds.variables.reference import is_reference  # noqa: PLC0415  (hardly any value needs it)

        if is_reference(value):
            says = f"{name} holds a reference that was not resolved"
            yield Reason(UNPROVEN, _SECRET, name, says, "resolve it before the process starts")


def _same_secret(policy: Policy, label: str, variable: str, forms: frozenset[str]) -> Iterator[Reason]:
    if met := [form for form in forms if form in policy.secrets]:
        first, held = min(policy.secrets[form] for form in met), policy.held_by(met)
        own = first.partition(" (")[0]
        others = [name for name in held if name != own]
        says = f"{label} is production's {few([first, *others])}"
        fix = f"make a new value for {variable}, then rotate production's {few([own, *others])}"
        yield Reason(SHARED, _SECRET, variable, says, fix, held)


def _unknown(policy: Policy) -> Iterator[Reason]:
    """What of production was not known when it was sealed."""
    for name in policy.unresolved:
        wanted = named_secret(name) or is_address_like(name)
        if wanted and name not in policy.public and looked_at(name):
            says = f"production's {name} was not resolved when it was sealed"
            yield Reason(UNPROVEN, _SECRET, name, says, _SEAL_ANEW)


def _rule(resource: Resource, setting: str) -> str:
    return _CELERY.get(setting, _SAME.get(resource.kind, REUSED))


def _subject(setting: Setting) -> str:
    names = _VARIABLE.findall(setting.template or "")
    return " with ".join(dict.fromkeys(names)) or "what the manifest writes"


def _called(resource: Resource, setting: str) -> str:
    return resource.name if len(resource.settings) == 1 else f"{resource.name} ({setting})"


def _theirs(endpoint: Endpoint) -> str:
    setting = f" ({endpoint.setting})" if endpoint.setting not in {"", "url", "name"} else ""
    return f"production's {endpoint.of}{setting}"
