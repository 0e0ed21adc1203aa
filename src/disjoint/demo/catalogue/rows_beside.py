"""Rows of production's in a database of staging's server that no variable names."""

from __future__ import annotations

from disjoint.demo import shop
from disjoint.demo.world import World

from .leak import Leak, shares, stands
from .rows import ROWS, RULE, Base, Both, both, load


def _beside(made: Both, source: Base, user: shop.Login) -> World:
    """A second database on staging's server, restored from a dump, of that role's own."""
    login = user._replace(database=made.world.stack.fresh("shop_copy"))
    load(source, made.staging._replace(login=login))
    return made.compared()


def dump_beside(world: World) -> World:
    made = both(world)
    return _beside(made, made.production, made.staging.login)


def own_dump_beside(world: World) -> World:
    made = both(world)
    return _beside(made, made.staging, made.staging.login)


def dump_of_somebody_else(world: World) -> World:
    """Another role's: staging's may enter it, as every role may, and read nothing."""
    made = both(world)
    user = made.world.stack.fresh("auditor")
    password = shop.add_role(made.staging.server, user)
    return _beside(made, made.production, shop.Login("", user, password))


LEAKS: tuple[Leak, ...] = (
    shares("pg-dump-in-another-database", ROWS, RULE,
           "a dump of production's was restored into a second database that staging's role reads",
           dump_beside),
    stands("own-dump-in-another-database", ROWS,
           "a dump of staging's own tables was restored into a second database", own_dump_beside),
    stands("pg-dump-out-of-reach", ROWS,
           "a dump stands in another database of staging's server, where staging's role may read nothing",
           dump_of_somebody_else),
)  # fmt: skip
