"""PostgreSQL addresses agree with libpq, hold the properties of addresses, and keep their passwords."""

from __future__ import annotations

import psycopg
import pytest
from address_texts import CREDENTIALS, SECRET, hostile, planted, urls, with_credentials
from hypothesis import assume, example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from disjoint.kinds.postgres.address import Candidate, compare, compare_text, login, parse
from disjoint.kinds.postgres.dsn import Stated, readings
from disjoint.model.address import Likeness

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "jdbc:postgresql")
FIELDS = ("host", "port", "dbname", "user", "password", "hostaddr", "service")
URL = "postgresql://shop@db.shop.example/orders"

URI_PIECES = st.sampled_from(
    [
        *(
            "a",
            "B",
            "1",
            ".",
            ":",
            "@",
            "/",
            "?",
            "#",
            "%41",
            "%2F",
            "%40",
            "&",
            "=",
            ",",
            "[",
            "]",
            "::1",
            "+",
        ),
        *("host=", "port=", "dbname=", "user=", "hostaddr=", "db.shop.example", "5432", "-", "_", "\u00e9"),
    ]
)
PAIR_PIECES = st.sampled_from(
    [
        *("host", "port", "dbname", "user", "password", "hostaddr", "service", "sslmode", "other"),
        *("=", "=", "=", ",", "'", "\\", " ", "\t", "\n", "a", "1", "/"),
    ]
)


def libpq(text: str) -> dict[str, str | None] | None:
    """What libpq's own parser finds; None where it refuses the text."""
    try:
        found = conninfo_to_dict(text)
    except psycopg.Error:
        return None
    return {name: None if (value := found.get(name)) is None else str(value) for name in FIELDS}


def ours(text: str) -> Stated | None:
    """Our reading as libpq; None where we refuse the text or say nothing of it."""
    three = readings(text)
    assert three is not None
    return None if three[0].fault or three[0].doubt else three[0]


@given(st.lists(URI_PIECES, max_size=12).map(lambda pieces: "postgresql://" + "".join(pieces)))
@example("postgresql://u:a@b@h1:1,[::1]:2,h3/x?host=h4&port=5")
@example("postgresql://u@@h/x#y")
@example("postgresql://%2Frun%2Fpg:5433/x")
def test_a_uri_says_what_libpq_finds_in_it(text: str) -> None:
    """Host, port, database, user, password, hostaddr and service are libpq's, wherever both read the text."""
    theirs, mine = libpq(text), ours(text)
    assume(theirs is not None and mine is not None)
    assert {name: getattr(mine, name) for name in FIELDS} == theirs


@given(st.lists(PAIR_PIECES, max_size=14).map("".join))
@example("host = 'a\\'b' port= 1\tdbname=x\\ y\\\\")
@example("host=a'b'c dbname='x'user=y")
@example("dbname=x\\")
def test_keyword_pairs_say_what_libpq_finds_in_them(text: str) -> None:
    """We refuse what libpq refuses and read what it reads."""
    theirs, mine = libpq(text), ours(text)
    assert (theirs is None) == (mine is None)
    assert theirs is None or {name: getattr(mine, name) for name in FIELDS} == theirs


@given(urls(*SCHEMES), urls(*SCHEMES))
def test_the_order_of_the_sides_does_not_matter(a: str, b: str) -> None:
    """Swapping production and staging changes neither verdict."""
    one, other = compare_text(a, b), compare_text(b, a)
    assert (one.verdict, one.server) == (other.verdict, other.server)


@given(hostile(*SCHEMES), hostile(*SCHEMES))
def test_hostile_text_is_answered(a: str, b: str) -> None:
    """Whatever the text, there is an answer, the same in both orders, and never different from itself."""
    answer = compare_text(a, b)
    assert (answer.verdict, answer.server) == (compare_text(b, a).verdict, compare_text(b, a).server)
    assert compare_text(a, a).verdict != "different"
    assert parse(a).shown.isprintable()
    assert login(a).fault or login(a).candidates


@given(urls("postgresql", "postgres"), urls("postgresql", "postgres"), CREDENTIALS, CREDENTIALS)
def test_credentials_never_change_the_answer(a: str, b: str, first: str, second: str) -> None:
    """Any user and password, properly encoded, leave the verdict as it was; the database is stated."""
    a, b = (url if url.count("/") > 2 and not url.endswith("/") else url + "/orders" for url in (a, b))
    plain = compare_text(a, b)
    dressed = compare_text(with_credentials(a, first), with_credentials(b, second))
    assert (plain.verdict, plain.server) == (dressed.verdict, dressed.server)


@given(planted("postgresql", "postgres", "postgresql+psycopg"), urls("postgresql"))
@example(f"postgresql://user:/{SECRET}@db.shop.example/1", "postgresql://db.shop.example/1")
@example(f"postgresql://user:@/{SECRET}@db.shop.example/1", "postgresql://db.shop.example/1")
@example(f"postgresql://user:@{SECRET}/@db.shop.example/1", "postgresql://db.shop.example/1")
@example(f"postgresql://user:1?{SECRET}@db.shop.example/1", "postgresql://db.shop.example/1")
@example(f"postgresql://user:1#{SECRET}@db.shop.example/1", "postgresql://db.shop.example/1")
@example(f"postgresql://user:?=@{SECRET}?@db.shop.example", "postgresql://db.shop.example")
def test_a_password_comes_out_of_nothing(text: str, other: str) -> None:
    """A raw password full of delimiters is in no text that people may see, and in no repr."""
    address, entry = parse(text), login(text)
    answers = (compare(address, parse(other)), compare(parse(other), address), compare(address, address))
    seen = [address.shown, address.fault, repr(address), repr(address.readings), repr(entry), entry.fault]
    assert SECRET.lower() not in " ".join([*seen, *(answer.why for answer in answers)]).lower()


