"""An upload that is begun in staging and looked for in production: nothing of it stays, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bucket_world import Place, both, held

from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.objects import ObjectStore
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.bucket import grants, upload
from disjoint.kinds.bucket.opening import opened
from disjoint.kinds.bucket.rules import RULES
from disjoint.kinds.bucket.session import MARKS
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Outcome
from disjoint.model.probe import HttpRequest, ProbeError

pytestmark = pytest.mark.live
OBJECTS = {"production/1.txt": b"one", "production/2.txt": b"two"}
CANARY = next(rule for rule in RULES if rule.id == "bucket/canary")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    """An empty staging bucket that keeps versions, and production's with objects."""
    with Supervisor() as supervisor:
        started = ObjectStore.start(supervisor, "storage")
        started.create("reps", OBJECTS)
        started.create("staging-reps")
        started.keep_versions("staging-reps")
        yield started


@pytest.fixture
def production(store: ObjectStore) -> Place:
    return Place("reps", store.root, store.port)


@pytest.fixture
def staging(store: ObjectStore) -> Place:
    return Place("staging-reps", store.root, store.port)


def test_an_upload_is_seen_where_it_was_begun_and_nothing_stays(
    store: ObjectStore, production: Place, staging: Place
) -> None:
    """Begun, seen, not seen, ended; production was only read, and holds what it held."""
    before = held(store, "reps")
    with both(production, staging) as sides:
        found = sides.tried("canary:upload")
        sent = {name: dict(tally.footprint().commands) for name, tally in sides.tallies.items()}
    assert isinstance(found, Known)
    (channel,) = found.value.channels
    assert (channel.held, channel.seen) == (Known(True), Known(False))
    assert isinstance(channel.control, Unknown)
    assert sent["production"].keys() == {"GET ListMultipartUploads"}
    assert sent["staging"]["POST CreateMultipartUpload"] == 1
    assert held(store, "staging-reps") == ([], [], [])
    assert held(store, "reps") == before


def test_an_upload_of_productions_own_is_the_control(
    store: ObjectStore, production: Place, staging: Place
) -> None:
    """With it both controls hold, and the canary proves what an empty bucket could not."""
    client = store.client("s3", store.root)
    own = client.create_multipart_upload(Bucket="reps", Key="production/large.bin")["UploadId"]
    try:
        with both(production, staging) as sides:
            found = CANARY.judge(sides.question("canary", "canary:upload"))
        assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY), found
        assert held(store, "reps")[2] == [("production/large.bin", own)]
    finally:
        client.abort_multipart_upload(Bucket="reps", Key="production/large.bin", UploadId=own)


def test_without_a_control_an_empty_staging_bucket_is_unproven(production: Place, staging: Place) -> None:
    """It says what would help: an object of staging's own."""
    with both(production, staging) as sides:
        found = CANARY.judge(sides.question("canary", "canary:upload"))
    assert found.outcome is Outcome.UNPROVEN
    assert "into staging's bucket" in found.remedy


def test_an_upload_shows_that_two_names_are_one(store: ObjectStore, production: Place) -> None:
    """Whatever it is called: the upload that staging began stands in production's bucket."""
    store.create("empty-reps")
    place = Place("empty-reps", store.root, store.port)
    with both(place, place) as sides:
        found = CANARY.judge(sides.question("canary:upload"))
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.CANARY), found
    assert held(store, "empty-reps") == ([], [], [])


def test_nothing_is_begun_where_objects_serve(store: ObjectStore, production: Place) -> None:
    """An object that stands there anyway is the better mark."""
    with both(production, Place("reps", store.root, store.port)) as sides:
        found = sides.tried("canary:upload")
        sent = sides.tallies["staging"].footprint()
    assert isinstance(found, Unknown)
    assert "no upload was begun" in found.reason
    assert sent.writes == 0


def test_nothing_is_begun_that_may_not_be_ended(store: ObjectStore, production: Place) -> None:
    """The right to end it is tried on an upload that does not exist."""
    actions = ("s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject")
    keys = store.user("uploader", ["staging-reps"], actions)
    with both(production, Place("staging-reps", keys, store.port)) as sides:
        found = sides.tried("canary:upload")
    assert isinstance(found, Unknown)
    assert "s3:AbortMultipartUpload" in found.remedy
    assert held(store, "staging-reps") == ([], [], [])


def test_the_stated_rights_are_enough(store: ObjectStore, production: Place) -> None:
    """Listing the bucket and its uploads, beginning one and ending it."""
    keys = store.user("least", ["staging-reps"], (*grants.LOOK, *grants.UPLOAD))
    with both(production, Place("staging-reps", keys, store.port)) as sides:
        found = sides.tried("canary:upload")
    assert isinstance(found, Known), found
    assert found.value.channels[0].held == Known(True)


