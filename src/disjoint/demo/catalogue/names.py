"""Keys and objects of production's in staging's own cache and bucket: only their names and contents tell."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.world import HALVES, Half, Value, World, place

from .leak import Leak, doubts, shares, stands
from .redis import COPY, KEYS

OBJECTS = "bucket content"
_KEYS, _OBJECTS = "redis/production-keys", "bucket/production-objects"


def _sessions(count: int = 200) -> dict[str, str]:
    """Keys that nobody else has."""
    return {f"session:{uuid.uuid4()}": "1" for _ in range(count)}


def _counted(count: int) -> dict[str, str]:
    """Keys that everybody has."""
    return {f"user:{number}:profile": "1" for number in range(1, count + 1)}


def _cache(world: World, half: Half, server: ValkeyServer, keys: Mapping[str, str]) -> World:
    """A side's cache is a server of its own that holds these keys."""
    with closing(server.admin()) as client:
        client.mset(dict(keys))
    where = place(world.stack.fresh("cache-full"), half, 6379)
    return world.reaching(where, server.port).setting(half, REDIS_URL=server.url(where))


def _server(world: World) -> ValkeyServer:
    return ValkeyServer.start(world.stack.supervisor, world.stack.fresh("cache-full"))


def _caches(
    world: World, theirs: Mapping[str, str], ours: Mapping[str, str]
) -> tuple[World, ValkeyServer, ValkeyServer]:
    there, here = _server(world), _server(world)
    world = _cache(_cache(world, "production", there, theirs), "staging", here, ours)
    declared: dict[str, Value] = {"rows": "exact", "keys": ("session:", "user:")}
    return world.declaring("cache", declared), there, here


def keys_copied(world: World) -> World:
    """By DUMP and RESTORE, as `redis-cli` and every migration tool copy a key."""
    theirs = _sessions()
    made, there, here = _caches(world, theirs, _sessions())
    for name in list(theirs)[:3]:
        here.ask("RESTORE", name, "0", there.ask("DUMP", name))
    return made


def keys_in_another_database(world: World) -> World:
    """Restored beside the cache: staging's address names 0."""
    theirs = _sessions()
    made, there, here = _caches(world, theirs, _sessions())
    with closing(here.admin(3)) as client:
        for name in list(theirs)[:3]:
            client.restore(name, 0, there.ask("DUMP", name))
    return made


def own_other_databases(world: World) -> World:
    """A broker's keys and another cache's beside staging's own; some are called as production's are."""
    made, _, here = _caches(world, {**_sessions(), **_counted(90)}, {**_sessions(), **_counted(60)})
    for database, keys in ((1, {"_kombu.binding.celery": "1", **_counted(60)}), (2, _sessions())):
        with closing(here.admin(database)) as client:
            client.mset(keys)
    return made


def own_keys(world: World) -> World:
    """Names that everybody counts up to stand in both, sessions in neither of the two."""
    return _caches(world, {**_sessions(), **_counted(90)}, {**_sessions(), **_counted(60)})[0]


def plain_names(world: World) -> World:
    return _caches(world, _counted(50), _counted(20))[0]


def plain_copy(world: World) -> World:
    """Nothing but the number of equal names speaks of a copy."""
    return _caches(world, {**_counted(400), **_sessions(20)}, {**_counted(400), **_sessions(20)})[0]


def hashed_names(world: World) -> World:
    alike = {"session:template.d41d8cd98f00b204e9800998ecf8427e": "1"}
    return _caches(world, {**_sessions(), **alike}, {**_sessions(), **alike})[0]


def _restored(world: World, source: ValkeyServer) -> World:
    """Staging's cache loaded the dump file of a server that never had a replica: no id of it came along."""
    with closing(source.admin()) as client:
        client.save()
    name, where = world.stack.fresh("cache-loaded"), place("cache-loaded", "staging", 6379)
    made = ValkeyServer.start(world.stack.supervisor, name, dump=source.folder / "dump.rdb")
    return world.reaching(where, made.port).setting("staging", REDIS_URL=made.url(where))


def copy_without_id(world: World) -> World:
    made, there, _ = _caches(world, _sessions(), _sessions())
    return _restored(made, there)


def own_copy_without_id(world: World) -> World:
    made, _, here = _caches(world, _sessions(), _sessions())
    return _restored(made, here)


class Buckets(NamedTuple):
    """A bucket of each environment's own, and the world whose variables name them."""

    world: World
    production: str
    staging: str


def _buckets(world: World, *, large: bool = True) -> Buckets:
    """Production keeps invoices and avatars, staging others of its own; or files too small to tell apart."""
    stack, names = world.stack, []
    for half in HALVES:
        name, prefix = world.stack.fresh(f"shop-{half}-files"), "staging/" if half == "staging" else ""
        filled = {f"{prefix}invoices/{n:04}.csv": _body(f"{half} invoice {n}") for n in range(12)}
        filled |= {f"{prefix}avatars/{uuid.uuid4()}.png": _body(f"{half} avatar {n}") for n in range(3)}
        stack.store.create(name, filled if large else {f"{prefix}marks/{n}": b"1" for n in range(4)})
        key = stack.store.user(name, [name])
        world = world.setting(
            half, STORAGE_BUCKET_NAME=name, AWS_ACCESS_KEY_ID=key.access, AWS_SECRET_ACCESS_KEY=key.secret
        )
        names.append(name)
    # stored last: what production lists is then as new as anything that staging has
    stack.store.put(names[0], {"invoices/latest.csv": _body("production's latest") if large else b"1"})
    return Buckets(world.declaring("storage", {"rows": "exact"}), *names)


