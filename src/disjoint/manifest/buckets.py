"""A bucket is several variables: its name, and the endpoint, region and key pair beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from . import habits
from .placing import Placing, Sight, grouped, ranked, slug

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}|(?:s3|s3a|gs|https?)://\S+", re.IGNORECASE)
_GOOGLE = re.compile(r"^(?:GS|GCS|GCP|GOOGLE)(?:_|$)")

SHARED = ("STORAGE", "S3", "AWS_S3", "AWS", "OBJECT_STORAGE", "MINIO", "SPACES", "R2", "")
"""Families of variables that serve any bucket which has none of its own name."""

ENDPOINTS = ("ENDPOINT_URL", "ENDPOINT_URL_S3", "S3_ENDPOINT_URL", "ENDPOINT", "S3_ENDPOINT", "URL_ENDPOINT")
REGIONS = ("REGION", "REGION_NAME", "S3_REGION", "S3_REGION_NAME", "AWS_REGION", "DEFAULT_REGION")
PAIRS = (
    ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"),
    ("ACCESS_KEY", "SECRET_ACCESS_KEY"),
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"),
    ("ACCESS_KEY", "SECRET_KEY"),
    ("ACCESS_KEY_ID", "SECRET_KEY"),
    ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
    ("ACCESS_KEY", "ACCESS_SECRET"),
    ("APPLICATION_KEY_ID", "APPLICATION_KEY"),
    ("KEY_ID", "APPLICATION_KEY"),
    ("ROOT_USER", "ROOT_PASSWORD"),
    ("KEY", "SECRET"),
)
"""How the two halves of a key are called within one family."""
_BARE_PAIRS = PAIRS[:2]
"""Without a family only these: a bare SECRET_KEY is the application's own."""


def place_buckets(placing: Placing) -> None:
    """Declare every bucket that the variables name."""
    sight = placing.sight
    names = ranked((name for name in placing.free() if _is_bucket(sight, name)), habits.FIRST["bucket"])
    for position, (name, also) in enumerate(grouped(sight, names)):
        called = slug(name) if position else habits.CALLED["bucket"]
        placing.place("bucket", called, {"name": f"${name}", **companions(sight, name)}, also)


def companions(sight: Sight, name: str) -> Mapping[str, str]:
    """The endpoint, region and key pair that go with a bucket's variable.

    Its own family first (``R2_BUCKET``, ``R2_ENDPOINT``), then the shared ones; both
    halves of a key come from one family.
    """
    # A key of another provider proves nothing about Google's, and is nobody's business there.
    families = tuple(_own(name) if _GOOGLE.search(name) else dict.fromkeys((*_own(name), *SHARED)))
    present = frozenset(sight.names)
    found = {
        "endpoint": next(_endpoints(name, families, present), None),
        "region": next(_first(families, REGIONS, present), None),
        **_pair(families, present),
    }
    return {setting: text for setting, text in found.items() if text is not None}


def _is_bucket(sight: Sight, name: str) -> bool:
    if habits.SCHEMES.get(sight.scheme(name)) == "bucket":
        return True
    if not habits.NAMES["bucket"].search(name) or habits.NO_BUCKET.search(name):
        return False
    known = sight.known(name)
    return not known or any(_NAME.fullmatch(text) for text in known)


def _own(name: str) -> Iterator[str]:
    """``AWS_STORAGE_BUCKET_NAME`` -> AWS_STORAGE, AWS: from the closest family to the widest."""
    words = name.split("_")
    while words and words[-1] in {"BUCKET", "NAME", "URL"}:
        words.pop()
    while words:
        yield "_".join(words)
        words.pop()


def _endpoints(name: str, families: tuple[str, ...], present: frozenset[str]) -> Iterator[str]:
    """Google's and Cloudflare's endpoints follow from the family, if no variable says otherwise."""
    own = tuple(_own(name))
    yield from _first(own, ENDPOINTS, present)
    if _GOOGLE.search(name):
        yield "https://storage.googleapis.com"
    for account in ("R2_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", "CF_ACCOUNT_ID"):
        if "R2" in own and account in present:
            yield f"https://${{{account}}}.r2.cloudflarestorage.com"
    for family in own:
        if family.endswith("SPACES") and f"{family}_REGION" in present:
            yield f"https://${{{family}_REGION}}.digitaloceanspaces.com"
    yield from _first(families, ENDPOINTS, present)


def _first(families: tuple[str, ...], tails: tuple[str, ...], present: frozenset[str]) -> Iterator[str]:
    for family in families:
        for tail in tails:
            if (variable := f"{family}_{tail}".lstrip("_")) in present:
                yield f"${variable}"


def _pair(families: tuple[str, ...], present: frozenset[str]) -> Mapping[str, str]:
    for family in families:
        for key, secret in PAIRS if family else _BARE_PAIRS:
            pair = [f"{family}_{tail}".lstrip("_") for tail in (key, secret)]
            if present.issuperset(pair):
                token = f"{family}_SESSION_TOKEN"
                more = {"session_token": f"${token}"} if token in present else {}
                return {"access_key": f"${pair[0]}", "secret_key": f"${pair[1]}", **more}
    return {}