@pytest.mark.parametrize("operation", sorted(MARKS))
def test_production_cannot_be_sent_a_mark(production: Place, staging: Place, operation: str) -> None:
    """Three walls, each by itself: the session, the exchange, the count."""
    with both(production, staging) as sides:
        party = sides.pair.production
        own = opened(party.target, party.probe)
        with pytest.raises(ProbeError, match="no read"):
            own.store.ask(operation, Bucket="reps", Key="k", **_more(operation))
        for method in ("POST", "DELETE", "PUT"):
            with pytest.raises(ProbeError, match="only GET and HEAD"):
                party.probe.exchange(HttpRequest(method, production.url, marks=True))
            with pytest.raises(ProbeError, match="no allow-listed read"):
                party.probe.sent(method)
        assert sides.tallies["production"].footprint().commands == ()


def _more(operation: str) -> dict[str, str]:
    return {"UploadId": "x"} if operation == "AbortMultipartUpload" else {}


def test_staging_is_sent_no_other_write(production: Place, staging: Place) -> None:
    """A mark says that it is one, and has no body."""
    with both(production, staging) as sides:
        probe = sides.pair.staging.probe
        for request in (
            HttpRequest("POST", staging.url),
            HttpRequest("PUT", staging.url, marks=True),
            HttpRequest("DELETE", staging.url),
        ):
            with pytest.raises(ProbeError, match="only GET and HEAD"):
                probe.exchange(request)


CHILD = Path(__file__).with_name("bucket_killed.py")
POINTS = (
    "before CreateMultipartUpload",
    "after CreateMultipartUpload",
    "held",
    "before AbortMultipartUpload",
    "after AbortMultipartUpload",
)


OFTEN = ("held",)


@pytest.mark.parametrize(
    "point", [point if point in OFTEN else pytest.param(point, marks=pytest.mark.long) for point in POINTS]
)
def test_nothing_stays_after_kill_9(store: ObjectStore, staging: Place, point: str) -> None:
    """Wherever it strikes, the process that was started before ends the upload, and itself."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), point], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdin, child.stdout:
        child.stdin.write(json.dumps([staging.bucket, staging.port, *staging.keys]) + "\n")
        child.stdin.flush()
        assert child.stdout.readline().strip() == point
        cleaners = _children(child.pid)
        shown = "".join(
            (Path(f"/proc/{pid}") / name).read_text() for pid in cleaners for name in ("cmdline", "environ")
        )
        assert cleaners
        assert staging.keys.secret not in shown
        assert (held(store, "staging-reps")[2] != []) == (point in POINTS[1:4])
        child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 8
    while any(_runs(pid) for pid in cleaners) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(pid) for pid in cleaners)
    assert held(store, "staging-reps") == ([], [], [])


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    found = [(task / "children").read_text().split() for task in tasks.iterdir()]
    return [int(each) for line in found for each in line]


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    if state == "Z" and os.getpid() == 1:
        os.waitpid(pid, os.WNOHANG)
    return state != "Z"


def test_an_upload_that_its_holder_forgets_is_ended(
    store: ObjectStore, staging: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cleaner waits no longer than the window and some seconds, though the pipe stays open."""
    monkeypatch.setattr(upload, "SPARE_SECONDS", -4.5)
    with both(staging, staging) as sides:
        holding = upload.hold(sides.pair.staging, 5.0)
        mark = holding.__enter__()
        assert mark.alive() == {"upload": Known(True)}
        time.sleep(1.5)
        assert held(store, "staging-reps") == ([], [], [])
        with pytest.raises(ProbeError):
            holding.__exit__(None, None, None)


@pytest.mark.long
def test_a_forgotten_upload_is_ended_at_amazon_too(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket in the host name, TLS verified for it, and a tunnel that leads there."""
    region = "s3.us-east-1.amazonaws.com"
    authority = Authority.found(store.supervisor)
    pem = authority.issue(region, f"*.{region}")
    front = Forward.start(store.supervisor, "amazon", store.port, certificate=pem)
    there = {f"{host}:443": f"127.0.0.1:{front.port}" for host in (region, f"staging-reps.{region}")}
    place = Place("staging-reps", store.root, front.port, there, f"https://{region}")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    monkeypatch.setattr(upload, "SPARE_SECONDS", -4.5)
    with both(place, place) as sides:
        holding = upload.hold(sides.pair.staging, 5.0)
        mark = holding.__enter__()
        assert mark.alive() == {"upload": Known(True)}
        time.sleep(2)
        assert held(store, "staging-reps") == ([], [], [])
        with pytest.raises(ProbeError):
            holding.__exit__(None, None, None)


@pytest.mark.long
def test_an_upload_that_outlives_the_budget_is_ended(store: ObjectStore, staging: Place) -> None:
    """Nothing more may be sent through the visit then: the cleaner does it."""
    with both(staging, staging, budget=2.0) as sides:
        holding = upload.hold(sides.pair.staging, 5.0)
        holding.__enter__()
        assert len(held(store, "staging-reps")[2]) == 1
        time.sleep(2.1)
        with pytest.raises(ProbeError, match="not answered within"):
            holding.__exit__(None, None, None)
    deadline = time.monotonic() + 5
    while held(store, "staging-reps")[2] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held(store, "staging-reps") == ([], [], [])
