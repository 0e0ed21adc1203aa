"""Values of variables: which two are one value, written the same way or not. Pure.

A value is no address of anything; the name keeps all kinds alike. Equality is all that text
can prove here, and it is enough: a secret that two environments hold is shared.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from disjoint.model.address import Likeness
from disjoint.model.names import canonical
from disjoint.model.secret import Secret

from .forms import hexadecimal, normal_forms, trimmed
from .reference import Arn, is_reference, read_arn

__all__ = ["VariableAddress", "compare", "compare_text", "is_reference", "normal_forms", "parse"]

_TRUE = frozenset({"true", "1", "yes", "on", "y", "t", "enabled"})
_FALSE = frozenset({"false", "0", "no", "off", "n", "f", "disabled", "none", "null"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_ENVIRONMENTS = frozenset(
    {"production", "staging", "development", "test", "local", "preview", "qa", "sandbox", "uat"}
)
_SCHEME = r"(?:[a-z][a-z0-9+.-]*://)?"
_NAME = re.compile(
    _SCHEME + r"(?P<wild>\*?\.)?(?P<host>(?:[\w-]+\.)+[a-z][\w-]*)\.?(?::\d+)?/?\Z", re.IGNORECASE
)
_HOST = re.compile(_SCHEME + r"(?:[^\s@/]*@)?(?:[\w-]+\.)+[a-z][\w-]*(?::\d+)?(?:/\S*)?\Z", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9+/_=-]{16,}\Z")
_KEY_ID = re.compile(r"(?:mrk-[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.IGNORECASE)
_LONGEST_JSON = 1 << 16


class VariableAddress(NamedTuple):
    """A variable's value, which nothing shows."""

    value: Secret

    @property
    def kind(self) -> str:
        return "variables"

    @property
    def shown(self) -> str:
        return "an empty value" if not trimmed(self.value.reveal()) else "a value"

    @property
    def fault(self) -> str:
        return ""


def parse(text: str) -> VariableAddress:
    """Hold a value; every text is one."""
    return VariableAddress(Secret(text))


def compare(a: VariableAddress, b: VariableAddress) -> Likeness:
    """Are two values one, after trimming and decoding? References are never equal."""
    return compare_text(a.value.reveal(), b.value.reveal())


def compare_text(a: str | None, b: str | None) -> Likeness:
    """Compare production's value with staging's; None is an unset variable."""
    if a is None or b is None:
        return Likeness("unknown", "a variable that is not set takes the program's own default")
    left, right = trimmed(a), trimmed(b)
    if not left or not right:
        return Likeness("unknown", "an empty value is unset to some frameworks and empty to others")
    for ask in (_references, _equal, _keys, _words, _hex, _encoded, _lists, _urls, _places, _contained):
        if (answer := ask(left, right)) is not None:
            return answer
    return Likeness("different", "the values differ, as written and decoded")


def _references(a: str, b: str) -> Likeness | None:
    if not (is_reference(a) or is_reference(b)):
        return None
    arn = read_arn(a)
    if a == b and arn is not None and arn.full:
        return Likeness("same", "one resource name with account and Region: one secret")
    return Likeness("unknown", "a reference has to be resolved: equal references may hold different values")


def _equal(a: str, b: str) -> Likeness | None:
    if a != b:
        return None
    if a.startswith("alias/"):
        return Likeness("unknown", "an alias belongs to one account and Region")
    return Likeness("same", "the values are equal")


def _keys(a: str, b: str) -> Likeness | None:
    """Amazon resource names, KMS keys above all: a multi-Region key (mrk-) is one key in every Region."""
    one, other = read_arn(a), read_arn(b)
    if one is None or other is None:
        named = one or other
        bare = b if one else a
        if named is None or not _KEY_ID.match(bare) or named.resource != f"key/{bare}":
            return None
        return Likeness("same" if bare.startswith("mrk-") else "unknown", "one key identifier")
    if one.service != "kms" or other.service != "kms":
        return Likeness("unknown", "two resource names may lead to one resource")
    return _kms(one, other)


