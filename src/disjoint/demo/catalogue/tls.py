"""TLS: who answers showed a certificate that proves it, or one that proves nothing."""

from __future__ import annotations

from pathlib import Path

from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.world import HALVES, Half, World, database_url, place

from .databases import edge, reader_in_production
from .leak import Leak, doubts, shares, stands

TLS = "TLS"


def _database(world: World, half: Half, certificate: Path, options: str) -> World:
    """A side's database is reached by TLS, and its URL says how far to trust."""
    servers, where = world.stack.servers(half), place("postgres-tls", half, 5432)
    world = world.reaching(where, edge(world, servers.postgres.port, certificate))
    return world.setting(half, DATABASE_URL=f"{database_url(where, servers.login)}?{options}")


def _verified(authority: Authority) -> str:
    return f"sslmode=verify-full&sslrootcert={authority.root}"


def _cache(
    world: World, half: Half, server: ValkeyServer, certificate: Path, url: str, options: str
) -> World:
    """A side's cache is reached by TLS."""
    stack, where = world.stack, place("cache-tls", half, 6380)
    ends = Forward.start(stack.supervisor, stack.fresh("tls-edge"), server.port, certificate=certificate)
    secured = url.replace("redis://", "rediss://").replace("HERE", where)
    return world.reaching(where, ends.port).setting(half, REDIS_URL=f"{secured}?{options}")


def wrong_host(world: World) -> World:
    authority = Authority.found(world.stack.supervisor)
    certificate = authority.issue("postgres.elsewhere.test")
    return _database(world, "production", certificate, _verified(authority))


def expired(world: World) -> World:
    authority = Authority.found(world.stack.supervisor)
    certificate = authority.issue_expired("postgres-tls.production.test")
    return _database(world, "production", certificate, _verified(authority))


def unknown_authority(world: World) -> World:
    trusted, other = (Authority.found(world.stack.supervisor) for _ in range(2))
    certificate = other.issue("postgres-tls.staging.test")
    return _database(world, "staging", certificate, _verified(trusted))


def production_through_tls(world: World) -> World:
    """A valid certificate for staging's name, in front of production's server."""
    authority, where = Authority.found(world.stack.supervisor), place("postgres-edge", "staging", 5432)
    certificate = authority.issue("postgres-edge.staging.test")
    world = world.reaching(where, edge(world, world.stack.production.postgres.port, certificate))
    url = database_url(where, reader_in_production(world))
    return world.setting("staging", DATABASE_URL=f"{url}?{_verified(authority)}")


def both_verified(world: World) -> World:
    authority = Authority.found(world.stack.supervisor)
    for half in HALVES:
        certificate = authority.issue(f"postgres-tls.{half}.test")
        world = _database(world, half, certificate, _verified(authority))
    return world


def not_verified(world: World) -> World:
    """`require` checks no certificate: the evidence says so, and the servers say who they are."""
    authority = Authority.found(world.stack.supervisor)
    return _database(world, "staging", authority.issue("postgres.elsewhere.test"), "sslmode=require")


def cache_wrong_host(world: World) -> World:
    authority, server = Authority.found(world.stack.supervisor), world.stack.production.cache
    certificate = authority.issue("cache.elsewhere.test")
    options = f"ssl_ca_certs={authority.root}"
    return _cache(world, "production", server, certificate, server.url("HERE"), options)


def cache_expired(world: World) -> World:
    authority, server = Authority.found(world.stack.supervisor), world.stack.staging.cache
    certificate = authority.issue_expired("cache-tls.staging.test")
    options = f"ssl_ca_certs={authority.root}"
    return _cache(world, "staging", server, certificate, server.url("HERE"), options)


def cache_through_tls(world: World) -> World:
    authority, server = Authority.found(world.stack.supervisor), world.stack.production.cache
    certificate = authority.issue("cache-tls.staging.test")
    url = server.url("HERE", 0, server.account(world.stack.fresh("staging")))
    return _cache(world, "staging", server, certificate, url, f"ssl_ca_certs={authority.root}")


def own_edge(world: World) -> World:
    authority, server = Authority.found(world.stack.supervisor), world.stack.staging.cache
    certificate = authority.issue("cache-tls.staging.test")
    options = f"ssl_ca_certs={authority.root}"
    return _cache(world, "staging", server, certificate, server.url("HERE"), options)


LEAKS: tuple[Leak, ...] = (
    doubts("wrong-tls", TLS, "redis/same-server",
           "production's cache shows a trusted certificate for another name", cache_wrong_host),
    doubts("cache-tls-expired", TLS, "redis/same-server",
           "staging's cache shows a certificate of which the last day has passed", cache_expired),
    shares("same-redis-through-tls", TLS, "redis/same-server",
           "staging reaches production's cache by TLS, at a valid certificate for its own name",
           cache_through_tls),
    shares("same-postgres-through-tls", TLS, "postgres/same-server",
           "staging reaches production's database by TLS, at a valid certificate for its own name",
           production_through_tls),
    doubts("postgres-tls-wrong-host", TLS, "postgres/same-server",
           "production's database shows a trusted certificate for another name", wrong_host),
    doubts("postgres-tls-expired", TLS, "postgres/same-server",
           "production's database shows a certificate of which the last day has passed", expired),
    doubts("postgres-tls-unknown-authority", TLS, "postgres/same-server",
           "staging's database shows a certificate of an authority that nobody named", unknown_authority),
    stands("postgres-tls-verified", TLS,
           "both databases show the right certificate, of one authority", both_verified),
    stands("postgres-tls-not-verified", TLS,
           "staging's database is reached by TLS without looking at its certificate", not_verified),
    stands("own-tls-edge", TLS,
           "staging's cache is reached by TLS that ends at an edge of its own", own_edge),
)  # fmt: skip
