"""Which columns a census reads, and how each table is read: decisions without a server."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from disjoint.kinds.postgres.columns import choose
from disjoint.kinds.postgres.several import aligned
from disjoint.kinds.postgres.tables import Choice, Column, Table, Wish
from disjoint.kinds.postgres.ways import (
    ANSWER,
    RANGE,
    STEP,
    Server,
    Way,
    batch,
    by_ranges,
    patience,
    ranges,
    rows_of,
    way,
)
from disjoint.model.census import HALF, WHOLE, Header, Method, Sieve, Survey

PRODUCTION, STAGING = Wish(protected=True), Wish(protected=False, sparing=False)
SERVER = Server("18.0", 180_000, "UTF8", in_recovery=False, block=8192, buffers=128 << 20)


def column(name: str = "email", type: str = "text", **known: Any) -> Column:  # noqa: A002
    return Column(name, type, **{"nulls": 0.0, "distinct": -1.0, "width": 24, **known})


def table(*columns: Column, name: str = "users", rows: float = 100_000, **known: Any) -> Table:
    return Table(1, "public", name, known.pop("kind", "r"), rows, 1_000, columns, **known)


def names(choice: Choice) -> dict[str, bool]:
    return {chosen.place.name: chosen.place.identifying for chosen in choice.chosen}


def why(choice: Choice) -> dict[str, str]:
    return {left.place: left.why for left in choice.left}


def sieve(one_in: int = 1, width: int = HALF) -> Sieve:
    return Sieve(Method.HASH, 1, 2, bytes(16), one_in, fold=False, width=width)


def test_on_production_a_value_counts_where_hardly_any_stands_twice() -> None:
    """Nine in ten values different: one of them is one row's."""
    found = choose([table(column(distinct=-0.95), column("name", distinct=20_000.0))], PRODUCTION)
    assert names(found) == {"public.users.email": True, "public.users.name": False}


@pytest.mark.parametrize(
    ("one", "rows", "identifying"),
    [
        (column("key", unique=True), 50, False),  # settings, migrations, plans: what every database holds
        (column("email", unique=True, shaped=1.0), 50, True),
        (column("id", type="uuid", primary=True, unique=True), 50, True),
        (column("customer_email", distinct=5_000.0, shaped=0.95), 100_000, True),
        (column("from_email", distinct=3.0, shaped=1.0), 100_000, None),
        (column("login", distinct=1_401.0, shaped=0.3), 4_400, False),
        (column("mails", type="_text", distinct=-1.0), 500, False),
        (column("name", unique=True), 9_999, False),
        (column("address", distinct=-0.95), 20_000, True),
    ],
)
def test_few_values_are_somebodys_by_their_form_alone(
    one: Column, rows: float, identifying: bool | None
) -> None:
    """Fifty settings differ as fifty addresses do; an address is a person's, however often it repeats."""
    found = names(choose([table(one, rows=rows)], PRODUCTION))
    assert found.get(f"public.users.{one.name}") is identifying


def test_a_table_that_only_wide_values_tell_of_is_a_gap() -> None:
    """Private messages are not passed over in silence: a replica reads them, or reference leaves them out."""
    wide = table(column("body", width=4_000), name="messages")
    (gap,) = choose([wide], PRODUCTION).gaps
    assert "replica" in gap.remedy
    assert not choose([wide._replace(columns=(*wide.columns, column(shaped=1.0)))], PRODUCTION).gaps
    assert not choose([wide], Wish(protected=True, sparing=False)).gaps
    assert not choose([wide._replace(rows=0)], PRODUCTION).gaps


def test_nulls_are_no_values_that_stand_twice() -> None:
    """pg_stats counts the share of all rows: half of them empty leaves half of that."""
    assert names(choose([table(column(distinct=-0.5, nulls=0.5))], PRODUCTION)) == {
        "public.users.email": True
    }


@pytest.mark.parametrize(
    ("left_out", "because"),
    [
        (column(distinct=40.0), "too few different values"),
        (column(width=5), "fewer than 8 octets"),
        (column(nulls=0.995), "hardly ever filled"),
        (column(foreign=True), "refers to another table"),
        (column(sequence=True), "numbered by a sequence"),
        (column(generated=True, virtual=True), "made of other columns"),
        (column(type="int8"), "nobody's own"),
        (column(type="timestamptz"), "nobody's own"),
        (column(type="other"), "nobody's own"),
    ],
)
def test_what_is_left_out_on_production_is_named_with_its_reason(left_out: Column, because: str) -> None:
    """Ids and timestamps look unique to pg_stats and overlap between any two databases."""
    found = choose([table(left_out)], PRODUCTION)
    assert not found.chosen
    assert because in why(found)["public.users (email)"]
    assert "about 100,000 rows" in why(found)["public.users"]


