"""Begin an upload in staging's bucket, look for it in production's, and end it: no object comes of it.

Only where staging's bucket has no object that could be looked for, and only after the two buckets
are proven two. An upload that is begun is no object, no version and no event, and no store replicates
it: a PUT would be all of that, and a replication or a queue could carry it to production.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, TypeAlias
from urllib.parse import urlsplit

from disjoint.model.experiment import Look, Mark, Party
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import ProbeError

from .canary import chosen
from .facts import BEGUN, BucketDeclared
from .grants import UPLOAD
from .listing import list_objects, uploads
from .opening import Opened, attempted, opened, told
from .refusal import granting
from .session import StoreError

SPARE_SECONDS = 10.0
_STARTED_SECONDS = 5.0
_PROGRAM = Path(__file__).with_name("cleaner.py")
_INHERITED = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")

Done: TypeAlias = Callable[[], None]


@contextlib.contextmanager
def hold(party: Party[BucketDeclared], window: float) -> Iterator[Mark]:
    """Begin an upload under a random key, and end it.

    Raises:
        ProbeError: there are objects that serve, or it could not be ended again.
    """
    ours = opened(party.target, party.probe)
    key = f"disjoint-{secrets.token_hex(16)}"
    told(party, ours, lambda: _check(party, ours, key))
    with _cleaner(party, ours, key, window + SPARE_SECONDS) as done:
        begun = told(party, ours, lambda: _begin(ours, key))
        try:
            yield Mark(key, lambda: {BEGUN: attempted(party, ours, lambda: _stands(ours, key, begun))})
        finally:
            if told(party, ours, lambda: _end(ours, key, begun)):
                done()


def look(party: Party[BucketDeclared], token: str) -> Look:
    """Look for an upload by its exact key, and for one of production's own that is in progress.

    Raises:
        ProbeError: nobody answered, or the keys may not ask.
    """
    own = opened(party.target, party.probe)
    begun = told(party, own, lambda: uploads(own.store, own.address.name))
    mine = next((key for key, _ in begun if key != token), None)
    control: Fact[bool] = _NO_CONTROL
    if mine is not None:
        control = attempted(party, own, lambda: Known(bool(uploads(own.store, own.address.name, mine))))
    seen = attempted(party, own, lambda: Known(bool(uploads(own.store, own.address.name, token))))
    return Look({BEGUN: control}, {BEGUN: seen})


_NO_CONTROL = Unknown(
    "production has no upload in progress that could be the control",
    "put an object of its own into staging's bucket: it is looked for in place of an upload",
)


def _check(party: Party[BucketDeclared], ours: Opened, key: str) -> None:
    """Nothing is begun that need not be, or that these keys may not see and end."""
    if chosen(list_objects(ours.store, ours.address.name, 1).page):
        raise ProbeError("staging's own objects serve as marks: no upload was begun")
    uploads(ours.store, ours.address.name, key)
    try:
        _ask(ours, "AbortMultipartUpload", key, UploadId="none")
    except StoreError as error:
        if error.status == 403:
            may = granting(ours.address, party.target.environment.name, UPLOAD)
            raise ProbeError("staging's keys may not end an upload: none was begun", may) from None


def _begin(ours: Opened, key: str) -> str:
    begun = str(_ask(ours, "CreateMultipartUpload", key).get("UploadId", ""))
    if not begun:
        raise ProbeError("the store began an upload and did not say which")
    return begun


def _end(ours: Opened, key: str, begun: str) -> bool:
    """End it; whether none of that key is left."""
    _ask(ours, "AbortMultipartUpload", key, UploadId=begun)
    return not uploads(ours.store, ours.address.name, key)


def _ask(ours: Opened, operation: str, key: str, **more: str) -> dict[str, Any]:
    return dict(ours.store.ask(operation, Bucket=ours.address.name, Key=key, **more))


def _stands(ours: Opened, key: str, begun: str) -> Fact[bool]:
    return Known((key, begun) in uploads(ours.store, ours.address.name, key))


@contextlib.contextmanager
def _cleaner(party: Party[BucketDeclared], ours: Opened, key: str, seconds: float) -> Iterator[Done]:
    """A process that ends the upload as soon as the pipe to it ends, unless it heard that this was done.

    Raises:
        ProbeError: it did not start: then nothing may be begun.
    """
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        try:
            cleaner = _started(reading)
        finally:
            os.close(reading)
        pipe.write(json.dumps(_order(party, ours, key, seconds)) + "\n")
        pipe.flush()
        _await(cleaner)
        yield lambda: _dismiss(cleaner, pipe)


def _started(reading: int) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C does not end it; it gets no variable that may hold a secret."""
    command = [sys.executable, "-I", "-S", str(_PROGRAM)]
    variables = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    try:
        return subprocess.Popen(  # noqa: S603  our own program
            command, stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
            env=variables, start_new_session=True,
        )  # fmt: skip
    except OSError:
        raise ProbeError(_UNGUARDED) from None


_UNGUARDED = "the process that would end the upload did not start: none was begun"


def _await(cleaner: subprocess.Popen[bytes]) -> None:
    with contextlib.closing(cleaner.stdout) if cleaner.stdout else contextlib.nullcontext() as words:
        ready = select.select([words], [], [], _STARTED_SECONDS)[0] if words else []
        if not ready or not words or words.readline() != b"ready\n":
            cleaner.kill()
            raise ProbeError(_UNGUARDED)


def _dismiss(cleaner: subprocess.Popen[bytes], pipe: TextIO) -> None:
    pipe.write("done\n")
    pipe.flush()
    with contextlib.suppress(subprocess.TimeoutExpired):
        cleaner.wait(_STARTED_SECONDS)


def _order(party: Party[BucketDeclared], ours: Opened, key: str, seconds: float) -> dict[str, str]:
    """All that the cleaner needs; it goes through the pipe alone."""
    name = ours.address.name
    urls = {
        "bucket_url": ours.store.url("ListMultipartUploads", Bucket=name),
        "object_url": ours.store.url("AbortMultipartUpload", Bucket=name, Key=key, UploadId="none"),
    }
    at = urlsplit(urls["object_url"])
    place = party.probe.place(at.hostname or "", at.port or (443 if at.scheme == "https" else 80))
    access, secret, token = ours.keys
    return {
        **urls, "key": key, "address": place.address, "port": str(place.port), "seconds": str(seconds),
        "region": ours.store.region_name, "access": access.reveal(), "secret": secret.reveal(),
        "token": token.reveal() if token else "",
    }  # fmt: skip
