"""Variables: labels, secrets, addresses and overrides that staging should not have."""

from __future__ import annotations

from disjoint.demo import shop
from disjoint.demo.world import World, database_url, place
from disjoint.model.finding import Grade

from .leak import Leak, doubts, shares

LABEL = "label"
KEYS = "key"
ADDRESS = "address"
MISSING = "missing"
DOCUMENTATION = "203.0.113.10"
"""TEST-NET-3 (RFC 5737): routed nowhere, so only reach_at leads to it."""


def environment_name(world: World) -> World:
    return world.setting("staging", ENVIRONMENT="production")


def same_secret(world: World) -> World:
    return world.setting("staging", SECRET_KEY=world.production.variables["SECRET_KEY"])


def same_secret_renamed(world: World) -> World:
    return world.setting("staging", JWT_SIGNING_KEY=world.production.variables["SECRET_KEY"])


def production_url_renamed(world: World) -> World:
    return world.setting("staging", REPORTS_DATABASE_URL=world.production.variables["DATABASE_URL"])


def live_key(world: World) -> World:
    return world.setting("staging", STRIPE_SECRET_KEY=f"sk_live_{world.stack.supervisor.secret(24)}")


def pghostaddr(world: World) -> World:
    """Staging's URL names its own server; the variable beside it sends libpq to production's address.

    Whoever wrote the variable made the role too: production lets staging's login in.
    """
    stack, where = world.stack, f"{DOCUMENTATION}:5432"
    own = place("postgres", "staging", 5432)
    world = world.reaching(where, stack.production.postgres.port)
    world = world.setting("production", DATABASE_URL=database_url(where, stack.production.login))
    login = shop.add_reader(
        stack.production.postgres, stack.production.login.database, stack.fresh("reports")
    )
    return world.setting("staging", DATABASE_URL=database_url(own, login), PGHOSTADDR=DOCUMENTATION)


def absent_in_production(world: World) -> World:
    stack, where = world.stack, "sessions.staging.test:6379"
    world = world.reaching(where, stack.staging.cache.port)
    world = world.setting("staging", SESSIONS_REDIS_URL=stack.staging.cache.url(where, 1))
    return world.declaring("sessions", {"kind": "redis", "url": "$SESSIONS_REDIS_URL"})


LEAKS: tuple[Leak, ...] = (
    shares("environment-name", LABEL, "variables/environment-name",
           "staging's ENVIRONMENT says production", environment_name, Grade.DECLARED),
    shares("same-secret", KEYS, "variables/secret-reused",
           "staging's SECRET_KEY is production's", same_secret, Grade.DECLARED),
    shares("same-secret-renamed", KEYS, "variables/secret-reused",
           "staging's JWT_SIGNING_KEY is production's SECRET_KEY", same_secret_renamed, Grade.DECLARED),
    shares("live-key", KEYS, "variables/live-key",
           "staging holds a live-mode payment key of its own", live_key, Grade.DECLARED),
    shares("production-url-renamed", ADDRESS, "variables/endpoint-reused",
           "production's DATABASE_URL stands in staging under another name", production_url_renamed,
           Grade.DECLARED),
    shares("pghostaddr-override", ADDRESS, "variables/override",
           "PGHOSTADDR sends staging's database connections to production", pghostaddr, Grade.DECLARED),
    doubts("absent-production", MISSING, "absent-in-production",
           "staging has a resource that production does not", absent_in_production),
)  # fmt: skip