def _kms(one: Arn, other: Arn) -> Likeness:
    if not (one.resource.startswith("key/") and other.resource.startswith("key/")):
        return Likeness("unknown", "an alias may name any key of its account and Region")
    if one.resource != other.resource:
        return Likeness("different", "two key identifiers")
    owner = (one.partition, one.account) == (other.partition, other.account)
    if owner and one.resource.startswith("key/mrk-"):
        return Likeness("same", "one multi-Region key: the same key material in every Region")
    return Likeness("unknown", "one key identifier in two Regions or accounts")


def _words(a: str, b: str) -> Likeness | None:
    """Values that are read as a type: booleans, numbers, environment names."""
    for words in (_TRUE, _FALSE):
        if a.lower() in words and b.lower() in words:
            return Likeness("unknown", "two spellings that many programs read as one setting")
    if _NUMBER.match(a) and _NUMBER.match(b) and max(len(a), len(b)) < 20 and float(a) == float(b):
        return Likeness("unknown", "equal as numbers, not as text")
    if canonical(a) == canonical(b) and canonical(a) in _ENVIRONMENTS:
        return Likeness("unknown", "two names that usually call one environment")
    return None


def _hex(a: str, b: str) -> Likeness | None:
    one = hexadecimal(a)
    if one and one == hexadecimal(b):
        return Likeness("unknown", "equal bytes if decoded, two values if used as text")
    return None


def _encoded(a: str, b: str) -> Likeness | None:
    if normal_forms(a) & normal_forms(b):
        return Likeness("same", "one value in two encodings: whoever holds one holds the other")
    return None


def _lists(a: str, b: str) -> Likeness | None:
    """JSON by meaning; lists as sets, where one host in common is enough."""
    one, other = _structure(a), _structure(b)
    if isinstance(one, dict) or isinstance(other, dict):
        return Likeness("same", "equal as JSON") if one == other else None
    left, right = _members(a, one), _members(b, other)
    if left and left == right:
        return Likeness("same", "the same members, in whatever order" if len(left) > 1 else "one host name")
    if not left & right:
        return None
    if any(_HOST.match(member) for member in left & right):
        return Likeness("same", "the lists have a host in common")
    return Likeness("unknown", "the lists have members in common")


def _structure(text: str) -> object:
    if text[0] not in "[{" or len(text) > _LONGEST_JSON:
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _members(text: str, structure: object) -> frozenset[str]:
    if isinstance(structure, list):
        parts = [part if isinstance(part, str) else json.dumps(part, sort_keys=True) for part in structure]
    else:
        first = re.split(r"[,;\s]", text, maxsplit=1)[0]
        parts = re.split(r"[,;\s]" if _HOST.match(first) else r",", text)
    return frozenset(_member(part) for part in map(trimmed, parts)) - {""}


def _member(part: str) -> str:
    """Hosts and origins in lower case without a closing slash; anything else as written."""
    if not _HOST.match(part) or "@" in part:
        return part
    scheme, mark, rest = part.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host}".lower() + (slash + path if path else "")


def _urls(a: str, b: str) -> Likeness | None:
    if "://" not in a or "://" not in b or " " in a or " " in b:
        return None
    if _place(a) == _place(b):
        return Likeness("unknown", "one address with other credentials")
    return Likeness("unknown", "two addresses: their own kinds compare them")


def _place(url: str) -> object:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts.scheme, parts.netloc.rpartition("@")[2].lower(), parts.path.rstrip("/"), parts.query


def _places(a: str, b: str) -> Likeness | None:
    """One host or path in two spellings: what reads the value decides whether they are one."""
    if a[0] == b[0] == "/" and a.rstrip("/") == b.rstrip("/"):
        return Likeness("unknown", "one path, with and without its closing slash")
    one, other = _NAME.match(a), _NAME.match(b)
    if "*" in {a, b} and (one or other):
        return Likeness("unknown", "a wildcard covers the other value")
    if one is None or other is None:
        return None
    left, right = one["host"].lower(), other["host"].lower()
    covered = (one["wild"] and right.endswith(f".{left}")) or (other["wild"] and left.endswith(f".{right}"))
    return Likeness("unknown", "one host name, written in two ways") if covered or left == right else None


def _contained(a: str, b: str) -> Likeness | None:
    short, long = sorted((a, b), key=len)
    if _TOKEN.match(short) and short in long:
        return Likeness("unknown", "one value holds the other")
    return None