@pytest.mark.parametrize(
    "kept",
    [column(distinct=3.0), column(width=5), column(foreign=True), column(nulls=1.0), column(width=1_501)],
)
def test_in_staging_every_column_of_text_is_looked_through(kept: Column) -> None:
    """A copied column may stand under another name, in a table of two rows."""
    assert "public.users.email" in names(choose([table(kept)], STAGING))


def test_a_staging_that_may_be_production_is_not_read_beside_its_tables() -> None:
    """Wide values may lie in TOAST, which is read page by page."""
    assert not choose([table(column(width=1_501))], Wish(protected=False, sparing=True)).chosen


@pytest.mark.parametrize(
    ("barred", "grant"),
    [
        (
            {"usable": False},
            'GRANT USAGE ON SCHEMA "public" TO role; GRANT SELECT ON "public"."a""b" TO role;',
        ),
        ({"readable": False}, 'GRANT SELECT ON "public"."a""b" TO role;'),
        ({"secured": True}, "ALTER ROLE role BYPASSRLS; -- role = the user of this URL"),
    ],
)
@pytest.mark.parametrize("wish", [PRODUCTION, STAGING])
def test_what_may_not_be_read_is_a_gap_with_its_grant(
    barred: dict[str, bool], grant: str, wish: Wish
) -> None:
    """On either side: a table that cannot be read may hold anything."""
    readable = barred.get("readable", True)
    found = choose([table(column(readable=readable), name='a"b', **barred)], wish)
    assert [gap.remedy for gap in found.gaps] == [grant]
    assert not found.chosen


def test_a_column_that_may_not_be_read_is_a_gap_beside_those_that_may() -> None:
    """Privileges may be a column's alone."""
    found = choose([table(column(), column("phone", readable=False), readable=False)], STAGING)
    assert names(found) == {"public.users.email": True}
    assert [gap.remedy for gap in found.gaps] == ['GRANT SELECT ("phone") ON "public"."users" TO role;']


def test_a_column_that_may_not_be_read_and_would_not_be_is_none() -> None:
    """A password's hash may stay hidden where its type says nothing; a number may."""
    assert not choose([table(column(), column("n", "int8", readable=False))], PRODUCTION).gaps


def test_production_is_read_up_to_a_size() -> None:
    """A larger table is unproven, and only there."""
    large = table(column(), rows=3e8)
    assert "rows_at_most" in choose([large], PRODUCTION).gaps[0].reason
    assert choose([large], STAGING).chosen


@pytest.mark.parametrize("kind", ["v", "p", "f"])
def test_what_holds_no_rows_of_its_own_is_left(kind: str) -> None:
    """Views, partitioned parents, foreign tables."""
    assert list(why(choose([table(column(), kind=kind)], PRODUCTION))) == ["public.users"]


def test_reference_names_a_table_or_the_parent_of_its_parts() -> None:
    """Bare names are in public."""
    part = table(column(), name="plans_2024", root="public.plans")
    for name in ("plans", "public.plans", "plans_2024"):
        assert not choose([part], Wish(protected=True, reference=(name,))).chosen
    assert choose([part], Wish(protected=True, reference=("other",))).chosen


def test_may_share_names_a_column_on_both_sides() -> None:
    """What a masked copy keeps."""
    for protected in (True, False):
        wish = Wish(protected=protected, may_share=("users.email",))
        assert names(choose([table(column(), column("phone"))], wish)) == {"public.users.phone": True}


def test_declared_columns_are_exactly_those() -> None:
    """Of whatever type and distinctness; jsonb where it is named; of a partitioned table in each part."""
    users = table(column(), column("document", "jsonb"), column("plan", distinct=3.0))
    part = table(column("note"), name="events_1", root="public.events")
    wish = Wish(protected=True, columns=("users.document", "public.users.plan", "events.note"))
    assert names(choose([users, part], wish)) == {
        "public.users.document": True,
        "public.users.plan": True,
        "public.events_1.note": True,
    }


def test_a_declared_column_that_is_not_there_is_a_gap() -> None:
    """It may have been renamed: nothing was looked through."""
    (gap,) = choose([table(column())], Wish(protected=True, columns=("users.mail",))).gaps
    assert gap.place == "public.users.mail"


