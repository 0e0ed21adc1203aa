"""Variables: labels, addresses, overrides and missing parts that staging should not have."""

from __future__ import annotations

from disjoint.demo import shop
from disjoint.demo.world import World, database_url, place
from disjoint.model.finding import Grade

from .databases import PRODUCTION, STAGING, reader_in_production
from .leak import Leak, doubts, shares, stands

LABEL = "label"
ADDRESS = "address"
MISSING = "missing"
DOCUMENTATION = "203.0.113.10"
"""TEST-NET-3 (RFC 5737): routed nowhere, so only reach_at leads to it."""
OWN_ADDRESS = "203.0.113.20"


def environment_name(world: World) -> World:
    return world.setting("staging", ENVIRONMENT="production")


def platform_name(world: World) -> World:
    """The application's label was changed after the copy; the platform's cannot be."""
    return world.setting("staging", RAILWAY_ENVIRONMENT_NAME="production")


def no_label(world: World) -> World:
    return world.setting("staging", ENVIRONMENT="")


def third_label(world: World) -> World:
    return world.setting("staging", ENVIRONMENT="staging-production")


def stage(world: World) -> World:
    return world.setting("staging", ENVIRONMENT="Stage")


def build_mode(world: World) -> World:
    return world.setting("staging", NODE_ENV="production", FLASK_ENV="production")


def production_url_renamed(world: World) -> World:
    return world.setting("staging", REPORTS_DATABASE_URL=world.production.variables["DATABASE_URL"])


def production_url_wrapped(world: World) -> World:
    """As Java's drivers write it, with a login of its own."""
    database = world.stack.production.login.database
    return world.setting("staging", REPORTING=f"jdbc:postgresql://{PRODUCTION}/{database}?user=reports")


def cors(world: World) -> World:
    """The list was copied with one origin too many."""
    theirs = world.production.variables["API_URL"]
    return world.setting("staging", CORS_ORIGINS=f"https://www.staging.test,{theirs}")


def production_bucket(world: World) -> World:
    return world.setting("staging", EXPORT_BUCKET=world.stack.production.bucket)


def undeclared_store(world: World) -> World:
    """No resource claims it, and both environments' code reads it."""
    word, host = world.stack.supervisor.secret(), "documents.partner.test:27017"
    world = world.setting("production", MONGO_URL=f"mongodb://shop:{word}@{host}/shop")
    return world.setting("staging", MONGO_URL=f"mongodb://stage:{word[::-1]}@{host}/shop")


def host_alone(world: World) -> World:
    """As frameworks take a database apart: no URL names production's server, two variables do."""
    host, _, port = PRODUCTION.partition(":")
    return world.setting("staging", REPORTS_DB_HOST=host, REPORTS_DB_PORT=port, REPORTS_DB_NAME="reports")


def own_host_alone(world: World) -> World:
    host, _, port = STAGING.partition(":")
    return world.setting("staging", REPORTS_DB_HOST=host, REPORTS_DB_PORT=port)


def host_in_lines(world: World) -> World:
    """As a deployment mounts one file of settings into one variable."""
    host, _, port = PRODUCTION.partition(":")
    return world.setting("staging", APP_CONFIG=f"reports:\n  host: {host}\n  port: {port}\n")


def store_over_http(world: World) -> World:
    """A search engine has no scheme of its own: the variable says what it is."""
    url = "https://search.partner.test:9200"
    return world.setting("production", ELASTICSEARCH_URL=url).setting("staging", ELASTICSEARCH_URL=url)


def own_store_over_http(world: World) -> World:
    world = world.setting("production", ELASTICSEARCH_URL="https://search.production.test:9200")
    return world.setting("staging", ELASTICSEARCH_URL="https://search.staging.test:9200")


def production_in_own_cache(world: World) -> World:
    """Production's code has an old setting that leads to the server that is staging's by now."""
    cache, where = world.stack.staging.cache, place("cache", "staging", 6379)
    url = cache.url(where, 9, cache.account(world.stack.fresh("legacy")))
    return world.setting("production", LEGACY_REDIS_URL=url)


def pghostaddr(world: World) -> World:
    """Staging's URL names its own server; the variable beside it sends libpq to production's address.

    Whoever wrote the variable made the role too: production lets staging's login in.
    """
    stack, where = world.stack, f"{DOCUMENTATION}:5432"
    world = world.reaching(where, stack.production.postgres.port)
    world = world.setting("production", DATABASE_URL=database_url(where, stack.production.login))
    login = shop.add_reader(
        stack.production.postgres, stack.production.login.database, stack.fresh("reports")
    )
    return world.setting("staging", DATABASE_URL=database_url(STAGING, login), PGHOSTADDR=DOCUMENTATION)


def host_parameter(world: World) -> World:
    """What stands before the slash is staging's; libpq goes where the parameter says."""
    url, host = database_url(STAGING, reader_in_production(world)), PRODUCTION.partition(":")[0]
    return world.setting("staging", DATABASE_URL=f"{url}?host={host}")


def service_file(world: World) -> World:
    """libpq takes from that file what the URL leaves out; an address to connect to is one of these."""
    return world.setting("staging", PGSERVICE="reports")


def own_cors(world: World) -> World:
    ours, theirs = "http://www.staging.test,http://api.staging.test", "http://www.production.test"
    return world.setting("staging", CORS_ORIGINS=ours).setting("production", CORS_ORIGINS=theirs)


