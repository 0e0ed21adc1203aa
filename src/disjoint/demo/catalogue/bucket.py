"""Buckets: staging's files are production's, however the bucket is spelled, and whatever lets staging in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from disjoint.demo.servers.objects import ACCOUNT, KeyPair
from disjoint.demo.world import Half, World
from disjoint.model.finding import Grade

from .leak import Leak, doubts, shares, stands

BUCKET = "bucket"
OTHER_NAME = "s3.disjoint.test:9000"
STAGING_USER = f"arn:aws:iam::{ACCOUNT}:user/shop-staging"
ALL = ("s3:*",)
PRODUCTIONS = {f"production/files/{n}.txt": b"production %d\n" % n for n in range(3)}
STAGINGS = {f"staging/files/{n}.txt": b"staging\n" for n in range(3)}


def _keyed(world: World, half: Half, key: KeyPair, bucket: str) -> World:
    return world.setting(
        half, STORAGE_BUCKET_NAME=bucket, AWS_ACCESS_KEY_ID=key.access, AWS_SECRET_ACCESS_KEY=key.secret
    )


def _using(world: World, half: Half, bucket: str, *more: str, actions: Sequence[str] = ALL) -> World:
    """With a user of its own for a bucket that stands already."""
    stack = world.stack
    return _keyed(
        world, half, stack.store.user(stack.fresh(f"{half}-files"), [bucket, *more], actions), bucket
    )


def _moved(world: World, half: Half, word: str, objects: Mapping[str, bytes]) -> tuple[World, str]:
    """With a bucket and a user of its own, which nothing else uses; and the bucket's name."""
    bucket = world.stack.fresh(word)
    world.stack.store.create(bucket, objects)
    return _using(world, half, bucket), bucket


def _both_moved(world: World, word: str, objects: Mapping[str, bytes]) -> tuple[World, str, str]:
    """With two buckets that nothing else uses; production's objects are the newer ones."""
    made, staging = _moved(world, "staging", word, objects)
    made, production = _moved(made, "production", f"{word}-of-all", PRODUCTIONS)
    return made, production, staging


def same_bucket(world: World) -> World:
    return _using(world, "staging", world.stack.production.bucket)


def other_spelling(world: World) -> World:
    other = same_bucket(world).reaching(OTHER_NAME, world.stack.store.port)
    return other.setting("staging", STORAGE_ENDPOINT_URL=f"http://{OTHER_NAME}")


def called_staging(world: World) -> World:
    made, bucket = _moved(world, "production", "shop-staging-uploads", PRODUCTIONS)
    return _using(made, "staging", bucket)


def let_in_by_policy(world: World) -> World:
    made, bucket = _moved(world, "production", "shop-invoices", PRODUCTIONS)
    made.stack.store.allow(bucket, {"Principal": {"AWS": STAGING_USER}, "Action": ["s3:ListBucket"]})
    return made


def let_in_to_write(world: World) -> World:
    made, bucket = _moved(world, "production", "shop-invoices", PRODUCTIONS)
    made.stack.store.allow(bucket, {"Principal": {"AWS": STAGING_USER}, "Action": ["s3:PutObject"]})
    return made


def public(world: World) -> World:
    made, bucket = _moved(world, "production", "shop-public", PRODUCTIONS)
    made.stack.store.unblock(bucket)
    made.stack.store.allow(bucket, {"Principal": "*", "Action": ["s3:ListBucket", "s3:PutObject"]})
    return made


def user_of_both(world: World) -> World:
    stack = world.stack
    return _using(world, "staging", stack.staging.bucket, stack.production.bucket)


def one_key_pair(world: World) -> World:
    stack = world.stack
    both = [stack.production.bucket, stack.staging.bucket]
    key = stack.store.user(stack.fresh("shop-files-of-all"), both)
    made = _keyed(world, "production", key, stack.production.bucket)
    return _keyed(made, "staging", key, stack.staging.bucket)


def _two_with_versions(world: World) -> tuple[World, str, str]:
    made, production, staging = _both_moved(world, "shop-archive", STAGINGS)
    for bucket in (production, staging):
        world.stack.store.keep_versions(bucket)
    return made, production, staging


def replicated_to_staging(world: World) -> World:
    made, production, staging = _two_with_versions(world)
    made.stack.store.replicate(production, staging)
    return made


def replicated_to_production(world: World) -> World:
    made, production, staging = _two_with_versions(world)
    made.stack.store.replicate(staging, production)
    return made


def copied(world: World) -> World:
    mixed = {**STAGINGS, **{f"import/{key}": body for key, body in PRODUCTIONS.items()}}
    return _both_moved(world, "shop-imported", mixed)[0]


