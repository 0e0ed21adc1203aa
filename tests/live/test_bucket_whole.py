"""A whole verification over an S3 server whose every request is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from bucket_world import held, recording

from disjoint import pipeline
from disjoint.demo.catalogue.bucket import PRODUCTIONS
from disjoint.demo.world import STORAGE, World
from disjoint.model.finding import Finding, Grade, Outcome
from disjoint.model.proof import Proof

pytestmark = pytest.mark.live


def only_buckets(world: World) -> World:
    return replace(world, resources={n: t for n, t in world.resources.items() if t["kind"] == "bucket"})


def recorded(world: World, directory: Path) -> tuple[Proof, list[tuple[str, str]]]:
    """What is proven of a world, and method and target of all that its store was asked."""
    with recording(world.stack.store.port) as (port, lines):
        proof = pipeline.verify(pipeline.load(world.reaching(STORAGE, port).write(directory)))
    asked = [line.decode().split(" ") for line in lines]
    return proof, [(method, target) for method, target, _ in asked]


def found(proof: Proof) -> Mapping[tuple[str, str], Finding]:
    return {(finding.resource, finding.rule): finding for finding in proof.findings}


def emptied(world: World) -> World:
    """With a bucket of staging's own in which nothing is."""
    stack = world.stack
    bucket = stack.fresh("shop-just-made")
    stack.store.create(bucket)
    key = stack.store.user(stack.fresh("just-made"), [bucket])
    return world.setting(
        "staging", STORAGE_BUCKET_NAME=bucket, AWS_ACCESS_KEY_ID=key.access, AWS_SECRET_ACCESS_KEY=key.secret
    )


def test_production_is_only_read_and_holds_what_it_held(world: World, tmp_path: Path) -> None:
    """Thirteen reads of its bucket, and nothing stored anywhere; every rule of the bucket holds."""
    store, bucket = world.stack.store, world.stack.production.bucket
    before = held(store, bucket), held(store, world.stack.staging.bucket)
    proof, asked = recorded(only_buckets(world), tmp_path)
    assert {f.outcome for f in proof.findings if f.resource == "storage"} == {Outcome.ISOLATED}
    assert found(proof)["storage", "bucket/cross-access"].judgement.grade is Grade.REFUSED
    assert {method for method, _ in asked} == {"GET", "HEAD"}
    of_production = [target for _, target in asked if target.startswith(f"/{bucket}")]
    assert len(of_production) == 13
    assert proof.footprint.reads == 13
    assert proof.footprint.writes == 0
    assert (held(store, bucket), held(store, world.stack.staging.bucket)) == before


def test_an_empty_staging_bucket_is_marked_once_it_is_proven_its_own(world: World, tmp_path: Path) -> None:
    """One upload is begun and ended there; production's bucket is read."""
    made = only_buckets(emptied(world))
    staging = made.staging.variables["STORAGE_BUCKET_NAME"]
    proof, asked = recorded(made, tmp_path)
    writes = [target for method, target in asked if method not in {"GET", "HEAD"}]
    assert [method for method, _ in asked].count("POST") == 1
    assert writes
    assert all(target.startswith(f"/{staging}/disjoint-") for target in writes)
    assert held(made.stack.store, staging) == ([], [], [])
    assert found(proof)["storage", "bucket/same-bucket"].judgement.grade is Grade.IDENTITY
    assert found(proof)["storage", "bucket/canary"].outcome is Outcome.UNPROVEN


def test_nothing_is_begun_in_a_bucket_that_is_another_one_of_productions(
    world: World, tmp_path: Path
) -> None:
    """Every bucket of production's counts, under whatever resource: here staging's files are its backup."""
    made = only_buckets(emptied(world))
    names = {"BACKUP_BUCKET": made.staging.variables["STORAGE_BUCKET_NAME"]}
    own = {**made.resources["storage"], "name": "$BACKUP_BUCKET", "objects": ()}
    made = made.setting("production", **names).setting("staging", **names).declaring("backup", own)
    _, asked = recorded(made, tmp_path)
    assert {method for method, _ in asked} == {"GET", "HEAD"}


def test_nothing_is_begun_while_one_of_productions_buckets_is_not_known(world: World, tmp_path: Path) -> None:
    """A bucket that its own keys may not list may be any."""
    stack, made = world.stack, only_buckets(emptied(world))
    hidden = stack.fresh("shop-hidden")
    stack.store.create(hidden, PRODUCTIONS)
    key = stack.store.user(stack.fresh("hidden"), [hidden], ("s3:GetObject",))
    names = {"HIDDEN_BUCKET": hidden, "HIDDEN_KEY": key.access, "HIDDEN_SECRET": key.secret}
    own = {
        **made.resources["storage"], "name": "$HIDDEN_BUCKET", "access_key": "$HIDDEN_KEY",
        "secret_key": "$HIDDEN_SECRET",
    }  # fmt: skip
    made = made.setting("production", **names).declaring("hidden", own)
    _, asked = recorded(made, tmp_path)
    assert {method for method, _ in asked} == {"GET", "HEAD"}
