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
    families = tuple(_own(name) if _is_google(name) else dict.fromkeys((*_own(name), *SHARED)))
    found = {
        "endpoint": next(_endpoints(name, families, sight), None),
        "region": next(_first(families, REGIONS, sight), None),
        **_pair(families, sight),
    }
    return {setting: text for setting, text in found.items() if text is not None}


def _is_google(name: str) -> bool:
    return bool(_GOOGLE.search(habits.plain(name)))


def _is_bucket(sight: Sight, name: str) -> bool:
    if habits.SCHEMES.get(sight.scheme(name)) == "bucket":
        return True
    if not habits.named("bucket", name) or habits.NO_BUCKET.search(habits.plain(name)):
        return False
    known = sight.known(name)
    return not known or any(_NAME.fullmatch(text) for text in known)


def _own(name: str) -> Iterator[str]:
    """``AWS_STORAGE_BUCKET_NAME`` -> AWS_STORAGE, AWS: from the closest family to the widest."""
    words = habits.plain(name).split("_")
    while words and words[-1] in {"BUCKET", "NAME", "URL"}:
        words.pop()
    while words:
        yield "_".join(words)
        words.pop()


def _endpoints(name: str, families: tuple[str, ...], sight: Sight) -> Iterator[str]:
    """Google's and Cloudflare's endpoints follow from the family, if no variable says otherwise."""
    own = tuple(_own(name))
    yield from _first(own, ENDPOINTS, sight)
    if _is_google(name):
        yield "https://storage.googleapis.com"
    for account in ("R2_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", "CF_ACCOUNT_ID"):
        if "R2" in own and (called := sight.called(account)):
            yield f"https://${{{called}}}.r2.cloudflarestorage.com"
    for family in own:
        if family.endswith("SPACES") and (called := sight.called(f"{family}_REGION")):
            yield f"https://${{{called}}}.digitaloceanspaces.com"
    yield from _first(families, ENDPOINTS, sight)


def _first(families: tuple[str, ...], tails: tuple[str, ...], sight: Sight) -> Iterator[str]:
    for family in families:
        for tail in tails:
            if variable := _beside(sight, family, tail):
                yield f"${variable}"


def _beside(sight: Sight, family: str, tail: str) -> str | None:
    return sight.called(f"{family}_{tail}".lstrip("_"))


def _pair(families: tuple[str, ...], sight: Sight) -> Mapping[str, str]:
    for family in families:
        for tails in PAIRS if family else _BARE_PAIRS:
            key, secret = (_beside(sight, family, tail) for tail in tails)
            if key and secret:
                token = _beside(sight, family, "SESSION_TOKEN") if family else None
                more = {"session_token": f"${token}"} if token else {}
                return {"access_key": f"${key}", "secret_key": f"${secret}", **more}
    return {}
