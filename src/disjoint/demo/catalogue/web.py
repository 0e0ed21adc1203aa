"""Domains: staging's address is production's, or what answers there calls itself production."""

from __future__ import annotations

from uuid import uuid4

from disjoint.demo.servers.web import WebServer, health
from disjoint.demo.world import World
from disjoint.model.finding import Grade

from .leak import Leak, shares, stands

DOMAIN = "domain"


def same_domain(world: World) -> World:
    return world.setting("staging", API_URL=world.production.variables["API_URL"])


def says_production(world: World) -> World:
    stack, name = world.stack, "api-next.staging.test"
    pages = {"/health": health("production", str(uuid4()))}
    server = WebServer.start(stack.supervisor, stack.fresh("api-mislabelled"), pages)
    return world.reaching(f"{name}:80", server.port).setting("staging", API_URL=f"http://{name}")


def names_say_production(world: World) -> World:
    name = "shop-api-staging-production.up.railway.test"
    port = world.stack.staging.api.port
    return world.reaching(f"{name}:80", port).setting("staging", API_URL=f"http://{name}")


LEAKS: tuple[Leak, ...] = (
    shares("same-domain", DOMAIN, "web/same-domain",
           "staging's API_URL is production's", same_domain, Grade.DECLARED),
    shares("health-says-production", DOMAIN, "web/environment-name",
           "what answers at staging's API calls itself production", says_production),
    stands("names-say-production", DOMAIN,
           "staging's host name holds the word production, as Railway makes them", names_say_production),
)  # fmt: skip
