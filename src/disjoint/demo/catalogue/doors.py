"""Doors: whose pages and whose tokens production's API lets in."""

from __future__ import annotations

from dataclasses import replace

from disjoint.demo.servers.web import ACCOUNT, Doors, Page
from disjoint.demo.storefront import api_doors, api_pages
from disjoint.demo.world import Half, World

from .leak import Leak, doubts, shares, stands
from .web import serve

CORS, TOKEN = "cors", "token"
SITES: dict[Half, str] = {half: f"http://www.{half}.test" for half in ("production", "staging")}


def _api(world: World, half: Half, doors: Doors) -> World:
    """With another API that opens these doors."""
    return serve(world, half, "API_URL", f"api-open.{half}.test", api_pages(half), doors)


def _doors(world: World, half: Half) -> Doors:
    return api_doors(half, world.stack.servers(half).secret_key)


def _reading(world: World, half: Half, *origins: str, credentials: bool = True) -> World:
    """With an API that lets these origins read its answers."""
    return _api(world, half, replace(_doors(world, half), origins=origins, credentials=credentials))


def allows_staging(world: World) -> World:
    return _reading(world, "production", *SITES.values())


def allows_production(world: World) -> World:
    return _reading(world, "staging", *SITES.values(), credentials=False)


def reflects(world: World) -> World:
    return _reading(world, "production", "any")


def allows_null(world: World) -> World:
    return _reading(world, "production", "null")


def public(world: World) -> World:
    return _reading(_reading(world, "production", "*", credentials=False), "staging", "*", credentials=False)


def reflects_public(world: World) -> World:
    return _reading(world, "production", "any", credentials=False)


def site_unknown(world: World) -> World:
    return _reading(world, "production", "http://shop.production.test")


def path_missing(world: World) -> World:
    return world.declaring("api", {"pages": ("/orders",)})


def _taking(world: World, *keys: str) -> World:
    """With an API in production that takes tokens of these keys."""
    return _api(world, "production", api_doors("production", *keys))


def accepted_across(world: World) -> World:
    return _taking(world, world.stack.production.secret_key, world.stack.staging.secret_key)


def previous_key(world: World) -> World:
    return _taking(world, world.stack.production.secret_key, world.stack.supervisor.secret(36))


def own_key_refused(world: World) -> World:
    return _taking(world, world.stack.supervisor.secret(36))


def open_to_all(world: World) -> World:
    pages = {**api_pages("production"), ACCOUNT: Page('{"account": "anybody"}')}
    doors = Doors(origins=(SITES["production"],))
    return serve(world, "production", "API_URL", "api-open.production.test", pages, doors)


def errs_at_the_door(world: World) -> World:
    pages = {**api_pages("production"), ACCOUNT: Page("", 503)}
    doors = Doors(origins=(SITES["production"],))
    return serve(world, "production", "API_URL", "api-ill.production.test", pages, doors)


LEAKS: tuple[Leak, ...] = (
    shares("cors-allows-staging", CORS, "web/cors",
           "production's API lets staging's site read its answers", allows_staging),
    shares("cors-allows-production", CORS, "web/cors",
           "staging's API lets production's site read its answers", allows_production),
    shares("cors-reflects-with-credentials", CORS, "web/cors",
           "production's API lets any site read its answers with a visitor's session", reflects),
    shares("cors-allows-null", CORS, "web/cors",
           "production's API lets pages without an origin read with a visitor's session", allows_null),
    doubts("cors-own-site-unknown", CORS, "web/cors",
           "production's API lets not even its own site read: nothing follows for others", site_unknown),
    doubts("cors-path-missing", CORS, "web/cors",
           "a path whose answers should be read does not exist", path_missing),
    stands("cors-public", CORS,
           "both APIs let everybody read, without credentials", public),
    stands("cors-reflects-without-credentials", CORS,
           "production's API repeats any origin, without credentials: it is public", reflects_public),
    shares("token-accepted-across", TOKEN, "web/cross-token",
           "production's API still takes tokens that staging's key has signed", accepted_across),
    doubts("token-control-refused", TOKEN, "web/cross-token",
           "production's API does not take the key that its variables name", own_key_refused),
    doubts("token-endpoint-open", TOKEN, "web/cross-token",
           "production's endpoint answers without a token, too", open_to_all),
    doubts("token-endpoint-ill", TOKEN, "web/cross-token",
           "production's endpoint answers with an error, which is no refusal", errs_at_the_door),
    stands("own-previous-key", TOKEN,
           "production's API takes an older key of its own besides", previous_key),
)  # fmt: skip