def old_versions(world: World) -> World:
    made, _, bucket = _both_moved(world, "shop-emptied", STAGINGS)
    store = made.stack.store
    store.keep_versions(bucket)
    store.put(bucket, PRODUCTIONS)
    for key in PRODUCTIONS:
        store.client("s3", store.root).delete_object(Bucket=bucket, Key=key)
    return made


def may_not_list(world: World) -> World:
    return _using(world, "staging", world.stack.staging.bucket, actions=("s3:GetObject", "s3:PutObject"))


def wrong_secret(world: World) -> World:
    return world.setting("staging", AWS_SECRET_ACCESS_KEY=world.stack.supervisor.secret(30))


def missing(world: World) -> World:
    return _using(world, "staging", world.stack.fresh("shop-never-made"))


def copies_under_one_key(world: World) -> World:
    made, _ = _moved(world, "staging", "shop-shared-keys", STAGINGS)
    return _moved(made, "production", "shop-shared-keys-of-all", STAGINGS)[0]


def same_keys(world: World) -> World:
    other = dict.fromkeys(STAGINGS, b"production, and something else\n")
    return _moved(world, "production", "shop-equal-keys", {**PRODUCTIONS, **other})[0]


def empty_production(world: World) -> World:
    return _moved(world, "production", "shop-new", {})[0].declaring("storage", {"canary": False})


def two_endpoints(world: World) -> World:
    other = world.reaching(OTHER_NAME, world.stack.store.port)
    return other.setting("staging", STORAGE_ENDPOINT_URL=f"http://{OTHER_NAME}")


def with_versions(world: World) -> World:
    return _two_with_versions(world)[0]


def named_production(world: World) -> World:
    return _both_moved(world, "production-files", STAGINGS)[0]


LEAKS: tuple[Leak, ...] = (
    shares("same-bucket", BUCKET, "bucket/same-bucket",
           "staging's bucket is production's, reached with keys of its own", same_bucket, Grade.CANARY),
    shares("same-bucket-other-spelling", BUCKET, "bucket/same-bucket",
           "staging's bucket is production's, under another name of the same S3 server", other_spelling,
           Grade.CANARY),
    shares("bucket-called-staging", BUCKET, "bucket/same-bucket",
           "production's bucket has staging in its name, and staging uses it, too", called_staging,
           Grade.CANARY),
    shares("bucket-policy-lets-staging-in", BUCKET, "bucket/cross-access",
           "a policy of production's bucket lets staging's user list it", let_in_by_policy),
    shares("bucket-public", BUCKET, "bucket/cross-access",
           "a policy of production's bucket lets anyone list it and write to it", public),
    shares("bucket-user-of-both", BUCKET, "bucket/cross-access",
           "staging's bucket is its own, and its user may use production's, too", user_of_both),
    shares("bucket-one-key-pair", BUCKET, "bucket/cross-access",
           "two buckets, and one key pair in both environments", one_key_pair),
    shares("bucket-replicated-to-staging", BUCKET, "bucket/replication",
           "the store copies what production stores to staging's bucket", replicated_to_staging),
    shares("bucket-replicated-to-production", BUCKET, "bucket/replication",
           "the store copies what staging stores to production's bucket", replicated_to_production),
    shares("bucket-imported", BUCKET, "bucket/contents",
           "production's files were copied to staging's bucket, under another prefix", copied,
           Grade.DECLARED),
    shares("bucket-old-versions", BUCKET, "bucket/contents",
           "production's files were deleted from staging's bucket, which keeps old versions", old_versions,
           Grade.DECLARED),
    doubts("bucket-policy-lets-staging-write", BUCKET, "bucket/cross-access",
           "a policy of production's bucket lets staging's user write, and not list", let_in_to_write),
    doubts("bucket-may-not-list", BUCKET, "bucket/same-bucket",
           "staging's keys may read and write objects, and not list its bucket", may_not_list),
    doubts("bucket-wrong-secret", BUCKET, "bucket/same-bucket",
           "staging's secret key does not belong to its access key", wrong_secret),
    doubts("bucket-missing", BUCKET, "bucket/same-bucket", "staging's bucket was never made", missing),
    doubts("bucket-copies-under-one-key", BUCKET, "bucket/canary",
           "both buckets hold equal files under equal keys: copies, and no mark of staging's own",
           copies_under_one_key),
    stands("bucket-same-keys", BUCKET,
           "both buckets have objects of the same keys, and other content", same_keys),
    stands("bucket-empty-production", BUCKET,
           "production's bucket is empty, so that no canary has a control; each lists its own",
           empty_production),
    stands("bucket-two-endpoints", BUCKET,
           "two buckets of one store, each under another name of the server", two_endpoints),
    stands("bucket-with-versions", BUCKET, "both buckets keep old versions of their own", with_versions),
    stands("bucket-named-production", BUCKET, "staging's own bucket has production in its name",
           named_production),
)  # fmt: skip
