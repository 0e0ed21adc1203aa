"""What of production's a host and a port are, in every spelling that a resolver takes for the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from guarded_world import KEY, ONE, declared, stated
from hypothesis import given
from hypothesis import strategies as st

from disjoint.certify.guarded import REACHED, digest, digester
from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.certify.plain_store import renamed, store
from disjoint.guard.denied import Denied, denied_by
from disjoint.guard.policy import policy_in

NAME, IPV4, IPV6 = "cache.production.test", "203.0.113.7", "2001:db8::7"
IDN, NAT64 = "xn--strae-oqa.example", "64:ff9b::cb00:7107"
SEALS = ("shown", "blind", "older")


class Number(NamedTuple):
    """An integer of another library's, as numpy has them."""

    value: int

    def __index__(self) -> int:
        return self.value


def denied(folder: Path, url: str, seal: str = "shown", kind: str = "redis") -> Denied:
    """What a seal denies of a production with one address; an older one has no digest of host and port."""
    said = stated(declared(folder, ONE[kind]), {"IT": url}, blind=seal != "shown")
    for each in (*said["endpoints"], *(e for r in said["resources"] for e in r["endpoints"])):
        assert seal == "shown" or "shown" not in each
        if seal == "older":
            del each["reached"]
    return denied_by(policy_in({"policy": said}), KEY)


SPELLINGS: tuple[tuple[str, object, object], ...] = (
    (NAME, NAME, 6379), (NAME, "CACHE.Production.TEST", 6379), (NAME, f"{NAME}.", 6379),
    (NAME, NAME.encode(), b"6379"),
    (NAME, bytearray(NAME.encode()), 6379), (NAME, "cache。production．test", 6379),
    (NAME, f"{NAME}。", 6379),
    (NAME, "ｃache.production.test", 6379), (NAME, "cac\u00adhe.production.test", 6379),
    (NAME, NAME, "6379"), (NAME, NAME, " 6379"), (NAME, NAME, "+6379"), (NAME, NAME, "06379"),
    (NAME, NAME, 65536 + 6379), (NAME, NAME, str(65536 + 6379)), (NAME, NAME, Number(6379)),
    (IPV4, IPV4, 6379), (IPV4, "203.000.113.007", 6379), (IPV4, "3405803783", 6379),
    (IPV4, "0xCB007107", 6379),
    (IPV4, "203.0.28935", 6379), (IPV4, "0313.0.0161.7", 6379), (IPV4, "0xcb.0.0x71.0x7", 6379),
    (IPV4, b"203.0.113.7", 6379), (IPV4, "２０３.0.113.7", 6379), (IPV4, "203.0.113.００7", 6379),
    (IPV4, "203。0。113。7", 6379),
    (IPV4, "::ffff:203.0.113.7", 6379), (IPV4, "::FFFF:cb00:7107", 6379),
    (IPV4, "::ffff:203.0.113.7%1", 6379),
    (IPV4, "0:0:0:0:0:ffff:203.0.113.7", 6379), (IPV4, NAT64, 6379), (IPV4, "64:ff9b::203.0.113.7", 6379),
    (IPV6, IPV6, 6379), (IPV6, "2001:DB8:0:0::0007", 6379), (IPV6, "2001:db8::0.0.0.7", 6379),
    (IPV6, "2001:db8::7%1", 6379), (IPV6, "2001:db8::７", 6379), (IPV6, b"2001:db8::7", 6379),
    (IDN, IDN, 6379), (IDN, IDN.encode(), 6379), (IDN, IDN.upper().encode(), 6379),
    ("xn--bcher-kva.example", "bücher.example", 6379), ("xn--bcher-kva.example", "BÜCHER.example", 6379),
    ("xn--bcher-kva.example", "bücher.example".encode(), 6379),
)  # fmt: skip


@pytest.mark.parametrize("seal", SEALS)
@pytest.mark.parametrize(("theirs", "host", "port"), SPELLINGS)
def test_a_place_is_known_in_every_spelling(
    theirs: str, host: object, port: object, seal: str, tmp_path: Path
) -> None:
    written = f"[{theirs}]" if ":" in theirs else theirs
    by = denied(tmp_path, f"redis://{written}/0", seal)
    assert by.resource(host, port) == "it"
    assert by.resource(host, 6380) == ""


