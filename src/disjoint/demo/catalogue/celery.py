"""Queues: staging's workers and production's meet on one broker, or their results in one store."""

from __future__ import annotations

from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.servers.worker import Worker
from disjoint.demo.stack import BROKER, RESULTS
from disjoint.demo.world import HALVES, World, place

from .cache_rights import NO_INFO
from .leak import Leak, doubts, shares, stands

QUEUE = "queue"
RESULT = "task results"
WORKER = "worker"
OWN = place("broker", "staging", 6379)


def _lead(world: World, where: str, server: ValkeyServer, variable: str, database: int) -> World:
    """One of staging's two settings names `where`, with an account of its own."""
    url = server.url(where, database, server.account(world.stack.fresh("staging")))
    return world.reaching(where, server.port).setting("staging", **{variable: url})


def _broker(world: World, server: ValkeyServer, database: int) -> World:
    return _lead(world, place("broker-shared", "staging", 6379), server, "CELERY_BROKER_URL", database)


def _results(world: World, server: ValkeyServer, database: int) -> World:
    where = place("results-shared", "staging", 6379)
    return _lead(world, where, server, "CELERY_RESULT_BACKEND", database)


def same_broker(world: World) -> World:
    return _broker(world, world.stack.production.broker, 7)


def queue_shared(world: World) -> World:
    """Same server, same logical database, same queue: a production task may end in a staging worker."""
    made = _broker(world, world.stack.production.broker, BROKER)
    return made.setting("staging", CELERY_QUEUE=world.stack.production.queue)


def other_prefix(world: World) -> World:
    """Same server, same logical database: only the names of the keys are kept apart."""
    return _prefixed(_broker(world, world.stack.production.broker, BROKER))


def _prefixed(world: World) -> World:
    world = world.setting("production", CELERY_KEY_PREFIX="live:").setting(
        "staging", CELERY_KEY_PREFIX="stg:"
    )
    return world.declaring("tasks", {"key_prefix": "$CELERY_KEY_PREFIX"})


def replica(world: World) -> World:
    made = world.stack.production.broker.replica(world.stack.fresh("broker-replica"))
    return _broker(world, made, BROKER)


def broker_in_cache(world: World) -> World:
    """Each pair of one name is two servers: staging's broker is what production's other resource uses."""
    return _broker(world, world.stack.production.cache, 4)


def balancer(world: World) -> World:
    """A task that is put where one connection leads is taken where the next one does."""
    stack, where = world.stack, place("broker-balancer", "staging", 6379)
    servers = [stack.staging.broker, ValkeyServer.start(stack.supervisor, stack.fresh("broker-second"))]
    forward = Forward.start(stack.supervisor, stack.fresh("broker-balancer"), *(s.port for s in servers))
    account = servers[0].account(stack.fresh("staging"))
    servers[1].ask("ACL", "SETUSER", account.user, "on", f">{account.password}", "~*", "&*", "+@all")
    url = servers[0].url(where, BROKER, account)
    return world.reaching(where, forward.port).setting("staging", CELERY_BROKER_URL=url)


def several(world: World) -> World:
    """Kombu goes to the second when the first is down: which one is in use, the address does not say."""
    own, second = world.staging.variables["CELERY_BROKER_URL"], place("broker-spare", "staging", 6379)
    spare = world.stack.staging.broker.url(second, 14)
    world = world.reaching(second, world.stack.staging.broker.port)
    return world.setting("staging", CELERY_BROKER_URL=f"{own};{spare}")


def rabbitmq(world: World) -> World:
    url = f"amqp://shop:{world.stack.supervisor.secret()}@rabbit.staging.test:5672/shop"
    return world.setting("staging", CELERY_BROKER_URL=url)


def results_shared(world: World) -> World:
    return _results(world, world.stack.production.broker, RESULTS)


def results_in_cache(world: World) -> World:
    return _results(world, world.stack.production.cache, 3)


def results_replica(world: World) -> World:
    made = world.stack.production.broker.replica(world.stack.fresh("results-replica"))
    return _results(world, made, RESULTS)


def results_in_database(world: World) -> World:
    """Celery's other backends are not asked: what is not known to be two may be one."""
    return world.setting("staging", CELERY_RESULT_BACKEND=f"db+{world.staging.variables['DATABASE_URL']}")


def same_queue_name(world: World) -> World:
    return world.setting("staging", CELERY_QUEUE=world.stack.production.queue)


def own_prefix(world: World) -> World:
    return _prefixed(world)


def own_results(world: World) -> World:
    return _results(world, world.stack.staging.cache, 9)


