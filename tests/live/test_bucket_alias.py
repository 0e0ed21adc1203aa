"""One bucket of one server under two names, as Garage's aliases are, before a real S3 server."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from bucket_world import Place, both, held

from disjoint.demo.servers.objects import REGION, ObjectStore
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.bucket.rules import same_bucket
from disjoint.kinds.bucket.sameness import canary
from disjoint.model.finding import Grade, Outcome

pytestmark = pytest.mark.live
BUCKET, ALIAS = "shop-files", "shop-staging"


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    with Supervisor() as supervisor:
        started = ObjectStore.start(supervisor, "storage")
        started.create(BUCKET)
        yield started


@pytest.fixture
def gateway(store: ObjectStore) -> Iterator[int]:
    """A port at which the bucket has another name besides; it signs for the server behind."""

    class Gateway(BaseHTTPRequestHandler):
        def do(self) -> None:
            path = self.path.replace(f"/{ALIAS}", f"/{BUCKET}", 1)
            request = AWSRequest(self.command, f"http://127.0.0.1:{store.port}{path}")
            S3SigV4Auth(Credentials(*store.root), "s3", REGION).add_auth(request)
            there = http.client.HTTPConnection("127.0.0.1", store.port)
            there.request(self.command, path, headers=dict(request.headers))
            answer = there.getresponse()
            body = answer.read()
            if ALIAS in self.path:
                body = body.replace(BUCKET.encode(), ALIAS.encode())
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_HEAD = do_POST = do_DELETE = do  # noqa: N815  (the library's names)

        def log_message(self, *_words: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def places(store: ObjectStore, port: int) -> tuple[Place, Place]:
    return Place(BUCKET, store.root, port), Place(ALIAS, store.root, port)


def test_an_empty_bucket_under_two_names_is_not_two(store: ObjectStore, gateway: int) -> None:
    """Both list nothing, and nothing may be begun in what may be production's."""
    with both(*places(store, gateway)) as sides:
        found = same_bucket(sides.question("canary"))
    assert found.outcome is Outcome.UNPROVEN, found
    assert "both are empty" in found.summary
    assert found.remedy


def test_a_bucket_under_two_names_shows_its_objects_in_both(store: ObjectStore, gateway: int) -> None:
    """One object is enough, and the mark alone proves neither."""
    client = store.client("s3", store.root)
    client.put_object(Bucket=BUCKET, Key="reps/1.json", Body=b"production")
    with both(*places(store, gateway)) as sides:
        question = sides.question("canary")
    assert same_bucket(question).outcome is Outcome.UNPROVEN
    assert canary(question).outcome is not Outcome.ISOLATED
    assert held(store, BUCKET)[2] == []


def test_two_buckets_of_which_one_is_empty_are_two(store: ObjectStore, gateway: int) -> None:
    """What stands in one is not in the other: an alias would show it."""
    store.create("shop-empty")
    store.client("s3", store.root).put_object(Bucket=BUCKET, Key="reps/1.json", Body=b"production")
    with both(Place(BUCKET, store.root, gateway), Place("shop-empty", store.root, gateway)) as sides:
        found = same_bucket(sides.question("canary"))
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
