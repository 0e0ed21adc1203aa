"""Domains and deployments: staging's address is production's, or what answers there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from uuid import uuid4

from disjoint.demo.servers.web import Doors, Page, Upstream, WebServer, health
from disjoint.demo.storefront import api_doors, api_pages
from disjoint.demo.world import Half, World
from disjoint.model.finding import Grade

from .leak import Leak, doubts, shares, stands

DOMAIN = "domain"
DEPLOYMENT = "deployment"
JSON = {"content-type": "application/json"}


def serve(
    world: World, half: Half, variable: str, host: str, pages: Mapping[str, Page], doors: Doors | None = None
) -> World:
    """With another application at a host of its own, which the environment's variable names."""
    stack = world.stack
    server = WebServer.start(stack.supervisor, stack.fresh(host.partition(".")[0]), pages, doors)
    return world.reaching(f"{host}:80", server.port).setting(half, **{variable: f"http://{host}"})


def _api(world: World, pages: Mapping[str, Page]) -> World:
    """With another API in staging; what is not told stays as the clean world has it."""
    doors = api_doors("staging", world.stack.staging.secret_key)
    return serve(
        world, "staging", "API_URL", "api-next.staging.test", {**api_pages("staging"), **pages}, doors
    )


def same_domain(world: World) -> World:
    return world.setting("staging", API_URL=world.production.variables["API_URL"])


def second_name(world: World) -> World:
    name = "api.next-staging.test"
    port = world.stack.production.api.port
    return world.reaching(f"{name}:80", port).setting("staging", API_URL=f"http://{name}")


def proxy(world: World) -> World:
    """A proxy that changes what its upstream says of itself."""
    port = world.stack.production.api.port
    asked = HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(asked):
        asked.request("GET", "/health")
        deployment = json.loads(asked.getresponse().read())["deployment"]
    said = {"production": "staging", deployment: str(uuid4())}
    return serve(
        world, "staging", "API_URL", "api-edge.staging.test", {}, Doors(upstream=Upstream(port, said))
    )


def own_proxy(world: World) -> World:
    upstream = Upstream(world.stack.staging.api.port)
    return serve(world, "staging", "API_URL", "api-edge.staging.test", {}, Doors(upstream=upstream))


def says_production(world: World) -> World:
    return _api(world, {"/health": health("production", str(uuid4()))})


def _by_header(environment: str) -> Mapping[str, Page]:
    body = json.dumps({"status": "healthy", "deployment": str(uuid4())})
    return {"/health": Page(body, headers={**JSON, "x-environment": environment})}


def header_says_production(world: World) -> World:
    return _api(world, _by_header("production"))


def header_says_staging(world: World) -> World:
    return _api(world, _by_header("Stage"))


def names_say_production(world: World) -> World:
    name = "shop-api-staging-production.up.railway.test"
    port = world.stack.staging.api.port
    return world.reaching(f"{name}:80", port).setting("staging", API_URL=f"http://{name}")


def no_json(world: World) -> World:
    return _api(world, {"/health": Page("OK\n", headers={"content-type": "text/plain"})})


def redirected(world: World) -> World:
    moved = Page("", 302, {"location": "/status"})
    return _api(world, {"/health": moved, "/status": health("staging", str(uuid4()))})


def silent(world: World) -> World:
    name = "api-stopped.staging.test"
    return world.reaching(f"{name}:80", world.stack.dead_port()).setting("staging", API_URL=f"http://{name}")


def no_canary(world: World) -> World:
    """The application does not offer what the manifest asks for: the grade stays at identity."""
    doors = replace(api_doors("staging", world.stack.staging.secret_key), canary="")
    return serve(world, "staging", "API_URL", "api-plain.staging.test", api_pages("staging"), doors)


LEAKS: tuple[Leak, ...] = (
    shares("same-domain", DOMAIN, "web/same-domain",
           "staging's API_URL is production's", same_domain, Grade.DECLARED),
    shares("health-says-production", DOMAIN, "web/environment-name",
           "what answers at staging's API calls itself production", says_production),
    shares("header-says-production", DOMAIN, "web/environment-name",
           "staging's API names its environment in a header, which says production", header_says_production),
    stands("names-say-production", DOMAIN,
           "staging's host name holds the word production, as Railway makes them", names_say_production),
    stands("header-says-staging", DOMAIN,
           "staging's API names its environment in a header alone, in short", header_says_staging),
    shares("same-deployment", DEPLOYMENT, "web/same-deployment",
           "staging's address is a second name of production's API", second_name),
    shares("web-proxy", DEPLOYMENT, "web/same-deployment",
           "a proxy leads to production's API and changes what that says of itself", proxy, Grade.CANARY),
    doubts("health-unreachable", DEPLOYMENT, "web/same-deployment",
           "nothing answers at staging's API", silent),
    doubts("health-no-json", DEPLOYMENT, "web/same-deployment",
           "staging's health path says OK and nothing else", no_json),
    doubts("health-redirected", DEPLOYMENT, "web/same-deployment",
           "staging's health path sends the asker elsewhere", redirected),
    stands("own-proxy", DEPLOYMENT,
           "staging's address is a proxy in front of staging's own API", own_proxy),
    stands("no-canary-offered", DEPLOYMENT,
           "staging's API keeps no nonce: its identity still tells it apart", no_canary),
)  # fmt: skip