def test_a_declared_column_of_a_table_that_may_not_be_read_is_one_gap() -> None:
    """And other tables that may not be read are none, for nothing of them is asked."""
    hidden = table(column(readable=False), readable=False)
    other = table(column(readable=False), name="other", readable=False)
    found = choose([hidden, other], Wish(protected=True, columns=("users.email",)))
    assert [gap.place for gap in found.gaps] == ["public.users"]


READINGS = (
    column("at", "timestamptz", distinct=-0.9, width=8),
    column("value", "float8", distinct=50_000.0, width=8),
    column("sensor", "text", distinct=90.0),
    column("id", "int8", sequence=True, primary=True, unique=True, width=8),
    column("created_at", "timestamptz", width=8),
    column("place_id", "int8", distinct=-1.0, width=8),
)


def test_several_columns_together_stand_where_none_alone_does() -> None:
    """Sorted by name; without keys, sequences and times of writing."""
    assert names(choose([table(*READINGS, rows=1_000)], PRODUCTION)) == {
        "public.users (at, sensor, value)": True
    }


def test_a_copy_in_another_schema_is_put_together_alike() -> None:
    """A dump that was restored beside staging's own tables; it has a column more."""
    dump = table(*READINGS, column("note"), rows=1_000)._replace(oid=2, schema="dump")
    production = choose([table(*READINGS, rows=1_000)], PRODUCTION)
    staging = aligned(choose([table(*READINGS), dump], STAGING), survey(production), STAGING)
    assert {"public.users (at, sensor, value)", "dump.users (at, sensor, value)"} <= {*names(staging)}
    found = [chosen for chosen in staging.chosen if chosen.place.name == "dump.users (at, sensor, value)"]
    assert [[c.name for c in one.columns] for one in found] == [["at", "sensor", "value"]]


@pytest.mark.parametrize(
    "beside",
    [
        column("id", type="uuid", primary=True, unique=True),
        column("token", unique=True, shaped=1.0, nulls=0.95),
    ],
)
def test_what_a_copy_may_lack_does_not_tell_of_the_rest(beside: Column) -> None:
    """A key is drawn anew for a copied row, and most rows have no token: several columns tell."""
    content = [column(name, distinct=-1.0) for name in ("name", "phone", "street")]
    chosen = choose([table(beside, *content, rows=5_000)], PRODUCTION).chosen
    places = {one.place.name: one.place for one in chosen}
    (together,) = (place for name, place in places.items() if "(" in name)
    assert together.identifying
    assert (places[f"public.users.{beside.name}"].group, together.group) == ("", "public.users")
    assert places["public.users.phone"].group == "public.users"


def test_few_rows_together_may_be_what_migrations_bring() -> None:
    """Countries are alike everywhere: an open question, and no leak."""
    countries = [column(name) for name in ("iso", "name", "capital", "currency")]
    assert (
        names(choose([table(*countries, rows=250)], PRODUCTION))[
            "public.users (capital, currency, iso, name)"
        ]
        is False
    )


def test_people_of_few_names_are_an_open_question_together() -> None:
    """More accidents than a leak may have, and far fewer than rows."""
    people = (column("born", "date", distinct=5_000.0), column("first", distinct=200.0, width=7))
    last = column("last", distinct=1_000.0, width=7)
    assert names(choose([table(*people, last, rows=5_000)], PRODUCTION)) == {
        "public.users (born, first, last)": False
    }


def test_checksums_and_keys_written_into_migrations_are_nobodys_own() -> None:
    """The migrations that Prisma counts have one SHA-256 everywhere, and a seeded role one UUID."""
    sums = [column(name, unique=True, shaped=1.0) for name in ("checksum", "file_sha256", "token")]
    key = column("id", "uuid", unique=True, shaped=0.5)
    assert names(choose([table(*sums, key, rows=50)], PRODUCTION)) == {
        "public.users.checksum": False,
        "public.users.file_sha256": False,
        "public.users.token": True,
        "public.users.id": False,
    }


@pytest.mark.parametrize(("readable", "says"), [(False, "permission denied"), (True, "could not be counted")])
def test_a_column_that_nobody_could_count_is_a_gap_and_not_left(readable: bool, says: str) -> None:
    """pg_stats shows no numbers of a column that may not be read, and a lock keeps us from counting."""
    hidden = table(column(distinct=None, readable=readable), column("name"))
    (gap,) = choose([hidden], PRODUCTION).gaps
    assert (gap.place, says in gap.reason) == ("public.users.email", True)


