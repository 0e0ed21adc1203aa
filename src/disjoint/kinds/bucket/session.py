"""A harmless S3 client: botocore signs and reads, the probe alone sends.

It sees nothing of this process or machine: no ``AWS_*`` variable, no file under ``~/.aws``, no
instance metadata. It knows ten reads and, for staging alone, two operations that begin and end
an upload; it sends each once, and never follows a redirect.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import botocore.session
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from disjoint.model.probe import HttpAnswer, HttpRequest, Probe, ProbeError
from disjoint.model.secret import Secret

from .shape import is_answer

READS = frozenset(
    {
        *("HeadBucket", "ListObjectsV2", "ListObjectVersions", "GetBucketLocation", "GetBucketVersioning"),
        *("GetBucketReplication", "GetBucketNotificationConfiguration", "GetBucketPolicy"),
        *("ListMultipartUploads", "GetBucketEncryption"),
    }
)
"""All that is sent to anyone. HeadObject is not among them: it needs the right to read content."""
MARKS = frozenset({"CreateMultipartUpload", "AbortMultipartUpload"})
"""Sent to staging alone. An upload that is begun is no object: no version, no event and no replica of it."""
PAGE_OCTETS = 4 << 20
"""A page of 1,000 keys of 1,024 octets each, percent-encoded, with its markup."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
REGION = re.compile(r"[a-z]{2}(?:-[a-z]{2,8}){1,3}-[0-9]{1,2}\Z")
# What botocore raises on an answer that is no S3 answer, beside its own errors.
_UNREADABLE = (
    *(
        BotoCoreError,
        ParseError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        RuntimeError,
        OverflowError,
    ),
)
_VIRTUAL = (".storage.dev", "storage.railway.app", ".tigris.dev")
"""Providers that take the bucket in the host name only (Tigris, and Railway's buckets on it)."""


class Keys(NamedTuple):
    """A key pair as the environment declares it; a session token where it is temporary."""

    access: Secret
    secret: Secret
    token: Secret | None


class StoreError(Exception):
    """The store answered with an error. Holds its status and code, none of its text."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code


class Store:
    """One bucket's endpoint, seen through one visit."""

    def __init__(self, probe: Probe, keys: Keys, endpoint: str | None, region: str) -> None:
        self._probe = probe
        self._endpoint = endpoint
        self._region = region
        self._operation = ""
        self._last: HttpAnswer | None = None
        self._client = _client(keys, endpoint, region)
        self._client.meta.events.register_first("before-call.s3", self._only_known)
        self._client.meta.events.register_first("before-send.s3", self._send)

    def asked_by(self, keys: Keys) -> Store:
        """The same store, asked with other keys."""
        return Store(self._probe, keys, self._endpoint, self._region)

    @property
    def region_name(self) -> str:
        """What requests are signed for."""
        return self._region

    def url(self, operation: str, **parameters: object) -> str:
        """Where an operation would be sent, without its query; nothing is sent."""
        signed = self._client.generate_presigned_url(xform_name(operation), Params=parameters)
        return str(signed).partition("?")[0]

    @property
    def last(self) -> HttpAnswer | None:
        """What came back last."""
        return self._last

    def ask(self, operation: str, **parameters: object) -> Mapping[str, Any]:
        """Send one read or, in staging, one mark; once.

        Raises:
            StoreError: the store answered with an error.
            ProbeError: no S3 answer came.
        """
        self._operation = operation
        try:
            answer = getattr(self._client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise _refused(error) from None
        except _UNREADABLE:
            raise ProbeError(NO_S3, NO_STORE) from None
        return dict(answer)

    def region(self, bucket: str) -> str | None:
        """The region that AWS names in any answer about a bucket, even in a refusal."""
        try:
            self.ask("HeadBucket", Bucket=bucket)
        except (StoreError, ProbeError):
            if self._last is None:
                raise
        named = self._last.headers.get("x-amz-bucket-region", "") if self._last else ""
        return named if REGION.match(named) else None

    def _only_known(self, model: Any, **_event: object) -> None:
        if model.name not in READS and (self._probe.protected or model.name not in MARKS):
            raise ProbeError(f"{model.name} is no read that this tool ever sends")

    def _send(self, request: AWSPreparedRequest, **_event: object) -> AWSResponse:
        """Stand in for botocore's own sender: it retries, follows and waits; we do not."""
        operation, self._operation = self._operation, ""
        if not operation:
            raise ProbeError("the store sends its callers elsewhere (another region?)", WHERE)
        self._last = self._probe.exchange(
            HttpRequest(
                request.method,
                request.url,
                _headers(request),
                PAGE_OCTETS,
                name=operation,
                marks=operation in MARKS,
            )
        )
        status, body = self._last.status, self._last.body
        if status in _REDIRECTS:
            raise ProbeError(f"the store redirects ({status}), which is never followed", WHERE)
        if request.method != "HEAD" and not is_answer(body, operation, status):
            raise StoreError(status, "") if status >= 400 else ProbeError(NO_S3, NO_STORE)
        return AWSResponse(request.url, status, dict(self._last.headers), _Body(body))


NO_S3 = "what answers does not speak S3"
NO_STORE = "check the endpoint: a portal, a proxy's page or another service answers there"
WHERE = "declare the bucket's own endpoint or region in its resource"


class _Body(NamedTuple):
    """The part of a urllib3 response that botocore reads."""

    octets: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.octets


def _headers(request: AWSPreparedRequest) -> dict[str, str]:
    """What was signed, and nothing that tells of this machine (agent, trace, run)."""
    ours = ("authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token")
    texts = {name: v.decode() if isinstance(v, bytes) else str(v) for name, v in request.headers.items()}
    return {name: text for name, text in texts.items() if name.lower() in ours}


def _refused(error: ClientError) -> StoreError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(error.response.get("Error", {}).get("Code", ""))
    return StoreError(int(status), code if re.fullmatch("[A-Za-z]{1,60}", code) else "")


_lock = threading.Lock()


def _client(keys: Keys, endpoint: str | None, region: str) -> Any:
    """A client of the shared session; 110 ms for a process's first, 5 ms for the others."""
    style = "auto" if endpoint is None else "virtual" if _is_virtual(endpoint) else "path"
    with _lock:
        return _session().create_client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=keys.access.reveal(),
            aws_secret_access_key=keys.secret.reveal(),
            aws_session_token=keys.token.reveal() if keys.token else None,
            config=Config(
                signature_version="s3v4",
                request_checksum_calculation="when_required",  # it would be a signed header of its own
                retries={"mode": "standard", "total_max_attempts": 1},
                s3={"addressing_style": style, "us_east_1_regional_endpoint": "regional"},
            ),
        )


def _is_virtual(endpoint: str) -> bool:
    host = endpoint.partition("://")[2].partition("/")[0].partition(":")[0]
    return host.endswith(_VIRTUAL)


@functools.cache
def _session() -> Any:
    """botocore with constants for configuration, so that nothing around us changes an answer."""
    constants = {name: spec[2] for name, spec in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    constants |= {"config_file": None, "credentials_file": None}
    providers = {name: ConstantProvider(value) for name, value in constants.items()}
    session = botocore.session.Session()
    session.register_component("config_store", ConfigValueStore(mapping=providers))
    paths = [Loader.BUILTIN_DATA_PATH]
    session.register_component("data_loader", Loader(paths, include_default_search_paths=False))
    return session
