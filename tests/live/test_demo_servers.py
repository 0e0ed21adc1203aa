"""Servers that only broken worlds start: poolers, balancers, TLS edges, clusters, Sentinels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo
from redis.exceptions import NoPermissionError, ResponseError

from disjoint.demo import shop
from disjoint.demo.servers import pgbouncer
from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.cluster import start_cluster
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.pgbouncer import Pool, Pooler
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.stack import Stack
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError

pytestmark = pytest.mark.live
with_pgbouncer = pytest.mark.skipif(
    pgbouncer.program() is None and not os.environ.get("CI"),  # CI installs it: there it must not be missing
    reason=f"apt install {pgbouncer.PACKAGE}",
)


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    """Servers of this module's own."""
    with Supervisor() as started:
        yield started


def signed_in(port: int, login: shop.Login, **parameters: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection as an application makes it; statements are not prepared, for poolers' sake."""
    made = {
        "host": "127.0.0.1", "port": str(port), "user": login.user, "password": login.password,
        "dbname": login.database, "connect_timeout": "5", **parameters,
    }  # fmt: skip
    return psycopg.connect(make_conninfo("", **made), autocommit=True, prepare_threshold=None)


def pooler(running: Stack, name: str, pooling: pgbouncer.Pooling) -> Pooler:
    """A pooler before production's server that calls its database ``shop_staging``."""
    server, login = running.production.postgres, running.production.login
    pool = Pool(server.port, login.database, login.user, login.password)
    return Pooler.start(running.supervisor, name, {"shop_staging": pool}, pooling)


@with_pgbouncer
def test_an_alias_leads_to_the_database_behind_it(running: Stack) -> None:
    """The application's own credentials, another port and another name, one database."""
    started = pooler(running, "pooler-transaction", "transaction")
    with closing(signed_in(started.port, running.production.login, dbname="shop_staging")) as client:
        assert client.execute("SELECT current_database()").fetchall() == [("shop",)]
    started.stop()


@with_pgbouncer
def test_statement_pooling_lets_no_transaction_through(running: Stack) -> None:
    """What a check that opens one must live with."""
    started = pooler(running, "pooler-statement", "statement")
    with closing(signed_in(started.port, running.production.login, dbname="shop_staging")) as client:
        assert client.execute("SELECT 1").fetchall() == [(1,)]
        with pytest.raises(psycopg.Error):
            client.execute("BEGIN")
    started.stop()


@with_pgbouncer
def test_a_poolers_console_lets_nobody_in(running: Stack) -> None:
    """Neither the application nor anybody else has the rights of an administrator."""
    started = pooler(running, "pooler-console", "transaction")
    with pytest.raises(psycopg.OperationalError):
        signed_in(started.port, running.production.login, dbname="pgbouncer")
    started.stop()


def test_a_machine_without_pgbouncer_is_told_how_to_get_it(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with the command, and nothing started."""
    monkeypatch.setattr(pgbouncer, "program", lambda: None)
    with pytest.raises(DemoError, match="apt install pgbouncer"):
        Pooler.start(supervisor, "pooler", {})


@pytest.mark.parametrize(
    ("names", "expired", "fault"),
    [
        (("db.shop.test",), False, ""),
        (("db.elsewhere.test",), False, "does not match host name"),
        (("db.shop.test",), True, "certificate verify failed"),
    ],
)
def test_postgresql_is_reached_over_tls(
    running: Stack, names: tuple[str, ...], expired: bool, fault: str
) -> None:
    """libpq asks for TLS in PostgreSQL's own way, and checks the certificate to the end."""
    authority = Authority.found(running.supervisor)
    certificate = authority.issue_expired(*names) if expired else authority.issue(*names)
    edge = _edge(running, certificate)
    stated = {"host": "db.shop.test", "hostaddr": "127.0.0.1", "sslrootcert": str(authority.root)}
    login = running.production.login
    if fault:
        with pytest.raises(psycopg.OperationalError, match=fault):
            signed_in(edge.port, login, sslmode="verify-full", **stated)
    else:
        with closing(signed_in(edge.port, login, sslmode="verify-full", **stated)) as client:
            assert client.pgconn.ssl_in_use
    edge.stop()


def test_the_edge_still_carries_a_client_that_wants_no_tls(running: Stack) -> None:
    """As a server does whose pg_hba.conf says `host`."""
    edge = _edge(running, Authority.found(running.supervisor).issue("db.shop.test"))
    with closing(signed_in(edge.port, running.production.login, sslmode="disable")) as client:
        assert not client.pgconn.ssl_in_use
    edge.stop()


def _edge(running: Stack, certificate: Path) -> Forward:
    port = running.production.postgres.port
    return Forward.start(running.supervisor, "edge", port, certificate=certificate, greeting="postgres")


def test_a_balancer_sends_connections_to_its_servers_in_turn(supervisor: Supervisor) -> None:
    """Two connections, two processes."""
    servers = [ValkeyServer.start(supervisor, f"behind-{n}") for n in range(2)]
    for server in servers:
        server.ask("ACL", "SETUSER", "app", "on", ">same-on-both", "+info", "+client")
    balancer = Forward.start(supervisor, "balancer", *(server.port for server in servers))
    ids = set()
    for _ in range(2):
        with closing(redis.Redis("127.0.0.1", balancer.port, 0, "same-on-both", username="app")) as client:
            ids.add(client.info("server")["run_id"])
    assert len(ids) == 2


def test_three_nodes_make_one_cluster(supervisor: Supervisor) -> None:
    """Each is a process with an identity of its own, and all of them list the same three."""
    nodes = start_cluster(supervisor, "cluster")
    listed, ids = set(), set()
    for node in nodes:
        told: bytes = node.ask("CLUSTER", "NODES")
        listed.add(frozenset(line.split()[0] for line in told.decode().splitlines()))
        ids.add(node.ask("INFO", "server")["run_id"])
    assert (len(ids), len(listed), {len(each) for each in listed}) == (3, 1, {3})


def test_a_sentinel_answers_and_is_no_server(supervisor: Supervisor) -> None:
    """It names the server that it watches."""
    watched = ValkeyServer.start(supervisor, "watched")
    sentinel = watched.sentinel("sentinel")
    assert int(sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "shop")[1]) == watched.port
    with pytest.raises(ResponseError):
        sentinel.ask("SET", "key", "value")


def test_an_account_may_do_what_its_rules_say(supervisor: Supervisor) -> None:
    """Everything without rules, and nothing beside them with some."""
    server = ValkeyServer.start(supervisor, "ruled")
    some = server.account("some", "~*", "+@all", "-info")
    with closing(redis.Redis("127.0.0.1", server.port, 0, some.password, username=some.user)) as client:
        client.set("key", "value")
        with pytest.raises(NoPermissionError):
            client.info("server")
