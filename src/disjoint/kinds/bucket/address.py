"""Buckets as S3 and its relatives name them: namespace and name, in every spelling of the clients. Pure.

Names are unique inside one namespace only. Two names in one namespace are two buckets;
one name in two namespaces that may front one store is unknown.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from disjoint.model.address import Likeness, Sameness
from disjoint.model.host import printable, unresolved

from .amazon import PARTITIONS, alias_name, read_arn
from .endpoint import BucketEndpoint, Reading, read_url
from .store import first

__all__ = ["BucketAddress", "BucketEndpoint", "compare", "compare_text", "namespaces", "parse"]

NOT_SET = "no bucket is set: the program's own default is used"
NO_BUCKET = "the address names no bucket"
REFERENCE = "the address holds an unresolved reference"
PATTERN = "the name is a pattern"
TWO_NAMES = "the endpoint already names another bucket: clients differ in what they make of it"
HIDDEN = "an access point, a CDN or a domain of one's own hides its bucket"
FOLDER = "a folder belongs to each machine"
ELSEWHERE = "the query names an endpoint that only some clients follow"

_DEFAULT_SCHEMES = frozenset({"s3", "s3a", "s3n", "s3fs"})
_NAMESPACES = {"gs": "gcs", "gcs": "gcs", "b2": "b2"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_RESTIC = re.compile(r"s3:(?!//)(?=https?://|[^/:]+\.[^/:]+/)", re.IGNORECASE)
_GOOGLE_NAME = re.compile(r"(?://storage\.googleapis\.com/)?projects/[^/]+/buckets/([^/]+)")
_AZURE_URI = re.compile(r"(?:wasbs?|abfss?)://([^@/]+)@([a-z0-9.-]+)", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/?#]*@")
_AZURE_NAMES = re.compile(r"\$(?:web|root|logs)\b")
_S3_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_GOOGLE_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z")
_ANY_NAME = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{0,254}\Z")
_QUAD = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")


class BucketAddress(NamedTuple):
    """A parsed bucket, without credentials and keys."""

    name: str = ""
    """Empty where an alias or a doubt hides it."""
    namespace: str = ""
    """``aws``, ``aws-cn``, ``gcs``, ``r2/<account>`` …, ``host:port`` of an own endpoint, or empty: the
    client's own configuration decides."""
    endpoint: BucketEndpoint | None = None
    """Where to ask for it; None where the client's default endpoint serves it."""
    region: str = ""
    alias: str = ""
    """What stands for the bucket (an access point, a CDN host), normalised."""
    relative: str = ""
    """Why the endpoint means something else in each network; empty if it is global."""
    sure: bool = True
    """False where the name is read from a path that may be a key (own domain)."""
    doubt: str = ""
    fault: str = ""

    @property
    def kind(self) -> str:
        return "bucket"

    @property
    def own(self) -> bool:
        """Whether the namespace is an endpoint of one's own, not a known provider."""
        return ":" in self.namespace

    @property
    def shown(self) -> str:
        if self.fault or (self.doubt and not self.name):
            return f"({self.fault or self.doubt})"
        return f"{printable(self.name or self.alias)} at {_called(self)}"


def parse(text: str, endpoint: str | None = None) -> BucketAddress:
    """Read a bucket name, URI, URL or ARN; `endpoint` is the URL the environment declares. Never raises.

    The endpoint may itself hold the bucket, as sub-domain or path.
    """
    cleaned, declared = text.strip(), (endpoint or "").strip()
    if not cleaned and not declared:
        return BucketAddress(doubt=NOT_SET)
    if _unresolved(cleaned) or _unresolved(declared):
        return BucketAddress(doubt=REFERENCE)
    at = read_url(declared) if declared else None
    if at is not None and (at.fault or at.doubt):
        return BucketAddress(doubt=at.doubt, fault=at.fault and f"the endpoint cannot be read: {at.fault}")
    return _checked(_read(_RESTIC.sub("", cleaned), at))


def compare(a: BucketAddress, b: BucketAddress) -> Likeness:
    """Are two addresses one bucket? Different only where one namespace makes names unique."""
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if doubt := a.doubt or b.doubt:
        return Likeness("unknown", doubt)
    if _below(a, b) or _below(b, a):
        return Likeness("same", "one bucket, as sub-domain and as path")
    if a.alias or b.alias:
        return _aliases(a, b)
    if a.name == b.name:
        return _one_name(a, b)
    return _two_names(a, b)


