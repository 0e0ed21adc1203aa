"""Others that answer the same question: which addresses stand on both servers. One a process.

Each runs under an interpreter of its own with the libraries that it needs (`VERSIONS`), and as its
documentation has it. All but the last see every address in clear text.
"""

from __future__ import annotations

from typing import Any

from overlap_ours import Clock, Job, answer

VERSIONS = (
    "adbc-driver-postgresql==1.13.0", "duckdb==1.5.5", "duckdb-extension-postgres-scanner==1.5.5",
    "numpy==2.4.6", "openmined-psi==2.0.6", "polars==2.1.0", "polars-hash==0.9.3", "psycopg[binary]==3.3.9",
    "pyarrow==26.0.1", "reladiff[postgresql]==0.6.0",
)  # fmt: skip
PART = 50_000
"""Of each side, for private set intersection: all would take it half an hour."""


def duckdb(job: Job) -> dict[str, object]:
    """One process attaches both and joins."""
    from importlib.resources import files  # noqa: PLC0415

    import duckdb as engine  # noqa: PLC0415

    folder = files("duckdb_extension_postgres_scanner") / "extensions" / f"v{engine.__version__}"
    connection = engine.connect()
    connection.execute(f"LOAD '{folder / 'postgres_scanner.duckdb_extension'}'")
    clock = Clock()
    for name, port in zip(("production", "staging"), job["ports"], strict=True):
        connection.execute(f"ATTACH '{_words(job, port)}' AS {name} (TYPE postgres, READ_ONLY)")
    statement = (
        "SELECT count(*) FROM (SELECT email FROM staging.public.users) s "
        "SEMI JOIN (SELECT email FROM production.public.users) p USING (email)"
    )
    found = connection.execute(statement).fetchone()
    assert found is not None
    return _told(clock, found[0])


def postgres_fdw(job: Job) -> dict[str, object]:
    """Staging's server fetches production's column with production's password."""
    import psycopg  # noqa: PLC0415

    production, staging = job["ports"]
    with psycopg.connect(
        host="127.0.0.1", port=staging, user="postgres", password=job["admin"], dbname=job["database"]
    ) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgres_fdw")
        connection.execute(
            "CREATE SERVER production FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', "
            f"port '{production}', dbname '{job['database']}', fetch_size '50000')"
        )
        connection.execute(
            "CREATE USER MAPPING FOR postgres SERVER production "
            f"OPTIONS (user 'app', password '{job['password']}')"
        )
        connection.execute(
            "CREATE FOREIGN TABLE theirs (email text) SERVER production OPTIONS (table_name 'users')"
        )
        clock = Clock()
        found = connection.execute(
            "SELECT count(*) FROM (SELECT email FROM users INTERSECT SELECT email FROM theirs) both_sides"
        ).fetchone()
        assert found is not None
        told = _told(clock, found[0])
        connection.rollback()
    return told


def reladiff(job: Job) -> dict[str, object]:
    """By the indexed uuid, the one sort of key that finds a row under another id."""
    import reladiff as tool  # noqa: PLC0415

    clock = Clock()
    tables = [
        tool.connect_to_table(_url(job, port), "users", "token", extra_columns=("email",))
        for port in job["ports"]
    ]
    unlike = {"+": 0, "-": 0}
    for sign, _row in tool.diff_tables(*tables):
        unlike[sign] += 1
    return _told(clock, tables[1].count() - unlike["+"])


def sets(job: Job) -> dict[str, object]:
    """Both columns in sets of Python's."""
    import psycopg  # noqa: PLC0415

    clock = Clock()
    held = []
    for port in job["ports"]:
        with (
            psycopg.connect(_url(job, port)) as connection,
            connection.cursor("addresses", binary=True) as cursor,
        ):
            cursor.itersize = 50_000
            held.append({email for (email,) in cursor.execute("SELECT email FROM users")})
    return _told(clock, len(held[0] & held[1]))


def adbc_polars(job: Job) -> dict[str, object]:
    """Both columns as Arrow, joined by polars."""
    import adbc_driver_postgresql.dbapi  # noqa: F401, PLC0415  (before the clock)
    import polars as pl  # noqa: PLC0415

    clock = Clock()
    production, staging = (
        pl.read_database_uri("SELECT email FROM users", _url(job, port), engine="adbc")
        for port in job["ports"]
    )
    found = staging.lazy().join(production.lazy(), on="email", how="semi").select(pl.len()).collect()
    return _told(clock, found.item())


def private_sets(job: Job) -> dict[str, object]:
    """Private set intersection of a part: neither side can test guesses, and both must take part."""
    import private_set_intersection.python as psi  # noqa: PLC0415

    theirs, ours = (_part(job, port) for port in job["ports"])
    clock = Clock()
    client, server = psi.client.CreateWithNewKey(True), psi.server.CreateWithNewKey(True)
    setup = server.CreateSetupMessage(1e-9, len(ours), theirs, psi.DataStructure.GCS)
    request = client.CreateRequest(ours)
    response = server.ProcessRequest(request)
    found = client.GetIntersection(setup, response)
    exchanged = sum(len(each.SerializeToString()) for each in (setup, request, response))
    return {**_told(clock, len(found)), "part": PART, "wire": exchanged}


def _part(job: Job, port: int) -> list[str]:
    """Every user with a copied row's number, and as many others as make up the part."""
    import psycopg  # noqa: PLC0415

    with psycopg.connect(_url(job, port)) as connection:
        return [
            email
            for (email,) in connection.execute(
                f"SELECT email FROM users WHERE id % {job['rows'] // PART} = 0"  # noqa: S608  (a number)
            )
        ]


def _told(clock: Clock, found: int) -> dict[str, object]:
    return {**clock.told(), "found": found}


def _url(job: Job, port: int) -> str:
    return f"postgresql://app:{job['password']}@127.0.0.1:{port}/{job['database']}"


def _words(job: Job, port: int) -> str:
    return f"host=127.0.0.1 port={port} user=app password={job['password']} dbname={job['database']}"


PEERS: dict[str, Any] = {
    "DuckDB": duckdb,
    "postgres_fdw": postgres_fdw,
    "reladiff": reladiff,
    "sets in Python": sets,
    "ADBC and polars": adbc_polars,
    "openmined-psi": private_sets,
}

if __name__ == "__main__":
    answer(PEERS)