def test_combinations_too_few_say_nothing() -> None:
    """Rows times rows over the combinations is how many meet by accident."""
    assert not choose([table(*READINGS, rows=10_000_000)._replace(columns=READINGS[1:3])], PRODUCTION).chosen


def test_staging_offers_every_combination_and_keeps_what_production_has() -> None:
    """One that production has alone is left there, with its reason."""
    production = choose([table(*READINGS, rows=1_000)], PRODUCTION)
    bare = tuple(c._replace(primary=False, sequence=False, unique=False) for c in READINGS)
    staging = choose([table(*bare), table(*READINGS, name="other")], STAGING)
    assert "public.other (at, sensor, value)" in names(staging)
    staging = aligned(staging, survey(production), STAGING)
    production = aligned(production, survey(staging), PRODUCTION)
    assert "public.users (at, sensor, value)" in names(staging)
    assert "public.other (at, sensor, value)" in names(staging)  # a copy may be called anything
    assert names(production) == {"public.users (at, sensor, value)": True}
    alone = aligned(production, survey(Choice()), PRODUCTION)
    assert why(alone)["public.users (at, sensor, value)"] == "its columns differ on the other side"


def survey(choice: Choice) -> Survey:
    places = tuple(chosen.place for chosen in choice.chosen)
    return Survey(places, tuple(choice.gaps), tuple(choice.left), Header((), (), ""), "")


def test_a_key_that_staging_lost_hides_no_combination() -> None:
    """CREATE TABLE AS keeps no key: staging builds what production names."""
    names_of = "public.users (at, sensor, value)"
    lost = tuple(
        c._replace(sequence=False, primary=False, name="nr" if c.sequence else c.name) for c in READINGS
    )
    staging = choose([table(*lost)], STAGING)
    assert names_of not in names(staging)
    production = choose([table(*READINGS, rows=1_000)], PRODUCTION)
    assert names_of in names(aligned(staging, survey(production), STAGING))