def compare_text(a: str | None, b: str | None) -> Likeness:
    """Compare production's text with staging's; None is an unset variable."""
    if a is None or b is None:
        return Likeness("unknown", NOT_SET)
    return compare(parse(a), parse(b))


def namespaces(a: BucketAddress, b: BucketAddress) -> Sameness:
    """Are two namespaces one, surely two, or may both front one store (unknown)?"""
    if a.namespace == b.namespace:
        return "unknown" if a.relative else "same"
    if not a.namespace or not b.namespace or a.own or b.own:
        return "unknown"
    family, other = a.namespace.partition("/")[0], b.namespace.partition("/")[0]
    if family != other:
        # Railway's buckets are served by Tigris.
        return "unknown" if {family, other} <= {"railway", "tigris"} else "different"
    if family == "r2" and a.namespace.split("/")[1] == b.namespace.split("/")[1]:
        return "unknown"
    return "different" if family in {"r2", "azure", "supabase"} else "unknown"


def _unresolved(text: str) -> bool:
    # Credentials and query choose no bucket; a container called $web or $root is a name.
    place = _CREDENTIALS.sub("", text.partition("?")[0])
    return unresolved(_AZURE_NAMES.sub("", place))


def _read(text: str, at: Reading | None) -> BucketAddress:
    if (arn := read_arn(text.removeprefix("s3://"))) is not None:
        return BucketAddress(arn.name, arn.namespace, region=arn.region, alias=arn.alias)
    if found := _GOOGLE_NAME.match(text):
        return BucketAddress(found[1], "gcs")
    if found := _AZURE_URI.match(text):
        return _from(read_url(f"https://{found[2]}/{found[1]}"))
    scheme = _SCHEME.match(text)
    return _bare(text, at) if scheme is None else _schemed(scheme[1].lower(), text, at)


def _schemed(scheme: str, text: str, at: Reading | None) -> BucketAddress:
    rest = text.partition("://")[2]
    if scheme in {"http", "https"}:
        return _from(read_url(text, at))
    if scheme in _DEFAULT_SCHEMES:
        return _uri(rest, at)
    if scheme in _NAMESPACES:
        return BucketAddress(_authority(rest), _NAMESPACES[scheme])
    return BucketAddress(doubt="the scheme's endpoint is not in the address")


def _authority(rest: str) -> str:
    return re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]


def _uri(rest: str, at: Reading | None) -> BucketAddress:
    """``s3://[key:secret@]bucket[/key][?endpoint=…]``"""
    if {"endpoint", "endpoint_url", "endpointUrl"} & parse_qs(rest.partition("?")[2]).keys():
        return BucketAddress(doubt=ELSEWHERE)
    name = _authority(rest)
    if re.search(r":\d+\Z", name) and "@" not in rest.partition("?")[0].removeprefix(f"{name}/"):
        return BucketAddress(doubt="the host of an s3:// address is an endpoint to some clients")
    return _at(name, at)


def _bare(text: str, at: Reading | None) -> BucketAddress:
    """A bare name, perhaps with a key; or a host and path without a scheme."""
    if text.startswith("/") and at is None:
        return BucketAddress(doubt=FOLDER)
    host = re.split(r"[/?#]", text.lstrip("/"), maxsplit=1)[0]
    if "." in host or ":" in host:
        reading = read_url("https://" + text.lstrip("/"))
        if not reading.fault and reading.provider:
            return _from(reading)
        if "/" in text.strip("/") or re.search(r":\d+\Z", host):
            return BucketAddress(doubt="without a scheme the first part may be a host or a bucket")
    return _at(first(text), at)


def _at(name: str, at: Reading | None) -> BucketAddress:
    """A name under the declared endpoint, which may name the bucket itself."""
    if at is None:
        return BucketAddress(name)
    if not name or name == at.name:
        return _from(at)._replace(sure=True)
    if at.provider and (at.name or at.alias):
        return BucketAddress(doubt=TWO_NAMES)
    return _from(_below_path(at)._replace(name=name, sure=True))


