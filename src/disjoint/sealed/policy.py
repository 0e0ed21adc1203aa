"""What a seal hands a process that has nothing but the standard library: production as digests and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from disjoint.certify.guarded import COST, PLACE, PLATFORM, REACHED, SERVER, Held, digest, filled, itself
from disjoint.certify.plain_address import ADDRESSES, PORTS, Place, in_variable, of_setting, read
from disjoint.certify.plain_store import private, store
from disjoint.guard.places import buckets, named
from disjoint.kinds.variables.endpoints import OVERRIDES
from disjoint.kinds.variables.facts import MODES
from disjoint.kinds.variables.held import written
from disjoint.kinds.variables.observe import PLATFORM as PLATFORM_LABELS
from disjoint.model.environment import Environment
from disjoint.model.finding import Waiver
from disjoint.model.manifest import Manifest, Resource, setting_fields, variables_in
from disjoint.model.names import spellings
from disjoint.model.plain import Plain, plain
from disjoint.model.snapshot import Snapshot
from disjoint.model.stores import tenant

from .hosts import digested, hosts_of, objects_of, offline, words_of
from .strengthening import resolved

SCHEMA = "disjoint.policy/v1"
_STATED = re.compile(r"://[^/?#]*@|password", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{\w+\}|\w+)")
_AROUND = re.compile(r"\A[\w.+-]+://|\?.*\Z")
"""Of an address: its scheme and its options."""
_NAMED_HOST = re.compile(r"(?:[a-z0-9_.-]+|[0-9a-f:.]+)\Z")
_STRANGERS = frozenset(
    {"web", "file", "sqlite", "memory", "smtp", "smtps", "submission", "imap", "imaps", "ldap", "ldaps",
     "udp", "otlp", "statsd", "syslog", "socks5", "socks5h"}
)  # fmt: skip
"""Schemes of what strangers share, each with an account of their own, or of what belongs to one machine.

