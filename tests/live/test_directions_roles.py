"""A half of rows is taken as some role: one that sees fewer rows never counts as more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from psycopg import sql
from test_directions import KEY, Sides
from test_directions_rows import RULE, Rows, only
from test_split import Hold, looked

from disjoint import split
from disjoint.demo import shop
from disjoint.demo.catalogue.databases import lead
from disjoint.demo.world import HALVES, Half, World, place
from disjoint.directions.half import half_of, rows_of
from disjoint.model.finding import Finding, Outcome

pytestmark = pytest.mark.live
ALL = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
HIDING = (
    ALL,
    "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON people USING (email LIKE '%@staging.people')",
)
OWNED = (
    ALL,
    "ALTER TABLE people OWNER TO {role}",
    *HIDING[1:],
    "ALTER TABLE people FORCE ROW LEVEL SECURITY",
)
SCHEMA = (ALL, "CREATE SCHEMA apart", "ALTER TABLE people SET SCHEMA apart")
TABLE = (ALL, "REVOKE SELECT ON people FROM {role}")
NO_TEXT = (*TABLE, "GRANT SELECT (id, country) ON people TO {role}")
NO_EMAIL = (*TABLE, "GRANT SELECT (id, country, ticket) ON people TO {role}")
SEES_LESS = {
    "policy": HIDING, "owner under a policy": OWNED, "schema": SCHEMA, "table": TABLE,
    "no text": NO_TEXT, "no e-mail": NO_EMAIL,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Chosen(Rows):
    """The same, of which nobody declares what is compared."""

    def __init__(self, world: World) -> None:
        self.world = world.declaring("database", {"rows": "sampled"})
        self.logins = {}
        for half in HALVES:
            self._build(half)


@pytest.fixture(params=[pytest.param(Rows, marks=pytest.mark.long), Chosen], ids=["declared", "chosen"])
def rows(world: World, request: pytest.FixtureRequest) -> Rows:
    built: Rows = request.param(world)
    return built


def as_role(rows: Rows, half: Half, granted: Sequence[str]) -> World:
    """The world in which one side is read as a role of its own."""
    server, login = rows.world.stack.servers(half).postgres, rows.logins[half]
    role = rows.world.stack.fresh("reader")
    own = {"role": sql.Identifier(role), "database": sql.Identifier(login.database)}
    made = ("CREATE ROLE {role} LOGIN PASSWORD {password}", "GRANT CONNECT ON DATABASE {database} TO {role}")
    with server.admin(login.database) as admin:
        for each in (*made, *granted):
            admin.execute(sql.SQL(each).format(password=sql.Literal(login.password), **own))
    return lead(rows.world, place("people", half, 5432), server.port, login._replace(user=role), half)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("granted", SEES_LESS.values(), ids=SEES_LESS)
def test_what_a_role_does_not_see_of_a_sides_own_database_is_open(
    rows: Rows, tmp_path: Path, half: Half, granted: Sequence[str]
) -> None:
    """Copied people stand in staging, and neither side's role sees enough of them to say that they do not."""
    rows.copy(7, ticket=granted is not NO_EMAIL)
    apart = Sides(as_role(rows, half, granted), tmp_path / "sides")
    apart.take()
    finding = only(apart.compare())
    assert finding.outcome is Outcome.UNPROVEN, finding
    assert f"{half}: " in finding.judgement.summary
    assert finding.judgement.remedy


def beside(rows: Rows, *granted: str) -> None:
    """A copy of production's people in another database of staging's server, which its application reads."""
    server, application = rows.world.stack.staging.postgres, rows.logins["staging"].user
    other = shop.add_database(server, name := rows.world.stack.fresh("beside"), name, shop.STAGING_ROWS)
    with server.admin(other.database) as admin:
        admin.execute(b"CREATE TABLE people (email text, ticket uuid)")
        for email, ticket, _ in rows.all("production")[:6]:
            admin.execute("INSERT INTO people VALUES (%s, %s)", (email, ticket))
        for each in (*granted, "GRANT SELECT ON people TO {app}"):
            admin.execute(
                sql.SQL(each).format(database=sql.Identifier(other.database), app=sql.Identifier(application))
            )


NO_WAY_IN = (
    "REVOKE CONNECT ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT ON DATABASE {database} TO {app}",
)


def joined(taken: World, judged: World, folder: Path) -> Finding:
    """Rows that were read in one world, in the proof of a hold that was made in the other."""
    folder.mkdir()
    apart, held = Sides(taken, folder / "taken"), Sides(judged, folder / "judged")
    apart.take()
    half = half_of(split.load_side(apart.manifest("production"), protected=True), KEY, apart.compare())
    hold = Hold(held.manifest("staging"))
    look = looked(held.manifest("production"), hold.texts[0])
    nobody = split.load_side(held.manifest("staging"), protected=None)
    rows = rows_of(nobody, KEY, half, "overlap.json")
    proof = split.join(nobody, KEY, hold.end(), look, ("hold.json", "look.json"), rows)
    (finding,) = [each for each in proof.findings if each.rule == RULE]
    return finding


@pytest.mark.parametrize(
    "granted", [NO_WAY_IN, pytest.param((), marks=pytest.mark.long)], ids=["no way in", "no table"]
)
def test_rows_that_another_role_read_say_nothing_of_what_stands_beside(
    world: World, tmp_path: Path, granted: Sequence[str]
) -> None:
    """The application's role reads a copy in another database, which the role of the census may not."""
    rows = Chosen(world)
    beside(rows, *granted)
    less = as_role(rows, "staging", (ALL,))
    open_ = joined(less, rows.world, tmp_path / "another")
    assert open_.outcome is Outcome.UNPROVEN, open_
    assert "its rows were read by another login than is judged" in open_.judgement.summary
    assert 'databases = "own"' in open_.judgement.remedy
    assert joined(rows.world, rows.world, tmp_path / "one").outcome is Outcome.SHARED


def test_rows_of_one_role_or_of_its_own_database_are_proven_as_they_were(
    world: World, tmp_path: Path
) -> None:
    """One role for both; or another one, where no other database is asked about."""
    rows = Chosen(world)
    assert joined(rows.world, rows.world, tmp_path / "one").outcome is Outcome.ISOLATED
    rows.world = rows.world.declaring("database", {"databases": "own"})
    less = as_role(rows, "staging", (ALL,))
    found = joined(less, rows.world, tmp_path / "own")
    assert found.outcome is Outcome.ISOLATED, found
