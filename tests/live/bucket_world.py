"""Two buckets of one S3 server as both environments declare them, for the bucket's live tests."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from test_bucket_observer import AT

from disjoint.demo.servers.objects import KeyPair, ObjectStore
from disjoint.kinds.bucket.facts import BucketDeclared, BucketFacts
from disjoint.kinds.bucket.kind import KIND
from disjoint.kinds.bucket.observe import observe
from disjoint.model.environment import Environment, Variable
from disjoint.model.experiment import Canary, Experiment, Pair, Party, Sightings, saw
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.probe import ProbeError
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

DECLARED = BucketDeclared(
    name="$STORAGE_BUCKET_NAME",
    endpoint="$STORAGE_ENDPOINT_URL",
    canary=True,
    reach=True,
    replication=True,
)


@dataclass(frozen=True)
class Place:
    """A bucket, where it is asked, and with which keys."""

    bucket: str
    keys: KeyPair
    port: int
    reach_at: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""

    @property
    def url(self) -> str:
        return self.endpoint or f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Both:
    """Both environments' parts, and what was sent to each."""

    pair: Pair[BucketDeclared]
    tallies: Mapping[str, Tally]

    def tried(self, name: str) -> Fact[Any]:
        """One test by its name, as the runner carries it out."""
        test = next(test for test in KIND.experiments if test.name == name)
        try:
            if isinstance(test, Canary):
                return Known(self.sighted(test))
            assert isinstance(test, Experiment)
            return Known(test.load()(self.pair))
        except ProbeError as error:
            return Unknown(error.reason, error.remedy)

    def sighted(self, canary: Canary[BucketDeclared]) -> Sightings:
        """Hold, see, look, see again."""
        marking = canary.load()
        with marking.hold(self.pair.staging, 5.0) as mark:
            before = mark.alive()
            looked = marking.look(self.pair.production, mark.token)
            return saw(before, looked, mark.alive())

    def question(self, *names: str) -> Question[BucketFacts, BucketDeclared]:
        """What the rules are asked after these tests."""
        sides = [
            Side(name, name == "production", AT, observe(party.target, party.probe))
            for name, party in (("production", self.pair.production), ("staging", self.pair.staging))
        ]
        return Question(sides[0], sides[1], DECLARED, {name: self.tried(name) for name in names})


@contextlib.contextmanager
def both(production: Place, staging: Place, budget: float = 20.0) -> Iterator[Both]:
    """A run over two places."""
    tallies = {name: Tally(protected=name == "production") for name in ("production", "staging")}
    seats, key = Seats(), RunKey()
    with Deadline(budget) as deadline:

        def party(name: str, place: Place) -> Party[BucketDeclared]:
            values = {
                "STORAGE_BUCKET_NAME": place.bucket, "STORAGE_ENDPOINT_URL": place.url,
                "AWS_ACCESS_KEY_ID": place.keys.access, "AWS_SECRET_ACCESS_KEY": place.keys.secret,
            }  # fmt: skip
            variables = {n: Variable(n, Known(Secret(v)), ".env:1") for n, v in values.items()}
            where = Environment(name, name == "production", variables, f".env.{name}", place.reach_at)
            probe = Visit(where, deadline, seats, tallies[name], key)
            return Party(target(Resource("storage", "bucket", DECLARED), where), probe)

        yield Both(Pair(party("production", production), party("staging", staging)), tallies)


@contextlib.contextmanager
def recording(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Another port that leads to a server, and the first line of each request that came through it."""
    listener = socket.create_server(("127.0.0.1", 0))
    lines: list[bytes] = []

    def carry(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, socket.create_connection(("127.0.0.1", port)) as there:
            octets = connection.recv(65536)
            lines.append(octets.partition(b"\r\n")[0])
            there.sendall(octets)
            while octets := there.recv(65536):
                connection.sendall(octets)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], lines
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def held(store: ObjectStore, bucket: str) -> tuple[Any, ...]:
    """All that a bucket holds, versions and uploads included, as its owner sees it."""
    client = store.client("s3", store.root)
    kept = client.list_object_versions(Bucket=bucket)
    begun = client.list_multipart_uploads(Bucket=bucket)
    return (
        [(v["Key"], v["VersionId"], v["ETag"]) for v in kept.get("Versions", [])],
        [(v["Key"], v["VersionId"]) for v in kept.get("DeleteMarkers", [])],
        [(u["Key"], u["UploadId"]) for u in begun.get("Uploads", [])],
    )
