"""Which object store a host name belongs to, and which bucket it names. Pure; no names are looked up.

A namespace is the set within which bucket names are unique: an Amazon partition, a provider,
an account, or one own endpoint (``host:port``).
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from .amazon import read_amazon


class Store(NamedTuple):
    """What host and path say."""

    namespace: str
    name: str = ""
    """The bucket; empty if host and path name none."""
    host: str = ""
    """Where requests go, without the bucket."""
    path: str = ""
    """What the endpoint itself has as path, without the bucket."""
    region: str = ""
    alias: str = ""
    """Identity of something that hides its bucket (an access point, a CDN host); `name` is empty then."""


def _provider(pattern: str, namespace: str) -> tuple[re.Pattern[str], str]:
    return re.compile(rf"(?:(?P<bucket>.+?)\.)?(?P<host>{pattern})\Z"), namespace


_REGION = r"(?P<region>[a-z0-9-]+)"
# Names are unique: Wasabi, Scaleway, Backblaze, Tigris, Alibaba and IBM: in the whole service;
# Spaces, Linode, Vultr and OVH: not looked up across regions, so a region is a namespace.
_PROVIDERS = (
    _provider(r"storage\.railway\.app", "railway"),
    _provider(r"(?:t3|fly)\.(?:storageapi\.dev|storage\.dev|storage\.tigris\.dev)", "tigris"),
    _provider(rf"s3(?:\.{_REGION})?\.backblazeb2\.com", "b2"),
    _provider(rf"s3(?:[.-]{_REGION})?\.wasabisys\.com", "wasabi"),
    _provider(rf"s3\.{_REGION}\.scw\.cloud", "scaleway"),
    _provider(rf"{_REGION}\.linodeobjects\.com", "linode/{region}"),
    _provider(rf"{_REGION}\.vultrobjects\.com", "vultr/{region}"),
    _provider(rf"s3\.{_REGION}\.(?:io|perf)\.cloud\.ovh\.(?:net|us)", "ovh/{region}"),
    _provider(rf"oss-{_REGION}\.aliyuncs\.com", "oss"),
    _provider(rf"cos\.{_REGION}\.myqcloud\.com", "cos"),
    _provider(
        rf"s3\.(?:private\.|direct\.)?{_REGION}\.cloud-object-storage\.(?:appdomain\.cloud|cloud)", "ibm"
    ),
)
_SPACES = re.compile(r"(?:(?P<bucket>.+)\.)?(?P<region>[a-z]{3}\d)\.(?:cdn\.)?digitaloceanspaces\.com\Z")
_R2 = re.compile(
    r"(?:(?P<bucket>.+?)\.)?(?P<account>(?!(?:eu|us|fedramp)\.)[a-z0-9]+)(?P<in>\.(?:eu|us|fedramp))?"
    r"\.r2\.cloudflarestorage\.com\Z"
)
_GOOGLE = re.compile(
    r"(?:(?P<bucket>.+?)\.)?(?:c\.)?(?:storage|commondatastorage|storage-download|storage-upload"
    r"|storage\.mtls|storage\.[a-z0-9-]+\.rep|storage-[a-z0-9-]+\.p)\.googleapis\.com\Z"
)
_GOOGLE_PATHS = re.compile(r"(?:/(?:upload|download|resumable/upload))?/storage/v1(?:beta\d)?/b/([^/]+)")
_FIREBASE = re.compile(r"/v0/b/([^/]+)")
_BROWSER = re.compile(r"/storage/browser/(?:_details/)?([^/;?]+)")
_AZURE = re.compile(
    r"(?P<account>[a-z0-9]{3,24}?)(?:-secondary)?\.(?:z\d+\.)?(?P<service>blob|dfs|web)"
    r"(?:\.storage)?\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)\Z"
)
_BACKBLAZE = re.compile(r"f\d{3}\.backblazeb2\.com\Z")
_SUPABASE = re.compile(r"(?P<project>[a-z0-9]{20})\.(?:storage\.)?supabase\.co\Z")
_SUPABASE_PATHS = re.compile(
    r"/storage/v1/(?:s3|render/image/public|object(?:/(?:public|sign|authenticated|info))?)/([^/]+)"
)
_HIDDEN = re.compile(r".*\.(?:cloudfront\.net|r2\.dev|b-cdn\.net|azureedge\.net|azurefd\.net|fastly\.net)\Z")


def read_store(host: str, path: str) -> Store | None:
    """Read a known provider's host and path (from the first slash on); None for a host of one's own."""
    if (found := read_amazon(host)) is not None:
        named = found.name or found.alias
        return Store(*found) if named else Store(*found)._replace(name=_amazon_path(host, path))
    for ask in (_google, _azure, _cloudflare, _spaces, _backblaze, _supabase, _hidden, _listed):
        if (store := ask(host, path)) is not None:
            return store
    return None


def first(path: str) -> str:
    """The first part of a path, percent-decoded."""
    return unquote(path.lstrip("/").partition("/")[0])


def _matched(found: re.Match[str] | None) -> str:
    return unquote(found[1]) if found else ""


def _amazon_path(host: str, path: str) -> str:
    if ".console." in f".{host}":
        return _matched(re.match(r"/s3/(?:buckets|object)/([^/?]+)", path))
    return first(path)


def _google(host: str, path: str) -> Store | None:
    if host == "storage.cloud.google.com":
        return Store("gcs", first(path), "storage.googleapis.com")
    if host == "console.cloud.google.com":
        return Store("gcs", _matched(_BROWSER.match(path)), "storage.googleapis.com")
    if host == "firebasestorage.googleapis.com":
        return Store("gcs", _matched(_FIREBASE.match(path)), "storage.googleapis.com")
    found = _GOOGLE.match(host)
    if found is None and host != "www.googleapis.com":
        return None
    bucket = found["bucket"] if found else None
    name = bucket or _matched(_GOOGLE_PATHS.match(path)) or (first(path) if found else "")
    return Store("gcs", name, "storage.googleapis.com")


def _azure(host: str, path: str) -> Store | None:
    if (found := _AZURE.match(host)) is None:
        return None
    name = "$web" if found["service"] == "web" else first(path)
    return Store(f"azure/{found['account']}", name, host)


def _cloudflare(host: str, path: str) -> Store | None:
    if (found := _R2.match(host)) is None:
        return None
    place = found["in"] or ""
    here = f"{found['account']}{place}.r2.cloudflarestorage.com"
    return Store(f"r2/{found['account']}{place.replace('.', '/')}", found["bucket"] or first(path), here)


def _spaces(host: str, path: str) -> Store | None:
    if (found := _SPACES.match(host)) is None:
        return None
    region = found["region"]
    name = found["bucket"] or first(path)
    return Store(f"spaces/{region}", name, f"{region}.digitaloceanspaces.com", region=region)


def _backblaze(host: str, path: str) -> Store | None:
    return Store("b2", _matched(re.match("/file/([^/]+)", path)), host) if _BACKBLAZE.match(host) else None


def _supabase(host: str, path: str) -> Store | None:
    if (found := _SUPABASE.match(host)) is None:
        return None
    name = _matched(_SUPABASE_PATHS.match(path))
    return Store(f"supabase/{found['project']}", name, host, "/storage/v1/s3")


def _hidden(host: str, path: str) -> Store | None:  # noqa: ARG001 - one shape for all providers
    return Store("", host=host, alias=host) if _HIDDEN.match(host) else None


def _listed(host: str, path: str) -> Store | None:
    for pattern, namespace in _PROVIDERS:
        if found := pattern.match(host):
            region = found.groupdict().get("region") or ""
            name = found["bucket"] or first(path)
            return Store(namespace.format(region=region), name, found["host"], region=region)
    return None
