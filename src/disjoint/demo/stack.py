"""The running servers of both environments, and what leaks may add to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from . import shop
from .servers.objects import KeyPair, ObjectStore
from .servers.postgres import PostgresServer
from .servers.valkey import ValkeyServer
from .servers.web import WebServer
from .servers.worker import Worker
from .storefront import api_doors, api_pages, site_pages
from .supervisor import Supervisor

T = TypeVar("T")

BROKER, RESULTS = 0, 1
"""Logical databases of a broker's server: waiting tasks, and what became of them."""

Progress = Callable[[str], None]
"""Told one line for each part that stands."""


@dataclass(frozen=True, slots=True)
class Servers:
    """One environment's servers, and its application's credentials on them."""

    environment: str
    postgres: PostgresServer
    login: shop.Login
    cache: ValkeyServer
    broker: ValkeyServer
    queue: str
    api: WebServer
    web: WebServer
    worker: Worker
    bucket: str
    key: KeyPair
    secret_key: str = field(repr=False)
    """Signs the API's tokens."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Two environments that run, and one S3 server whose users each have a bucket of their own."""

    supervisor: Supervisor
    production: Servers
    staging: Servers
    store: ObjectStore
    _taken: dict[str, int] = field(default_factory=dict)
    _dead: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def servers(self, environment: str) -> Servers:
        """One environment's servers."""
        return self.production if environment == self.production.environment else self.staging

    def fresh(self, word: str) -> str:
        """A name that nothing in this stack has yet, so that leaks do not meet: ``word2``."""
        with self._lock:
            self._taken[word] = self._taken.get(word, 0) + 1
            return f"{word}{self._taken[word]}"

    def dead_port(self) -> int:
        """A port of 127.0.0.1 that refuses connections as long as the stack lives."""
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))  # bound and never listening: nobody else gets it, and it refuses
        self._dead.append(holder)
        port: int = holder.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class _Plan:
    """What differs between the two environments."""

    environment: str
    rows: shop.Rows
    queue: str
    bucket: str
    objects: int


_PLANS = (
    _Plan("production", shop.PRODUCTION_ROWS, "orders", "shop-files", 23),
    _Plan("staging", shop.STAGING_ROWS, "orders-staging", "shop-staging-files", 3),
)


def start(supervisor: Supervisor, progress: Progress) -> Stack:
    """Start everything at once; as long as the slowest part takes.

    Raises:
        DemoError: a part did not start; the message names it.
    """
    pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="start")
    try:
        crew = _Crew(pool, supervisor, progress)
        store = crew.part("storage", lambda: ObjectStore.start(supervisor, "storage"))
        production, staging = [ready() for ready in [crew.environment(plan, store) for plan in _PLANS]]
        # stored last: what production lists is then as new as anything that staging has
        store.result().put(production.bucket, {"production/receipts/latest.txt": b"production receipt\n"})
        return Stack(supervisor, production, staging, store.result())
    finally:
        # After a failure or Ctrl-C the others are not awaited: the supervisor ends what they wait for.
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Crew:
    pool: ThreadPoolExecutor
    supervisor: Supervisor
    progress: Progress

    def part(self, name: str, make: Callable[[], T]) -> Future[T]:
        def made() -> T:
            server = make()
            self.progress(name)
            return server

        return self.pool.submit(made)

    def environment(self, plan: _Plan, store: Future[ObjectStore]) -> Callable[[], Servers]:
        """Begin to start an environment's servers; call the result to wait for them."""
        name = plan.environment
        queue = self.part(f"{name} queue and worker", lambda: self._queue(plan))
        database = self.part(f"{name} database", lambda: self._database(plan))
        cache = self.part(f"{name} cache", lambda: self._cache(name))
        secret_key = self.supervisor.secret(36)
        api = self.part(f"{name} api", partial(self._api, name, secret_key))
        web = self.part(f"{name} web", partial(self._web, name))
        key = self.part(f"{name} bucket", lambda: _bucket(store.result(), plan))

        def servers() -> Servers:
            broker, worker = queue.result()
            postgres, login = database.result()
            return Servers(
                name, postgres, login, cache.result(), broker, plan.queue, api.result(), web.result(),
                worker, plan.bucket, key.result(), secret_key,
            )  # fmt: skip

        return servers

    def _queue(self, plan: _Plan) -> tuple[ValkeyServer, Worker]:
        broker = ValkeyServer.start(self.supervisor, f"broker-{plan.environment}")
        place = f"127.0.0.1:{broker.port}"
        worker = Worker.start(
            self.supervisor,
            f"worker-{plan.environment}",
            host=f"worker.{plan.environment}.test",
            broker=broker.url(place, BROKER),
            results=broker.url(place, RESULTS),
            queue=plan.queue,
        )
        return broker, worker

    def _database(self, plan: _Plan) -> tuple[PostgresServer, shop.Login]:
        server = PostgresServer.start(self.supervisor, f"postgres-{plan.environment}")
        return server, shop.add_database(server, "shop", "shop", plan.rows)

    def _cache(self, environment: str) -> ValkeyServer:
        server = ValkeyServer.start(self.supervisor, f"cache-{environment}")
        with closing(server.admin()) as client:
            client.mset({f"{environment}:session:{n}": self.supervisor.secret(8) for n in range(12)})
        return server

    def _api(self, environment: str, key: str) -> WebServer:
        doors = api_doors(environment, key)
        return WebServer.start(self.supervisor, f"api-{environment}", api_pages(environment), doors)

    def _web(self, environment: str) -> WebServer:
        return WebServer.start(self.supervisor, f"web-{environment}", site_pages(environment))


def _bucket(store: ObjectStore, plan: _Plan) -> KeyPair:
    objects = {
        f"{plan.environment}/receipts/{n:04}.txt": f"{plan.environment} receipt {n}\n".encode()
        for n in range(plan.objects)
    }
    store.create(plan.bucket, objects)
    return store.user(f"shop-{plan.environment}", [plan.bucket])
