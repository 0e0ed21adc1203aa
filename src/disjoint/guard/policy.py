"""The policy of a seal, read from its payload into typed values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from disjoint.tuples import NamedTuple

SCHEMA = "disjoint.policy/v1"
_VARIABLE = re.compile(r"\$\{?(\w+)")


class Named(NamedTuple):
    """An environment and every way to call it, in lower case."""

    name: str
    called: frozenset[str]

    def is_called(self, text: str) -> bool:
        """Whether a label names it."""
        return text.strip().lower() in self.called


class Endpoint(NamedTuple):
    """A place of production's, as digests."""

    of: str
    """The resource it is of, or the variable that names it."""
    setting: str
    """Of the resource; empty where a variable names it."""
    kind: str
    place: str
    server: str
    private: bool
    shown: str
    """The canonical line; empty in a blind seal, and where it may hold a piece of a password."""
    reached: str = ""
    """Of what is not shown: the digest of host and port; empty in seals of before."""


class Host(NamedTuple):
    """A host at which production has something, as digests."""

    of: str
    """The resource or the variable that names it."""
    host: str
    reached: frozenset[str]
    """Of the host with each port that is stated; none where no port is."""
    engine: str
    """What is asked there, as a URL's scheme has it; empty where it stands in a variable without a scheme."""
    relay: bool = False
    """Whether it stands alone, and neither its variable nor a provider calls it a store."""


class Setting(NamedTuple):
    """What the manifest writes for an address."""

    template: str | None
    """None where the text itself would be a credential."""
    variables: tuple[str, ...]


class Resource(NamedTuple):
    """A declared resource, and where production's leads."""

    name: str
    kind: str
    settings: Mapping[str, Setting]
    endpoints: tuple[Endpoint, ...]

    @property
    def made_of(self) -> frozenset[str]:
        """The variables of its addresses, whichever environment's."""
        stated = ((*_VARIABLE.findall(s.template or ""), *s.variables) for s in self.settings.values())
        return frozenset(name for names in stated for name in names)


class Waived(NamedTuple):
    """A person's dated acceptance of what a rule finds of named variables."""

    rule: str
    variables: frozenset[str]
    """Of staging and of production, and names of resources."""
    approver: str
    expires: str
    """ISO 8601, with its zone."""


class Policy(NamedTuple):
    """Everything that a process's variables are compared with."""

    production: Named
    staging: Named
    labels: tuple[str, ...]
    modes: frozenset[str]
    """Labels whose value may be a build mode rather than an environment."""
    platform_labels: tuple[str, ...]
    platform_name: str
    """What the platform called production where it was sealed; empty where none did."""
    public: frozenset[str]
    resources: tuple[Resource, ...]
    endpoints: tuple[Endpoint, ...]
    secrets: Mapping[str, str]
    unresolved: tuple[str, ...]
    itself_names: tuple[str, ...]
    itself_digest: str
    hosts: tuple[Host, ...] | None
    """None in seals of before, which say it of addresses alone."""
    objects: Mapping[str, tuple[str, ...]]
    """What production's variables name in engines that are no kinds, by digest."""
    words: tuple[frozenset[str], ...]
    """Of each name that a cloud gives a store, which has no host in it: the digests of all its words."""
    waivers: tuple[Waived, ...] = ()
    """Those that name variables; none in seals of before."""
    holders: Mapping[str, tuple[str, ...]] | None = None
    """Which of production's variables hold a secret, where several do; None in seals of before."""

    def held_by(self, forms: Iterable[str]) -> tuple[str, ...]:
        """Every variable of production's that holds one of these secrets; none where not all are told."""
        if self.holders is None:
            return ()
        named = (self.holders.get(form) or (self.secrets[form].partition(" (")[0],) for form in forms)
        return tuple(sorted({name for names in named for name in names}))

    @property
    def all_endpoints(self) -> Iterator[Endpoint]:
        """Production's places, those of declared resources first."""
        for resource in self.resources:
            yield from resource.endpoints
        yield from self.endpoints


