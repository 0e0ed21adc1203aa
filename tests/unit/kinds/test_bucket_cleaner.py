"""The program that ends an upload signs as botocore does, and takes no other upload for its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from disjoint.kinds.bucket import cleaner

KEY = "disjoint-0123"


@pytest.mark.parametrize("token", ["", "a/session+token=="])
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"https://reps.s3.eu-west-1.amazonaws.com/?prefix={KEY}&uploads="),
        ("DELETE", f"http://storage.test:9000/reps/{KEY}?uploadId=a%2Bb%2F%3D%20~"),
        ("DELETE", f"http://[::1]:9000/reps/{KEY}?uploadId=x"),
    ],
)
def test_it_signs_as_botocore_does(method: str, url: str, token: str) -> None:
    """Byte for byte, with a session token and without."""
    order = {"region": "eu-west-1", "access": "AKIAEXAMPLE", "secret": "a/secret", "token": token}
    place = urlsplit(url)
    ours = cleaner.signed(order, method, place.netloc, place.path, place.query, datetime.now(UTC))
    request = AWSRequest(method, url)
    request.context["timestamp"] = ours["x-amz-date"]
    theirs = S3SigV4Auth(Credentials("AKIAEXAMPLE", "a/secret", token or None), "s3", "eu-west-1")
    request.headers["X-Amz-Content-SHA256"] = cleaner.EMPTY
    request.headers["x-amz-date"] = ours["x-amz-date"]
    if token:
        request.headers["x-amz-security-token"] = token
    signed = theirs.canonical_request(request)
    scope = f"{ours['x-amz-date'][:8]}/eu-west-1/s3/aws4_request"
    wanted = theirs.signature(theirs.string_to_sign(request, signed), request)
    assert ours["Authorization"].endswith(f"Signature={wanted}")
    assert f"Credential=AKIAEXAMPLE/{scope}, " in ours["Authorization"]


def test_only_uploads_of_its_own_key_are_ended() -> None:
    """A store that ignores the prefix lists those of others, too."""
    lines = "".join(
        f"<Upload><Key>{key}</Key><UploadId>{upload}</UploadId></Upload>"
        for key, upload in ((KEY, "a&amp;b"), (f"{KEY}4", "c"), ("production/large.bin", "d"), (KEY, "e"))
    )
    body = f"<ListMultipartUploadsResult><Key>{KEY}</Key>{lines}</ListMultipartUploadsResult>".encode()
    assert cleaner.begun(body, {"key": KEY}) == ["a&b", "e"]
    assert cleaner.begun(b"<html>", {"key": KEY}) == []


def test_a_listing_that_is_made_to_be_slow_takes_no_time() -> None:
    """A million octets of openings that nothing closes are read once."""
    body = b"<Upload>" * 130_000
    started = time.process_time()
    assert cleaner.begun(body, {"key": KEY}) == []
    assert time.process_time() - started < 2


def test_a_store_that_never_ends_its_answer_does_not_keep_it_for_ever() -> None:
    """Whoever is still asking when its time is over ends, whatever the store sends."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(cleaner.__file__).parent)!r}); import cleaner, time;"
        "cleaner.LONGEST = 1; cleaner.clear = lambda order: time.sleep(30); cleaner.main()"
    )
    order = json.dumps({"seconds": "5"}).encode() + b"\n"
    ended = subprocess.run([sys.executable, "-I", "-c", program], input=order, timeout=20, check=False)
    assert ended.returncode == -signal.SIGALRM
