"""An application that connects in every way that is watched; what became of each goes to standard output.

python guard_connections.py watched|bare DRIVER... < {"psycopg": "postgresql://…", …}
"""

# ruff: noqa: PLC0415  (a process loads what it uses)
from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

MARK = "application-statement"
ASKS = f"SELECT '{MARK}'"


def psycopg_sync(url: str) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute(ASKS)


def psycopg_async(url: str) -> None:
    import psycopg

    async def main() -> None:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute(ASKS)

    asyncio.run(main())


def asyncpg_one(url: str) -> None:
    import asyncpg

    async def main() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(ASKS)
        await connection.close()

    asyncio.run(main())


def asyncpg_pool(url: str) -> None:
    import asyncpg

    async def main() -> None:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            await pool.execute(ASKS)

    asyncio.run(main())


def sqlalchemy_sync(url: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(ASKS))


def sqlalchemy_async(url: str) -> None:
    import sqlalchemy
    from sqlalchemy.ext.asyncio import create_async_engine

    async def main() -> None:
        engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://").replace("sslmode", "ssl")
        )
        async with engine.begin() as connection:
            await connection.execute(sqlalchemy.text(ASKS))
        await engine.dispose()

    asyncio.run(main())


def ddl(url: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"CREATE TEMPORARY TABLE made AS {ASKS} AS it"))
        connection.execute(sqlalchemy.text("DROP TABLE made"))


def ddl_async(url: str) -> None:
    import sqlalchemy
    from sqlalchemy.ext.asyncio import create_async_engine

    async def main() -> None:
        address = url.replace("postgresql://", "postgresql+asyncpg://").replace("sslmode", "ssl")
        engine = create_async_engine(address)
        async with engine.begin() as connection:
            await connection.execute(sqlalchemy.text(f"CREATE TEMPORARY TABLE made AS {ASKS} AS it"))
            await connection.execute(sqlalchemy.text("DROP TABLE made"))
        await engine.dispose()

    asyncio.run(main())


def redis_sync(url: str) -> None:
    import redis

    redis.Redis.from_url(url).echo(MARK)


def redis_resp3(url: str) -> None:
    import redis

    redis.Redis.from_url(url, protocol=3).echo(MARK)


def redis_pubsub(url: str) -> None:
    import redis

    client: Any = redis.Redis.from_url(url, decode_responses=True)
    listening = client.pubsub()
    listening.subscribe(MARK)
    listening.get_message(timeout=5)


def redis_async(url: str) -> None:
    import redis.asyncio

    async def main() -> None:
        async with redis.asyncio.Redis.from_url(url) as client:
            await client.echo(MARK)

    asyncio.run(main())


def redis_function(url: str) -> None:
    import redis

    client = redis.Redis.from_url(url, redis_connect_func=_login)
    client.echo(MARK)


def _login(connection: Any) -> None:
    """A greeting of the application's own, which tells redis-py nothing."""
    connection._parser.on_connect(connection)
    connection.send_command("AUTH", connection.password, check_health=False)
    connection.read_response()


def celery_broker(url: str) -> None:
    with importlib.import_module("kombu").Connection(url, connect_timeout=5) as connection:
        connection.SimpleQueue(MARK).put(MARK)


WAYS: dict[str, Callable[[str], None]] = {
    "psycopg": psycopg_sync, "psycopg-async": psycopg_async, "asyncpg": asyncpg_one,
    "asyncpg-pool": asyncpg_pool,
    "sqlalchemy": sqlalchemy_sync, "sqlalchemy-async": sqlalchemy_async, "ddl": ddl, "ddl-async": ddl_async,
    "redis": redis_sync, "redis-3": redis_resp3, "redis-pubsub": redis_pubsub, "redis-async": redis_async,
    "redis-function": redis_function, "celery": celery_broker,
}  # fmt: skip


def main(mode: str, *drivers: str) -> None:
    logging.basicConfig(filename="/dev/null")
    from disjoint.guard import hooks

    watched = hooks.install(*drivers) if mode == "watched" else ()
    ended = {}
    for way, url in json.load(sys.stdin).items():
        try:
            WAYS[way](url)
            ended[way] = "used"
        except Exception as error:  # noqa: BLE001
            ended[way] = f"{type(error).__name__}: {error}"
    counts = {f"{who} {what}": n for (who, what), n in hooks.counts().items()}
    print(json.dumps({"watched": watched, "ended": ended, "counts": counts, "metrics": hooks.metrics()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