STORES = (
    ("postgres", "ep-a-pooler.eu.aws.neon.tech:5432", "ep-a.eu.aws.neon.tech", 5432),
    ("postgres", "ep-a.eu.aws.neon.tech:5432", "ep-a-pooler.eu.aws.neon.tech", 5432),
    ("postgres", "shop.cluster-ro-x.eu.rds.amazonaws.com:5432", "shop.cluster-x.eu.rds.amazonaws.com", 5432),
    ("postgres", "shop.cluster-x.eu.rds.amazonaws.com:5432", "SHOP.cluster-ro-x.eu.rds.amazonaws.com", 5432),
    ("postgres", "db.abcdef.supabase.co:5432", "db.abcdef.supabase.co", 6543),
    ("postgres", "dpg-abc-a.frankfurt-postgres.render.com:5432", "dpg-abc-a", 5432),
    ("postgres", "dpg-abc-a:5432", "dpg-abc-a.frankfurt-postgres.render.com", 5432),
    ("redis", "master.shop.x.euw1.cache.amazonaws.com:6379", "replica.shop.x.euw1.cache.amazonaws.com", 6379),
)  # fmt: skip


@pytest.mark.parametrize("seal", SEALS)
@pytest.mark.parametrize(("kind", "theirs", "host", "port"), STORES)
def test_a_store_is_known_by_all_the_names_that_its_provider_gives_it(
    kind: str, theirs: str, host: str, port: int, seal: str, tmp_path: Path
) -> None:
    scheme = {"postgres": "postgresql"}.get(kind, kind)
    by = denied(tmp_path, f"{scheme}://{theirs}/shop", seal, kind)
    assert by.resource(host, port) == "it"
    assert by.resource(theirs.partition(":")[0], int(theirs.partition(":")[2])) == "it"
    assert by.resource(f"other.{host}", port) == ""


OTHERS: tuple[tuple[object, object], ...] = (
    (NAME, 6380), (NAME, None), (NAME, ""), (NAME, 6379.5), (f"x{NAME}", 6379), (f"{NAME}.example", 6379),
    ("203.0.113.8", 6379), ("2001:db8::8", 6379), ("::203.0.113.7", 6379), ("", 6379), (None, 6379),
    (7, 6379),
    ("cache", 6379), (f"[{IPV6}]", 6379), ("20010db8000000000000000000000007", 6379),
    (NAME, -59157 - 65536 * 2 + 1),
)  # fmt: skip


@pytest.mark.parametrize("seal", SEALS)
@pytest.mark.parametrize(("host", "port"), OTHERS)
def test_nothing_else_is_productions(host: object, port: object, seal: str, tmp_path: Path) -> None:
    for theirs in (NAME, IPV4, f"[{IPV6}]"):
        assert denied(tmp_path, f"redis://{theirs}/0", seal).resource(host, port) == ""


@pytest.mark.parametrize("seal", SEALS)
@pytest.mark.parametrize("host", ["cache", "cache.internal", "10.1.2.3", "127.0.0.1", "::1", "fe80::1%eth0"])
def test_a_private_name_is_another_machine_here(host: str, seal: str, tmp_path: Path) -> None:
    written = f"[{host}]" if ":" in host else host
    assert denied(tmp_path, f"redis://{written}/0", seal).resource(host, 6379) == ""


def test_what_is_declared_first_names_the_place(tmp_path: Path) -> None:
    resources = ONE["redis"] + ONE["redis"].replace(".it]", ".second]")
    said: Any = stated(declared(tmp_path, resources), {"IT": f"redis://{NAME}/0"})
    assert denied_by(policy_in({"policy": said}), KEY).resource(NAME, 6379) == "it"


LABELS = ("master", "replica", "ep-a-pooler", "db", "dpg-a", "x.cluster-ro-y", "abc-rr-eu", "Ｘ", "7", "0x1")
ENDS = (
    "neon.tech", "neon.build", "cache.amazonaws.com", "cache.amazonaws.com.cn", "e.rds.amazonaws.com",
    "render.com", "supabase.co", "eu.pooler.supabase.com", "example", "7", "0x7", "",
)  # fmt: skip
HOSTS = st.builds(
    lambda labels, end: ".".join((*labels, end)),
    st.lists(st.sampled_from(LABELS), max_size=3),
    st.sampled_from(ENDS),
)


@given(HOSTS | st.text(max_size=20))
def test_the_short_way_leaves_nothing_out(host: str) -> None:
    """What is taken as spelled is, and what is not asked for its store is none."""
    from disjoint.guard.denied import _SPELLED  # noqa: PLC0415

    assert _SPELLED(host) is None or spell(host) == host
    for kind in ("postgres", "redis"):
        place = Place(kind, host, 6543, "")
        assert store(place) == place or renamed(host)


@given(st.binary(max_size=100), st.text(max_size=100))
def test_a_digest_that_was_begun_is_the_same(key: bytes, value: str) -> None:
    assert digester(key, REACHED)(value).hex() == digest(key, REACHED, value).removeprefix("hmac:")


def test_a_blind_seal_shows_no_more_than_before(tmp_path: Path) -> None:
    said = str(stated(declared(tmp_path, ONE["redis"]), {"IT": f"redis://{NAME}/0"}, blind=True))
    assert NAME not in said
