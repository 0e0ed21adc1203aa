"""A host and a port in variables of their own name a server as an address does."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_stores_in_both import reused

from disjoint.model.finding import Outcome

THEIRS = "REPORTS_URL=postgresql://a@dw.prod.example:6432/dw\nDOCS_URL=mongodb://a:b@m0.prod.example/app"


@pytest.mark.parametrize(
    "ours",
    [
        "REPORTS_DB_HOST=dw.prod.example\nREPORTS_DB_PORT=6432",
        "REPORTS_DB_HOST=DW.Prod.Example.\nREPORTS_DB_PORT= 6432 ",
        "REPORTS_SERVER=dw.prod.example:6432",
        "DB_HOSTS=a.staging.example,dw.prod.example:6432",
        'DB_NODES=["a.staging.example:1", "dw.prod.example:6432"]',
        "SESSIONS_HOST=cache.production.example",
        "BROKER_ADDR=cache.production.example:6379",
        "MONGO_HOST=m0.prod.example",
        "WRITER_ENDPOINT=m0.prod.example:27017",
    ],
)
def test_a_host_of_productions_is_no_other_server(ours: str, tmp_path: Path) -> None:
    """Declared or not on production's side, and on its default port where none is stated."""
    found = reused(tmp_path, THEIRS, ours)
    assert found.outcome is Outcome.UNPROVEN
    assert ours.partition("=")[0] in found.judgement.summary
    assert "names the server of production's" in found.judgement.summary
    assert found.judgement.about == (ours.partition("=")[0],)


@pytest.mark.parametrize(
    "ours",
    [
        "REPORTS_DB_HOST=dw.prod.example\nREPORTS_DB_PORT=5432",
        "REPORTS_DB_HOST=dw.staging.example\nREPORTS_DB_PORT=6432",
        "REPORTS_DB_HOST=dw",
        "REPORTS_DB_HOST=localhost",
        "HOST_TOKEN=dw.prod.example",
        "RAILWAY_TCP_HOST=dw.prod.example\nRAILWAY_PORT=6432",
        "WEB_HOST=api.prod.example",
    ],
)
def test_another_host_or_port_is_none_of_its_servers(ours: str, tmp_path: Path) -> None:
    """A port that nobody states, a name of each network's own, a page: they name no store of production's."""
    assert reused(tmp_path, THEIRS, ours).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    "name", ["REPORTS_DB_HOST", "MYSQL_SERVER", "SEARCH_ELASTICSEARCH_HOST", "CACHE_HOST"]
)
def test_a_store_that_both_sides_name_by_its_host_is_one(name: str, tmp_path: Path) -> None:
    """Neither side writes an address, and no resource is made of it."""
    both = f"{name}=shared.example"
    found = reused(tmp_path, both, both)
    assert found.outcome is Outcome.UNPROVEN
    assert f"{name} names the server of production's {name}" in found.judgement.summary


@pytest.mark.parametrize(
    "both", ["SMTP_HOST=smtp.example", "STATSD_HOST=127.0.0.1", "DB_HOST=db", "DB_HOST=10.0.0.5"]
)
def test_what_everybody_names_is_no_store_of_both(both: str, tmp_path: Path) -> None:
    """A relay, and hosts that are another machine in each network."""
    assert reused(tmp_path, both, both).outcome is Outcome.ISOLATED


def test_what_a_resource_is_made_of_is_asked_and_not_guessed(tmp_path: Path) -> None:
    """Its own rule compares the servers."""
    found = reused(tmp_path, "", "REDIS_URL=redis://cache.staging.example/0")
    assert found.outcome is Outcome.ISOLATED