def _below_path(at: Reading) -> Reading:
    """An own endpoint whose path is no bucket: buckets live below it."""
    if at.endpoint is None or not at.path:
        return at
    return at._replace(namespace=at.namespace + at.path, endpoint=at.endpoint._replace(path=at.path))


def _from(at: Reading) -> BucketAddress:
    alias = at.alias or ("" if at.name or at.provider else at.namespace)
    doubt = at.doubt or ("" if at.name or alias or at.fault else NO_BUCKET)
    return BucketAddress(
        at.name, at.namespace, at.endpoint, at.region, alias, at.relative, at.sure, doubt, at.fault
    )


def _checked(found: BucketAddress) -> BucketAddress:
    """Refuse what no bucket may be called. The reason never quotes the text: it may be a password."""
    name = found.name
    if found.fault or found.doubt or found.alias:
        return found._replace(name="") if found.fault or found.alias else found
    if not name:
        return BucketAddress(fault=NO_BUCKET)
    if "*" in name or "?" in name:
        return BucketAddress(doubt=PATTERN)
    if alias_name(name) and (not found.namespace or found.namespace in PARTITIONS):
        return found._replace(name="", alias=f"{found.namespace or 'aws'}:alias:{name}")
    fault = _misnamed(name, found.namespace)
    return BucketAddress(fault=fault) if fault else found


def _misnamed(name: str, namespace: str) -> str:
    if namespace and namespace not in PARTITIONS:
        rule = _GOOGLE_BUCKET if namespace == "gcs" else _ANY_NAME
        return "" if rule.match(name) else "no bucket may have this name"
    if not _S3_NAME.match(name):
        return "S3 names have 3 to 63 lower-case letters, digits, dots and hyphens"
    if ".." in name or _QUAD.match(name) or name.startswith(("xn--", "sthree-")):
        return "S3 reserves names of this form"
    return ""


def _aliases(a: BucketAddress, b: BucketAddress) -> Likeness:
    if a.alias == b.alias and not (a.relative or b.relative):
        return Likeness("same", "one access point or host name")
    return Likeness("unknown", HIDDEN)


def _one_name(a: BucketAddress, b: BucketAddress) -> Likeness:
    match namespaces(a, b):
        case "same":
            return Likeness("same", f"one name in one namespace ({_called(a)})")
        case "different":
            return Likeness("different", f"one name in two namespaces ({_called(a)}, {_called(b)})")
        case _ if {a.namespace, b.namespace} == {"", "aws"}:
            return Likeness("same", "one name; the client's default endpoint is Amazon's")
        case _:
            return Likeness("unknown", a.relative or b.relative or _elsewhere(a, b))


def _two_names(a: BucketAddress, b: BucketAddress) -> Likeness:
    if a.name.lower() == b.name.lower():
        return Likeness("unknown", "the names differ in case only")
    if a.namespace == b.namespace:
        if not (a.sure and b.sure):
            return Likeness("unknown", "two paths of one host: two buckets, or two keys of one")
        why = f"two names in one namespace ({_called(a)})"
        return Likeness("different", why, ("unknown" if a.relative else "same") if a.own else None)
    family = {a.namespace.partition("/")[0], b.namespace.partition("/")[0]}
    known = "" not in family and not a.own and not b.own
    if namespaces(a, b) == "different" or (len(family) == 1 and known and family != {"r2"}):
        return Likeness("different", f"two names in two namespaces ({_called(a)}, {_called(b)})")
    if "" in family and family - {""} <= PARTITIONS:
        return Likeness("different", "two names, whichever partition the client's default endpoint is in")
    return Likeness("unknown", a.relative or b.relative or _elsewhere(a, b))


def _below(a: BucketAddress, b: BucketAddress) -> bool:
    """Whether a's own host is b's with b's bucket in front; a's path is then a key."""
    known = a.own and b.own and b.sure and not (a.relative or b.relative)
    return known and a.namespace == f"{b.name}.{b.namespace}"


def _called(address: BucketAddress) -> str:
    place, slash, _ = address.namespace.partition("/")
    hidden = "/…" if slash and address.own else ""  # a path of one's own may hold a token
    return printable(place + hidden if hidden else address.namespace) or "the client's default endpoint"


def _elsewhere(a: BucketAddress, b: BucketAddress) -> str:
    if a.namespace and b.namespace:
        return "two endpoints that may front one store"
    return "one address names no endpoint: the client's configuration decides"