def test_one_answer_takes_a_quarter_of_the_shared_buffers_at_most() -> None:
    """Beyond that, and for samples of large tables, a cursor."""
    most = SERVER.buffers // 4 // (5 * HALF)
    assert way(most, 1, sieve(), SERVER) is Way.PACKED
    assert way(most + 1, 1, sieve(), SERVER) is Way.CURSOR
    assert way(most // 2 + 1, 2, sieve(), SERVER) is Way.CURSOR
    assert way(most // 2 + 1, 1, sieve(width=WHOLE), SERVER) is Way.CURSOR
    assert way(STEP + 1, 1, sieve(64), SERVER) is Way.CURSOR
    assert way(STEP, 1, sieve(64), SERVER) is Way.PACKED


def test_an_answer_of_a_cursor_stands_for_so_many_scanned_rows() -> None:
    """About 64k, whatever the sieve lets through."""
    assert batch(1, sieve(64)) == 1024
    assert batch(3, sieve(64)) == 3072
    assert batch(3, sieve()) == STEP
    assert batch(1, sieve(1 << 40)) == 1


@pytest.mark.parametrize("pages", [0, 1, RANGE, RANGE + 1, 100_000])
@pytest.mark.parametrize("one_in", [1, 64])
def test_ranges_cover_every_block_once_and_have_no_end(pages: int, one_in: int) -> None:
    """A table may have grown since its size was read."""
    found = list(ranges(table(column(), rows=6e6), pages, 1, sieve(one_in), SERVER))
    assert found[0][0] == 0
    assert found[-1][1] == -1
    assert all(one[1] == other[0] for one, other in itertools.pairwise(found))
    assert all(until - first <= RANGE for first, until in found[:-1])


def test_a_range_is_smaller_where_its_answer_would_be_large() -> None:
    """string_agg ends at 1 GiB; ours ends at 1 MB."""
    dense = table(column(), rows=20_000)._replace(pages=1_000)
    first, until = next(ranges(dense, 1_000_000, 60, sieve(width=WHOLE), SERVER))
    assert 0 < (until - first) * 20 * WHOLE * 60 <= ANSWER


def test_rows_are_estimated_as_the_planner_does() -> None:
    """Density of the last count, times the pages of now; and of rows nobody counted, many."""
    assert rows_of(table(rows=1_000), 5_000, SERVER) == 5_000
    assert rows_of(table(rows=-1), 10, SERVER) == 1_280


@pytest.mark.parametrize(
    ("allowed", "known"),
    [
        (False, {"protected": True, "careful": True}),
        (False, {"protected": False, "careful": True}),
        (True, {"protected": False, "careful": False}),
        (True, {"protected": True, "careful": True, "replica": True}),
        (True, {"protected": True, "careful": True, "pressure": True}),
    ],
)
def test_ranges_are_for_servers_that_nobody_waits_for(allowed: bool, known: dict[str, bool]) -> None:
    """And for none that would read the whole table for each."""
    told = {"replica": False, "pressure": False, **known}
    assert by_ranges(SERVER, **told) is allowed
    assert by_ranges(SERVER._replace(number=130_000), **told) is False


def test_a_slow_answer_is_followed_by_a_pause() -> None:
    """Slow beside those before it, and to a person."""
    usual = [0.1] * 9
    assert patience(0.3, usual) == 0.0
    assert patience(0.5, usual) == 1.0
    assert patience(9.0, usual) == 5.0
    assert patience(0.05, [0.001] * 9) == 0.0
    assert patience(9.0, usual[:3]) == 0.0


def test_what_a_table_keeps_of_other_columns_is_read_where_it_is_stored() -> None:
    """A copy may hold as a column of its own what is part of a document here, and the other way round."""
    stored = column(generated=True)
    for wish in (PRODUCTION, STAGING):
        assert names(choose([table(stored)], wish)) == {"public.users.email": True}
        assert not names(choose([table(stored._replace(virtual=True))], wish))


def test_columns_that_only_together_would_tell_are_a_gap_where_one_of_them_is_hidden() -> None:
    """A right to the keys alone lets a table of numbers look as if nothing of it could be compared."""
    hidden = tuple(c._replace(readable=c.name != "value") for c in READINGS)
    (gap,) = choose([table(*hidden, rows=1_000)], PRODUCTION).gaps
    assert (gap.place, gap.remedy) == (
        "public.users.value",
        'GRANT SELECT ("value") ON "public"."users" TO role;',
    )
    unseen = tuple(c._replace(distinct=None if c.name == "value" else c.distinct) for c in READINGS)
    (gap,) = choose([table(*unseen, rows=1_000)], PRODUCTION).gaps
    assert "could not be counted" in gap.reason
    production = choose([table(*READINGS, rows=1_000)], PRODUCTION)
    staging = aligned(choose([table(*hidden, readable=False)], STAGING), survey(production), STAGING)
    assert [gap.place for gap in staging.gaps] == ["public.users.value"]


def test_a_table_that_staging_has_migrated_already_is_an_open_question() -> None:
    """Its rows may be production's: a column fewer, and no digest of several is the same."""
    production = choose([table(*READINGS, rows=1_000)], PRODUCTION)
    fewer = [c for c in READINGS if c.name != "sensor"]
    for others, gaps in (([table(*fewer)], 1), ([table(*fewer, name="other")], 0)):
        staging = aligned(choose(others, STAGING), survey(production), STAGING)
        assert [left.why for left in staging.left if left.place == others[0].named] == [
            "no column of it can be compared"
        ]
        found = aligned(production, survey(staging), PRODUCTION)
        assert len(found.gaps) == gaps
        assert not found.chosen or not gaps
    own = choose([table(*READINGS, column("token", unique=True, shaped=1.0), rows=1_000)], PRODUCTION)
    assert not aligned(own, survey(choose([table(*fewer)], STAGING)), PRODUCTION).gaps


def test_an_extensions_table_may_hold_a_copy() -> None:
    """In staging it is read, unless it may not be; and where it is named."""
    own = table(column(), extension="pgmq")
    assert not choose([own], PRODUCTION).chosen
    assert names(choose([own], STAGING)) == {"public.users.email": True}
    for hidden in (own._replace(secured=True), own._replace(usable=False), own._replace(readable=False)):
        found = choose([hidden], STAGING)
        assert (found.gaps, [left.place for left in found.left]) == ([], ["public.users"])
    assert choose([own], Wish(protected=True, columns=("users.email",))).chosen


def test_a_staging_table_of_wide_values_alone_is_a_gap_where_they_are_spared() -> None:
    """As on production: nothing of it was looked through."""
    wide = table(column("body", width=4_000))
    assert [gap.place for gap in choose([wide], Wish(protected=False)).gaps] == ["public.users.body"]
    assert not choose([wide._replace(columns=(*wide.columns, column()))], Wish(protected=False)).gaps
