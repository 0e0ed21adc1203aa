"""Hosts of production's in a process's variables, and addresses that nobody put together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from disjoint.certify.guarded import filled
from disjoint.kinds.variables.held import written

from .mentioned import Hosts
from .places import Pair, Texts, looked_at
from .policy import Policy, Setting
from .verdict import SHARED, UNPROVEN, Reason

REUSED = "variables/endpoint-reused"
_ADDRESS_LIKE = re.compile(r"URL|URI|DSN|HOST|ADDR|ENDPOINT|BROKER|BUCKET|SERVER|CONNECTION")
_NO_SERVERS = frozenset({"web", "bucket", "variables"})
_VARIABLE = re.compile(r"\$\{?(\w+)")


def at_hosts(
    policy: Policy, key: bytes, pairs: tuple[Pair, ...], texts: tuple[Texts, ...]
) -> Iterator[Reason]:
    """What names production's hosts, however they are written; the rules of `verify` are loaded for it.

    Args:
        policy: of production's seal.
        key: of its digests.
        pairs: the process's variables.
        texts: what each is, holds or decodes to.
    """
    known, variables = Hosts(policy, key), dict(reversed(pairs))
    filled_in = tuple(_filled(policy, variables))
    own = (each for each in texts if not each.name.startswith("DISJOINT_"))
    mentioning = known.mentioning((*own, *(Texts(pair.name, written(pair.value)) for pair in filled_in)))
    if not mentioning:
        return
    from .named import named as named_at  # noqa: PLC0415  (it takes longer than the whole check)

    claimed = _claimed(policy)
    settings = [pair for pair in filled_in if pair.name in mentioning]
    read = [pair for pair in pairs if pair.name in mentioning or _is_beside(pair.name.upper())]
    for name, how, of in dict.fromkeys(named_at(known, read, settings, claimed, mentioning)):
        near = how.startswith("may")
        says = f"{name} {how} production's {of}{': to another port of its host' if near else ''}"
        yield Reason(UNPROVEN if near else SHARED, REUSED, name, says, f"give {name} staging's own", (of,))


def is_address_like(name: str) -> bool:
    """Whether a variable's name promises an address, or ends as a store's does (``REPORTS_DB``)."""
    if _ADDRESS_LIKE.search(name.upper()):
        return True
    from disjoint.model.stores import names_store  # noqa: PLC0415  (hardly any value is a reference)

    return names_store(name.rpartition("_")[2])


def _is_beside(name: str) -> bool:
    """Whether it may say more of a host in another variable."""
    return "PORT" in name or "USER" in name


def _filled(policy: Policy, variables: Mapping[str, str]) -> Iterator[Pair]:
    """Declared addresses that several variables make, each under the first of them."""
    for resource in policy.resources:
        for setting in resource.settings.values() if resource.kind not in _NO_SERVERS else ():
            text = None if setting.template is None else filled(setting.template, variables)
            if text is not None:
                yield Pair(variable_of(setting) or resource.name, text)


def _claimed(policy: Policy) -> frozenset[str]:
    """The variables that resources are made of."""
    return frozenset(name for r in policy.resources for s in r.settings.values() for name in _names(s))


def _names(setting: Setting) -> tuple[str, ...]:
    return tuple(_VARIABLE.findall(setting.template or "")) or setting.variables


def unresolved(policy: Policy, pairs: tuple[Pair, ...]) -> Iterator[Reason]:
    """Addresses that somebody else puts together: they may lead anywhere."""
    claimed = _claimed(policy)
    for name, value in pairs:
        whole = value.lstrip()[:1] == "$" and value.strip()[1:].isidentifier()  # as a shell fills it in
        refers = whole or "}" in value.partition("${")[2]
        if refers and looked_at(name) and name not in claimed and is_address_like(name):
            says = f"{name} holds a reference that was not resolved, and may lead anywhere"
            yield Reason(UNPROVEN, REUSED, name, says, "resolve it before the process starts")


def variable_of(setting: Setting) -> str:
    """The variable that a reason about a setting names."""
    return next(iter(_names(setting)), "")