def broker_in_quiet_cache(world: World) -> World:
    """The pair's mark shows two brokers, and no rule looks for a broker's mark in a cache."""
    server, where = world.stack.production.cache, place("broker-quiet", "staging", 6379)
    account = server.account(world.stack.fresh("staging"), *NO_INFO)
    url = server.url(where, 7, account)
    return world.reaching(where, server.port).setting("staging", CELERY_BROKER_URL=url)


def quiet_brokers(world: World) -> World:
    """Neither account may ask its own broker, a server for tasks and results alone, who it is."""
    for half in HALVES:
        servers = world.stack.production if half == "production" else world.stack.staging
        account = servers.broker.account(world.stack.fresh(half), *NO_INFO)
        where = place("broker-quiet", half, 6379)
        world = world.reaching(where, servers.broker.port).setting(
            half,
            CELERY_BROKER_URL=servers.broker.url(where, BROKER, account),
            CELERY_RESULT_BACKEND=servers.broker.url(where, RESULTS, account),
        )
    return world


def _second_worker(world: World, host: str, database: int) -> World:
    """Staging's broker, in a database that nothing else uses, has one more worker."""
    stack, broker = world.stack, world.stack.staging.broker
    here = f"127.0.0.1:{broker.port}"
    Worker.start(
        stack.supervisor, stack.fresh("worker-second"), host=host, broker=broker.url(here, database),
        results=broker.url(here, RESULTS), queue=stack.staging.queue,
    )  # fmt: skip
    return world.setting("staging", CELERY_BROKER_URL=broker.url(OWN, database))


def foreign_worker(world: World) -> World:
    """Started with the wrong variables, or a namesake: its name does not tell."""
    return _second_worker(world, "worker.production.test", 11)


def own_worker(world: World) -> World:
    return _second_worker(world, "reports.staging-for-production.test", 12)


LEAKS: tuple[Leak, ...] = (
    shares("same-celery-broker", QUEUE, "celery/same-broker",
           "staging's tasks wait in another logical database of production's broker", same_broker),
    shares("celery-queue-shared", QUEUE, "celery/queue-names",
           "both environments' workers take tasks from one queue of one broker", queue_shared),
    shares("celery-other-prefix", QUEUE, "celery/same-broker",
           "both environments' tasks wait in one database of one broker, under two key prefixes",
           other_prefix),
    shares("celery-broker-replica", QUEUE, "celery/same-broker",
           "staging's broker is a replica of production's", replica),
    shares("celery-broker-in-cache", QUEUE, "celery/same-broker",
           "staging's broker is the server that production uses as its cache", broker_in_cache),
    doubts("celery-broker-in-cache-unasked", QUEUE, "celery/same-broker",
           "staging's broker is production's cache, where its account may not ask who it is",
           broker_in_quiet_cache),
    doubts("celery-brokers-unasked", QUEUE, "celery/same-broker",
           "neither account may ask its broker who it is: staging's might be production's cache",
           quiet_brokers),
    doubts("celery-balancer", QUEUE, "celery/same-broker",
           "staging's broker is a balancer that sends each connection to another server", balancer),
    doubts("celery-several-brokers", QUEUE, "celery/same-broker",
           "staging's setting lists two brokers, to go to the second when the first is down", several),
    doubts("celery-rabbitmq", QUEUE, "celery/same-broker",
           "staging's broker is of a kind that is not asked", rabbitmq),
    shares("celery-results-shared", RESULT, "celery/same-result-backend",
           "staging has a broker of its own, and keeps its results on production's", results_shared),
    shares("celery-results-in-cache", RESULT, "celery/same-result-backend",
           "staging keeps its results on the server that production uses as its cache", results_in_cache),
    shares("celery-results-replica", RESULT, "celery/same-result-backend",
           "staging keeps its results on a replica of production's server", results_replica),
    doubts("celery-results-in-database", RESULT, "celery/same-result-backend",
           "staging keeps its results in a database, which is not asked for them", results_in_database),
    doubts("worker-called-production", WORKER, "celery/foreign-worker",
           "a worker on staging's broker has the name of production's", foreign_worker),
    stands("same-queue-name", QUEUE,
           "both queues are called the same, on two brokers", same_queue_name),
    stands("own-key-prefix", QUEUE,
           "each environment has a key prefix on a broker of its own", own_prefix),
    stands("own-result-backend", RESULT,
           "staging keeps its results on another server of its own than its tasks", own_results),
    stands("own-second-worker", WORKER,
           "a second worker of staging's has the word production in its name", own_worker),
)  # fmt: skip
