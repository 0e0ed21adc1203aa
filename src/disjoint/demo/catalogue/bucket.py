"""Buckets: staging's files are production's, however the bucket is spelled."""

from __future__ import annotations

from disjoint.demo.world import World

from .leak import Leak, shares

BUCKET = "bucket"
OTHER_NAME = "s3.disjoint.test:9000"


def _with_access(world: World) -> World:
    """Staging has keys of its own, whose policy lets them into production's bucket."""
    stack = world.stack
    key = stack.store.user(stack.fresh("shop-staging-extra"), [stack.production.bucket])
    return world.setting(
        "staging",
        STORAGE_BUCKET_NAME=stack.production.bucket,
        AWS_ACCESS_KEY_ID=key.access,
        AWS_SECRET_ACCESS_KEY=key.secret,
    )


def same_bucket(world: World) -> World:
    return _with_access(world)


def other_spelling(world: World) -> World:
    other = _with_access(world).reaching(OTHER_NAME, world.stack.store.port)
    return other.setting("staging", STORAGE_ENDPOINT_URL=f"http://{OTHER_NAME}")


LEAKS: tuple[Leak, ...] = (
    shares("same-bucket", BUCKET, "bucket/same-bucket",
           "staging's bucket is production's, reached with keys of its own", same_bucket),
    shares("same-bucket-other-spelling", BUCKET, "bucket/same-bucket",
           "staging's bucket is production's, under another name of the same S3 server", other_spelling),
)  # fmt: skip