@given(st.text(alphabet=" '\\=ab", max_size=6))
def test_a_password_among_pairs_comes_out_of_nothing(odd: str) -> None:
    """Quoted and escaped, it is nowhere but in the login's Secret."""
    quoted = (odd + SECRET).replace("\\", "\\\\").replace("'", "\\'")
    text = f"host=db.shop.example password='{quoted}' dbname=orders"
    address, entry = parse(text), login(text)
    assert entry.password is not None
    assert entry.password.reveal() == odd + SECRET
    assert SECRET not in f"{address!r} {address.readings!r} {entry!r} {address.shown}"
    assert address.shown == "db.shop.example:5432/orders"


def test_an_address_is_hashable_and_names_its_kind() -> None:
    """Two readings of one text are one key."""
    assert len({parse(URL), parse(URL)}) == 1
    assert parse(URL).kind == "postgres"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (URL, "db.shop.example:5432/orders"),
        ("postgresql://u:p@[2606:4700::2]:1/x", "[2606:4700::2]:1/x"),
        ("host=a.example,b.example dbname=x", "a.example:5432,b.example:5432/x"),
        ("host=/run/pg dbname=x", "/run/pg:5432/x"),
        ("postgresql://db.shop.example/a%1b%5B31mb", "db.shop.example:5432/a\\x1b[31mb"),
        ("postgresql://u:12/34@db.shop.example/x", "•••"),
        ("postgresql://u:a@b@db.shop.example/x", "•••"),
        ("jdbc:postgresql://db.shop.example/x?user=u@azure&password=p", "db.shop.example:5432/x"),
        ("", "(unset)"),
        ("gopher://x", "(invalid)"),
        ("${DATABASE_URL}", "(unresolved reference)"),
    ],
)
def test_an_address_is_shown_without_credentials(text: str, shown: str) -> None:
    """Host, port and database; inert, and masked where the text may have cut its password in two."""
    assert parse(text).shown == shown


def test_pghostaddr_redirects_libpq_even_where_the_url_names_a_host() -> None:
    """The variable wins for libpq only, so that clients differ: never a plain answer."""
    entry = login(URL, {"PGHOSTADDR": "8.8.8.8", "PGPORT": "5433"})
    assert entry.candidates == (Candidate("db.shop.example", "8.8.8.8", 5433),)
    redirected = parse(URL, {"PGHOSTADDR": "8.8.8.8"})
    assert compare(parse(URL), redirected).verdict == "unknown"
    assert compare(parse("postgresql://u@8.8.8.8/orders"), redirected).verdict == "unknown"


@pytest.mark.parametrize(
    ("text", "variables", "same_as"),
    [
        ("postgresql:///orders", {"PGHOST": "db.shop.example"}, URL),
        ("postgresql://", {"PGHOST": "db.shop.example", "PGDATABASE": "orders", "PGPORT": "5432"}, URL),
        ("", {"PGHOST": "db.shop.example", "PGUSER": "orders"}, URL),
        (URL, {"PGHOST": "elsewhere.example", "PGDATABASE": "other"}, URL),
    ],
)
def test_variables_fill_only_what_the_text_leaves_out(
    text: str, variables: dict[str, str], same_as: str
) -> None:
    """A stated host or database is not replaced."""
    assert compare(parse(text, variables), parse(same_as)).verdict == "same"


def test_a_service_file_leaves_the_address_open() -> None:
    """PGSERVICE comes before the other variables, and we do not read the file."""
    address = parse("postgresql:///orders", {"PGSERVICE": "prod", "PGHOST": "db.shop.example"})
    assert compare(address, parse(URL)).verdict == "unknown"
    assert login("service=prod").fault
    assert login("service=prod host=db.shop.example port=5432 dbname=orders user=shop").fault
    assert login("service=prod hostaddr=192.0.2.7 port=5432 dbname=orders user=shop").fault == ""


def test_a_login_holds_what_libpq_would_use() -> None:
    """Candidates in order, the password as a Secret, TLS parameters of the text before the environment's."""
    entry = login(
        "postgresql+psycopg://shop:p%40ss@a.example:5433,b.example/orders?sslmode=verify-full&pgbouncer=true",
        {"PGSSLMODE": "disable", "PGSSLROOTCERT": "/ca.pem"},
    )
    assert entry.candidates == (Candidate("a.example", "", 5433), Candidate("b.example", "", 5432))
    assert (entry.database, entry.user) == ("orders", "shop")
    assert entry.password is not None
    assert entry.password.reveal() == "p@ss"
    assert entry.parameters == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


@pytest.mark.parametrize(
    ("query", "mode"),
    [("ssl=true", "require"), ("ssl=verify-full", "verify-full"), ("requiressl=1", "require"), ("x=1", None)],
)
def test_other_spellings_of_tls_become_sslmode(query: str, mode: str | None) -> None:
    """libpq's and asyncpg's shorthand."""
    assert login(f"{URL}?{query}").parameters.get("sslmode") == mode


@pytest.mark.parametrize("text", ["gopher://x", "${X}", "host=a port=x", "postgresql://h:0/x", "x" * 9000])
def test_what_cannot_be_used_is_a_fault_of_the_login(text: str) -> None:
    """No candidates, and the reason."""
    entry = login(text)
    assert entry.candidates == ()
    assert entry.fault


def test_a_long_list_of_hosts_is_compared_quickly() -> None:
    """Thousands of hosts on both sides are no thousands squared."""
    hosts = ",".join(f"h{number}.example" for number in range(500))
    assert compare_text(f"postgresql://{hosts}/x", "postgresql://h499.example/x") == Likeness(
        "same", "host and port are the same; the database is the same"
    )