def _body(text: str) -> bytes:
    return (text + "\n").encode() * 8


def _copied(made: Buckets, source: str, key: str, target: str) -> None:
    """By the store's own copy, as a sync makes it."""
    client = made.world.stack.store.client("s3", made.world.stack.store.root)
    client.copy_object(Bucket=made.staging, Key=target, CopySource={"Bucket": source, "Key": key})


def objects_copied(world: World) -> World:
    made = _buckets(world)
    for number in range(3):
        key = f"invoices/{number:04}.csv"
        _copied(made, made.production, key, f"staging/imported/{number}.bin")
    _later(made)
    return made.world


def objects_overwritten(world: World) -> World:
    """What was copied was deleted, and the bucket keeps old versions."""
    made = _buckets(world)
    made.world.stack.store.keep_versions(made.staging)
    _copied(made, made.production, "invoices/0003.csv", "staging/invoices/0003.csv")
    client = made.world.stack.store.client("s3", made.world.stack.store.root)
    client.delete_object(Bucket=made.staging, Key="staging/invoices/0003.csv")
    _later(made)
    return made.world


def _later(made: Buckets) -> None:
    made.world.stack.store.put(made.production, {"invoices/later.csv": _body("production's later")})


def own_objects(world: World) -> World:
    """Equal keys, equal sizes, contents of their own; one of staging's is there twice."""
    made = _buckets(world)
    _copied(made, made.staging, "staging/invoices/0001.csv", "staging/imported/1.bin")
    _later(made)
    return made.world


def small_objects(world: World) -> World:
    return _buckets(world, large=False).world


def static_files(world: World) -> World:
    """Both serve one release: its scripts, and a picture under a prefix that is declared."""
    made = _buckets(world)
    for bucket, prefix in ((made.production, ""), (made.staging, "staging/")):
        release = {f"{prefix}static/app.js": _body("script"), f"{prefix}static/logo.png": _body("logo")}
        made.world.stack.store.put(bucket, release)
    return made.world.declaring("storage", {"may_share": ("static/", "staging/static/")})


def encrypted(world: World) -> World:
    made = _buckets(world)
    _copied(made, made.production, "invoices/0001.csv", "staging/imported/1.bin")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    client = made.world.stack.store.client("s3", made.world.stack.store.root)
    for bucket in (made.production, made.staging):
        client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return made.world


LEAKS: tuple[Leak, ...] = (
    shares("redis-copy-without-id", COPY, _KEYS,
           "staging's cache loaded a dump file of production's that has no replication id", copy_without_id),
    shares("redis-keys-copied", KEYS, _KEYS,
           "three of production's sessions were copied into staging's own cache", keys_copied),
    shares("redis-keys-in-another-database", KEYS, _KEYS,
           "production's sessions were restored into another logical database than staging's URL names",
           keys_in_another_database),
    doubts("redis-plain-names", KEYS, _KEYS,
           "no key of production's has a name of its own: a copy could not be told", plain_names),
    doubts("redis-plain-copy", KEYS, _KEYS,
           "most names of production's stand in staging, and anybody would give them", plain_copy),
    doubts("redis-hashed-names", KEYS, _KEYS,
           "a name in both caches may be a hash of what both know", hashed_names),
    stands("own-redis-copy-without-id", COPY,
           "staging's cache loaded a dump file of staging's own", own_copy_without_id),
    stands("redis-own-other-databases", KEYS,
           "other logical databases of staging's server hold keys of staging's own", own_other_databases),
    stands("redis-counted-alike", KEYS,
           "both caches hold users by number, and sessions of their own", own_keys),
    shares("objects-copied", OBJECTS, _OBJECTS,
           "three of production's objects stand in staging's bucket under other keys", objects_copied),
    shares("objects-in-old-versions", OBJECTS, _OBJECTS,
           "a copied object was deleted again, and staging's bucket keeps old versions", objects_overwritten),
    doubts("objects-too-small", OBJECTS, _OBJECTS,
           "no object of production's has anything in it that could be told from staging's", small_objects),
    doubts("objects-under-kms", OBJECTS, _OBJECTS,
           "both buckets encrypt by KMS, so that a copy has another ETag", encrypted),
    stands("own-objects", OBJECTS,
           "both buckets hold files of equal names and sizes, each with contents of its own", own_objects),
    stands("objects-of-one-release", OBJECTS,
           "both buckets hold the scripts of one release, and a picture that is declared", static_files),
)  # fmt: skip