What may keep a company's own things is none: ``tcp`` (ClickHouse), ``grpc``, ``sftp``, ``ssh``, ``git``.
"""
_KNOWN = frozenset({*PORTS, "bucket"})


def policy_of(
    manifest: Manifest, environment: Environment, secrets: Iterable[Held], key: bytes, *, blind: bool
) -> Plain:
    """Everything that one process's variables are compared with.

    Args:
        manifest: what both sides declare.
        environment: production, with its variables.
        secrets: its secrets as digests under `key`.
        key: of all digests here.
        blind: whether addresses stand in it as digests alone.
    """
    variables = dict(resolved(environment))
    held = tuple(secrets)
    names = _claimed(manifest) | {secret.variable for secret in held}
    told = offline(manifest, environment)
    there = hosts_of(manifest, told)
    known = sorted(name for name in names if name in variables and not PLATFORM.search(name.upper()))
    return {
        "schema": SCHEMA,
        "production": {"name": environment.name, "called": sorted(spellings(environment.name))},
        "staging": {"name": manifest.staging.name, "called": sorted(spellings(manifest.staging.name))},
        "labels": list(_labels(manifest)),
        "modes": list(MODES),
        "platformLabels": list(PLATFORM_LABELS),
        "platform": PLATFORM.pattern,
        "overrides": list(OVERRIDES),
        "public": list(manifest.public),
        "waivers": [_waived(each) for each in manifest.waivers if each.variables],
        "stretched": {"scrypt": dict(COST)},
        "resources": [_resource(resource, variables, key, blind=blind) for resource in manifest.resources],
        "endpoints": list(_endpoints(manifest, told, variables, key, blind=blind)),
        "hosts": [digested(each, key) for each in there],
        "objects": objects_of(told, key),
        "words": words_of(told, there, key),
        "secrets": {form: secret.label for secret in held for form in sorted(secret.forms)},
        "holders": _holders(held),
        "unresolved": sorted(set(environment.variables) - set(variables)),
        "itself": {"names": known, "digest": itself(key, known, variables.get)},
    }


def _holders(held: Iterable[Held]) -> dict[str, Plain]:
    """The variables of each secret that stands in several: `secrets` tells one of them alone."""
    by: dict[str, set[str]] = {}
    for secret in held:
        for form in secret.forms:
            by.setdefault(form, set()).add(secret.variable)
    return {form: sorted(names) for form, names in sorted(by.items()) if len(names) > 1}


def _waived(waiver: Waiver) -> dict[str, Plain]:
    """One that names no variables would cover whatever comes tomorrow: a guard passes nothing over for it."""
    return {
        "rule": waiver.rule,
        "variables": list(waiver.variables),
        "approver": waiver.approver,
        "expires": plain(waiver.expires),
    }


def doors_of(manifest: Manifest, environment: Environment) -> Mapping[str, Mapping[str, str]]:
    """By resource and setting: the address without a credential; none that may hold a piece of one."""
    variables = dict(resolved(environment))
    found = {
        resource.name: {
            setting: url
            for setting, places in _places(resource, variables)
            if (url := _url(places)) and resource.kind != "bucket"
        }
        for resource in manifest.resources
    }
    return {name: doors for name, doors in found.items() if doors}


def _labels(manifest: Manifest) -> tuple[str, ...]:
    declared: Any = next((r.declared for r in manifest.resources if r.kind == "variables"), None)
    return tuple(declared.labels) if declared is not None else ()


def _claimed(manifest: Manifest) -> frozenset[str]:
    texts = (text for r in manifest.resources for text in setting_fields(r.declared).values())
    return frozenset(name for text in texts for name in variables_in(text))


def _resource(
    resource: Resource, variables: Mapping[str, str], key: bytes, *, blind: bool
) -> dict[str, Plain]:
    stated = setting_fields(resource.declared)
    asked = (*ADDRESSES.get(resource.kind, ()), *(("endpoint",) if resource.kind == "bucket" else ()))
    return {
        "name": resource.name,
        "kind": resource.kind,
        "settings": {name: _template(stated[name], blind=blind) for name in asked if name in stated},
        "endpoints": [
            {"setting": setting, **_place(place, key, blind=blind)}
            for setting, places in _places(resource, variables)
            for place in places
        ],
    }


def _template(text: str, *, blind: bool) -> Plain:
    """The declared text, or its variables alone where more may be a credential, or a name to be hidden."""
    literal = _VARIABLE.sub("", text)
    if blind and re.search(r"[^\W\d_]", _AROUND.sub("", literal)):
        return {"variables": list(variables_in(text))}
    if _STATED.search(literal) and re.search(r"://[^@]*\w[^@]*@|password\s*=\s*['\"]?\w", literal):
        return {"variables": list(variables_in(text))}
    return {"template": text}


def _places(resource: Resource, variables: Mapping[str, str]) -> Iterator[tuple[str, list[Place]]]:
    stated = setting_fields(resource.declared)
    endpoint = filled(stated.get("endpoint", ""), variables) or ""
    for setting in ADDRESSES.get(resource.kind, ()):
        if setting in stated and (text := filled(stated[setting], variables)) is not None:
            yield setting, of_setting(resource.kind, setting, text, endpoint)


def _endpoints(
    manifest: Manifest, told: Snapshot, variables: Mapping[str, str], key: bytes, *, blind: bool
) -> Iterator[dict[str, Plain]]:
    """Stores that production's variables name; a web address may be a vendor's, which strangers share.

    What stands within a text, or is a bucket's bare name, is digested alone; what the login tells apart at
    a door for everybody stands among the objects.
    """
    doors = tuple(_bucket_doors(manifest, variables))
    owned = {each.variable for each in told.endpoints if each.owned and each.address.kind == "bucket"}
    for name, value in sorted(variables.items()):
        if name.upper().startswith("DISJOINT_"):
            continue
        plain = dict.fromkeys((*in_variable(name, value), *_libpq(name, value, variables)))
        texts = written(value)
        within = (*named(name, texts), *(buckets(name, texts, doors) if name in owned else ()))
        for place in dict.fromkeys((*plain, *within)):
            if place.kind not in _STRANGERS and not tenant(place.host, "somebody"):
                yield {"variable": name, **_place(place, key, blind=blind or place not in plain)}


def _bucket_doors(manifest: Manifest, variables: Mapping[str, str]) -> Iterator[str]:
    for resource in manifest.resources:
        if resource.kind == "bucket":
            yield filled(setting_fields(resource.declared).get("endpoint", ""), variables) or ""


def _libpq(name: str, value: str, variables: Mapping[str, str]) -> list[Place]:
    """Where PGHOST and PGHOSTADDR send clients built on libpq."""
    if name not in {"PGHOST", "PGHOSTADDR"}:
        return []
    port = variables.get("PGPORT", "").strip()
    return read(f"host={value} port={port or PORTS['postgres']} dbname={variables.get('PGDATABASE', '')}")


def _place(place: Place, key: bytes, *, blind: bool) -> dict[str, Plain]:
    server = store(place).server
    told: dict[str, Plain] = {
        "kind": place.kind,
        "place": digest(key, PLACE, store(place).line),
        "server": digest(key, SERVER, server),
        "private": private(place),
    }
    if _is_plain(place) and not blind:
        return {**told, "shown": place.line}
    return {**told, "reached": digest(key, REACHED, server.partition("://")[2])}


def _is_plain(place: Place) -> bool:
    """Whether nothing in it may be a credential, as in an unknown scheme, or an option behind ``;``."""
    named = place.kind in _KNOWN and _NAMED_HOST.match(place.host) is not None
    return place.sure and named and ";" not in place.name


def _url(places: list[Place]) -> str:
    """One address for all of them; nothing where one of them is not sure, or they are of several kinds."""
    if not all(map(_is_plain, places)) or not places or len({(p.kind, p.name, p.how) for p in places}) > 1:
        return ""
    first = places[0]
    hosts = ",".join(f"{f'[{p.host}]' if ':' in p.host else p.host}:{p.port}" for p in dict.fromkeys(places))
    match first.kind:
        case "postgres":
            mode = f"?sslmode={first.how}" if first.how else ""
            return f"postgresql://{hosts}/{quote(first.name, safe='')}{mode}"
        case "redis":
            return f"{first.how or 'redis'}://{hosts}/{first.name}"
        case "web":
            return f"{first.how}://{hosts}"
        case _:
            return ""