def policy_in(payload: Mapping[str, object]) -> Policy:
    """The policy that a seal's payload holds.

    Raises:
        ValueError: it is none of this version.
    """
    policy = record(payload.get("policy"))
    if policy.get("schema") != SCHEMA:
        raise ValueError("another version")
    itself = record(policy.get("itself"))
    return Policy(
        production=_named(policy.get("production")),
        staging=_named(policy.get("staging")),
        labels=_texts(policy.get("labels")),
        modes=frozenset(_texts(policy.get("modes", ["RAILS_ENV"]))),
        platform_labels=_texts(policy.get("platformLabels")),
        platform_name=_platform(payload),
        public=frozenset(_texts(policy.get("public"))),
        resources=tuple(_resource(each) for each in _list(policy.get("resources"))),
        endpoints=tuple(_endpoint(each, "") for each in _list(policy.get("endpoints"))),
        secrets={form: text_in(label) for form, label in record(policy.get("secrets")).items()},
        unresolved=_texts(policy.get("unresolved")),
        itself_names=_texts(itself.get("names")),
        itself_digest=text_in(itself.get("digest")),
        hosts=tuple(_host(each) for each in _list(policy["hosts"])) if "hosts" in policy else None,
        objects={mark: _texts(names) for mark, names in record(policy.get("objects", {})).items()},
        words=tuple(frozenset(_texts(each)) for each in _list(policy.get("words", []))),
        waivers=tuple(_waived(each) for each in _list(policy.get("waivers", []))),
        holders=_holders(policy["holders"]) if "holders" in policy else None,
    )


def record(value: object) -> Mapping[str, object]:
    """A JSON object.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, dict):
        raise ValueError("no record")  # noqa: TRY004  (as whatever else it is not)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004  (as above)
    return value


def text_in(value: object) -> str:
    """A JSON string.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004  (as above)
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(text_in, _list(value)))


def _named(value: object) -> Named:
    said = record(value)
    return Named(text_in(said.get("name")), frozenset(_texts(said.get("called"))))


def _resource(value: object) -> Resource:
    said = record(value)
    name = text_in(said.get("name"))
    settings = {setting: _setting(text) for setting, text in record(said.get("settings")).items()}
    endpoints = tuple(_endpoint(each, name) for each in _list(said.get("endpoints")))
    return Resource(name, text_in(said.get("kind")), settings, endpoints)


def _setting(value: object) -> Setting:
    said = record(value)
    if "template" in said:
        return Setting(text_in(said["template"]), ())
    return Setting(None, _texts(said.get("variables")))


def _endpoint(value: object, resource: str) -> Endpoint:
    said = record(value)
    return Endpoint(
        resource or text_in(said.get("variable")),
        text_in(said.get("setting", "")),
        text_in(said.get("kind")),
        text_in(said.get("place")),
        text_in(said.get("server")),
        said.get("private") is not False,
        text_in(said.get("shown", "")),
        text_in(said.get("reached", "")),
    )


def _host(value: object) -> Host:
    said = record(value)
    reached = frozenset(_texts(said.get("reached")))
    engine = text_in(said.get("engine", ""))
    relay = said.get("relay") is True
    return Host(text_in(said.get("variable")), text_in(said.get("host")), reached, engine, relay)


def _holders(value: object) -> Mapping[str, tuple[str, ...]]:
    return {form: _texts(names) for form, names in record(value).items()}


def _waived(value: object) -> Waived:
    said = record(value)
    names = frozenset(_texts(said.get("variables")))
    return Waived(
        text_in(said.get("rule")), names, text_in(said.get("approver")), text_in(said.get("expires"))
    )


def _platform(payload: Mapping[str, object]) -> str:
    """From the sealed facts, where production's platform said a name."""
    node: object = payload.get("snapshot")
    for step in ("resources", "variables", "facts", "platform", "known"):
        node = node.get(step) if isinstance(node, dict) else None
    return node.partition("=")[2] if isinstance(node, str) else ""