def own_address(world: World) -> World:
    world = world.reaching(f"{OWN_ADDRESS}:5432", world.stack.staging.postgres.port)
    return world.setting("staging", PGHOSTADDR=OWN_ADDRESS)


def unresolved_address(world: World) -> World:
    return world.setting("staging", SEARCH_URL="${{Search.PRIVATE_URL}}")


def _sessions(world: World) -> World:
    """Staging has one more cache than production."""
    stack, where = world.stack, place("sessions", "staging", 6379)
    world = world.reaching(where, stack.staging.cache.port)
    world = world.setting("staging", SESSIONS_REDIS_URL=stack.staging.cache.url(where, 1))
    return world.declaring("sessions", {"kind": "redis", "url": "$SESSIONS_REDIS_URL"})


def absent_in_production(world: World) -> World:
    return _sessions(world)


def absent_in_staging(world: World) -> World:
    stack, where = world.stack, place("sessions", "production", 6379)
    world = world.reaching(where, stack.production.cache.port)
    world = world.setting("production", SESSIONS_REDIS_URL=stack.production.cache.url(where, 1))
    return world.declaring("sessions", {"kind": "redis", "url": "$SESSIONS_REDIS_URL"})


def accepted(world: World) -> World:
    reason = "sessions are kept in production's database, which has a row of its own"
    return _sessions(world).waiving("absent-in-production", "sessions", reason)


LEAKS: tuple[Leak, ...] = (
    shares("environment-name", LABEL, "variables/environment-name",
           "staging's ENVIRONMENT says production", environment_name, Grade.DECLARED),
    shares("platform-says-production", LABEL, "variables/environment-name",
           "staging's ENVIRONMENT says staging, and the platform calls it production", platform_name,
           Grade.DECLARED),
    doubts("environment-unset", LABEL, "variables/environment-name",
           "nothing in staging says which environment it is", no_label),
    doubts("environment-of-neither", LABEL, "variables/environment-name",
           "staging's ENVIRONMENT says staging-production", third_label),
    shares("production-url-renamed", ADDRESS, "variables/endpoint-reused",
           "production's DATABASE_URL stands in staging under another name", production_url_renamed,
           Grade.DECLARED),
    shares("production-url-wrapped", ADDRESS, "variables/endpoint-reused",
           "production's database stands in staging as Java's drivers write it", production_url_wrapped,
           Grade.DECLARED),
    shares("production-in-cors", ADDRESS, "variables/endpoint-reused",
           "production's API stands in staging's CORS_ORIGINS", cors, Grade.DECLARED),
    shares("production-bucket-renamed", ADDRESS, "variables/endpoint-reused",
           "production's bucket stands in staging under another name", production_bucket, Grade.DECLARED),
    shares("undeclared-store", ADDRESS, "variables/endpoint-reused",
           "both environments' variables name one document store, which no resource declares",
           undeclared_store, Grade.DECLARED),
    doubts("production-host-alone", ADDRESS, "variables/endpoint-reused",
           "production's database server stands in staging as a host and a port, each in its own variable",
           host_alone),
    doubts("production-host-in-lines", ADDRESS, "variables/endpoint-reused",
           "production's database server stands in staging as a host in the lines of a file of settings",
           host_in_lines),
    doubts("store-over-http", ADDRESS, "variables/endpoint-reused",
           "both environments' variables name one search engine by its web address", store_over_http),
    doubts("production-in-own-cache", ADDRESS, "variables/endpoint-reused",
           "a variable of production's, of which no resource is made, names staging's own cache",
           production_in_own_cache),
    shares("pghostaddr-override", ADDRESS, "variables/override",
           "PGHOSTADDR sends staging's database connections to production", pghostaddr, Grade.DECLARED),
    shares("host-parameter", ADDRESS, "variables/override",
           "?host= at the end of staging's DATABASE_URL sends it to production", host_parameter,
           Grade.DECLARED),
    doubts("service-file", ADDRESS, "postgres/same-server",
           "PGSERVICE names a file of the machine, which may lead libpq elsewhere", service_file),
    doubts("unresolved-address", ADDRESS, "variables/endpoint-reused",
           "an address in staging is a reference that only the platform resolves", unresolved_address),
    doubts("absent-production", MISSING, "absent-in-production",
           "staging has a resource that production does not", absent_in_production),
    doubts("absent-staging", MISSING, "absent-in-staging",
           "production has a resource that staging does not", absent_in_staging),
    stands("label-in-short", LABEL,
           "staging's ENVIRONMENT says Stage", stage),
    stands("build-mode", LABEL,
           "staging's NODE_ENV says production, which is a way to build", build_mode),
    stands("own-cors", ADDRESS,
           "each environment lists its own origins", own_cors),
    stands("own-host-alone", ADDRESS,
           "staging's own database server stands in variables of its own besides", own_host_alone),
    stands("own-store-over-http", ADDRESS,
           "each environment's variables name a search engine of its own by its web address",
           own_store_over_http),
    stands("own-pghostaddr", ADDRESS,
           "PGHOSTADDR sends staging's database connections to staging's own server", own_address),
    stands("accepted-absence", MISSING,
           "production has no such resource, as two people have stated", accepted),
)  # fmt: skip
