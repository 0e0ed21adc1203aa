"""Connections that no variable explains, by the addresses that names have here."""

from __future__ import annotations

import dataclasses

import pytest

from disjoint.errors import UnprovenError
from disjoint.guard import peers as guard
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.secret import Secret
from disjoint.split.connections import MOST, WHOLE, elsewhere, named, places_of


def environment(**variables: str) -> Environment:
    named = {name: Variable(name, Known(Secret(value)), "here") for name, value in variables.items()}
    lost = Variable("LOST", Unknown("only the platform knows"), "here")
    return Environment("staging", False, {**named, "LOST": lost}, "here")


OURS = environment(
    DATABASE_URL="postgresql://app:pw@127.0.0.1:5433/shop",
    CACHE="redis://localhost:6379/0",
    SITE="https://[2001:db8::1]/",
    BROKERS="amqp://a@10.0.0.7,b@10.0.0.7:5673",
    NOWHERE="postgresql://app:pw@no-such-host.invalid/shop",
)


@pytest.mark.parametrize(
    ("peer", "ours"),
    [
        ("127.0.0.1:5433", True),
        ("[::ffff:127.0.0.1]:5433", True),
        ("127.0.0.1:5432", False),
        ("127.0.0.1:6379", True),
        ("[2001:db8::1]:443", True),
        ("[2001:0db8:0:0::1]:443", True),
        ("[fe80::1%eth0]:443", False),
        ("10.0.0.8:5432", False),
    ],
)
def test_a_connection_is_ours_by_address_and_port(peer: str, ours: bool) -> None:
    assert (elsewhere([peer], OURS) == ()) is ours


@pytest.mark.parametrize(
    "text", ["", "10.0.0.8", "10.0.0.8:", "10.0.0.8:x", "10.0.0.8:70000", "host:1", ":1", "10.0.0.8:٣"]
)
def test_what_is_no_connection_is_passed_over(text: str) -> None:
    assert elsewhere([text], OURS) == ()


def test_a_tunnel_is_where_its_name_leads() -> None:
    tunnelled = dataclasses.replace(OURS, reach_at={"no-such-host.invalid:5432": "127.0.0.9:4000"})
    assert elsewhere(["127.0.0.9:4000"], OURS) == ("127.0.0.9:4000",)
    assert elsewhere(["127.0.0.9:4000"], tunnelled) == ()


def test_one_spelling_each() -> None:
    assert elsewhere(["[::ffff:10.0.0.8]:1", "10.0.0.8:1"], OURS) == ("10.0.0.8:1",)


def test_no_connection_is_lost_behind_many_others() -> None:
    """The one to production may be the last; a list that may have been cut is none."""
    many = [f"10.0.0.8:{port}" for port in range(1, WHOLE)]
    assert elsewhere([*many, "99.0.0.1:5432"], OURS)[-1] == "99.0.0.1:5432"
    assert WHOLE + 1 == guard.MOST
    with pytest.raises(UnprovenError, match="not all known"):
        elsewhere([*many, "99.0.0.1:5432", "99.0.0.1:5433"], OURS)


def test_a_note_names_no_more_than_people_read() -> None:
    assert named(("10.0.0.8:1",)) == ("a connection to 10.0.0.8:1",)
    assert named(("10.0.0.8:1",) * (MOST + 7))[MOST:] == ("7 connections more",)


def test_without_a_connection_no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
    assert elsewhere([], OURS) == ()
    with pytest.raises(AssertionError):
        places_of(OURS)
