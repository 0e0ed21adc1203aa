"""Digests that a seal and a guard make alike, and which secrets a dictionary would find."""

from __future__ import annotations

import secrets

import pytest

from disjoint.certify import guarded
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.plain_address import Place, in_variable, of_setting, read
from disjoint.kinds.variables import endpoints
from disjoint.model.host import read_host
from disjoint.model.secret import RunKey

PROJECT = ProjectKey(b"p" * 32, "the test")
KEY = guarded.stable_key_of(PROJECT.octets)


def test_keys_and_digests_are_those_of_a_run() -> None:
    """What `verify` digests and what a bare process digests compare."""
    assert stable_key(PROJECT) == KEY
    assert guarded.name_of(PROJECT.octets) == key_name(PROJECT)
    assert guarded.digest(KEY, "secret", "wörter") == RunKey(KEY).digest("secret", "wörter")
    assert guarded.PLATFORM.pattern == endpoints._PLATFORM.pattern


@pytest.mark.parametrize(
    "weak",
    ["hunter2", "changeme-changeme-changeme", "production-password-2024", "correct horse battery staple",
     "aaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababababab", "bytes:3132333435363738", "Winter2024",
     "0" * 40],
)  # fmt: skip
def test_a_value_that_a_dictionary_finds_is_stretched(weak: str) -> None:
    """scrypt in place of one HMAC, under the same key: equal values stay equal."""
    assert guarded.guessable(weak)
    assert guarded.stretched(KEY, weak) == guarded.stretched(KEY, weak)
    assert guarded.stretched(KEY, weak) != guarded.stretched(b"another key of thirty-two octets", weak)


def test_a_value_that_was_drawn_is_not() -> None:
    """Of a thousand of each of four usual sorts, at most a few."""
    for form in ("{a}", "{b}", "{a}{a}", "sk_live_{b}", "{b:.20}"):
        drawn = (form.format(a=secrets.token_hex(16), b=secrets.token_urlsafe(24)) for _ in range(1000))
        assert sum(map(guarded.guessable, drawn)) < 10


def test_secrets_share_a_digest_in_whichever_form_they_stand() -> None:
    """A URL's password, and the same in a variable of its own; a guessable one as well."""
    for secret in (secrets.token_urlsafe(24), "production-password-2024"):
        one = guarded.secrets_of(KEY, [("DATABASE_URL", f"postgres://u:{secret}@h/d")], frozenset())
        other = guarded.secrets_of(KEY, [("DB_PASSWORD", f" {secret}\n")], frozenset())
        (theirs,), (ours,) = tuple(one), tuple(other)
        assert theirs.forms & ours.forms
        assert theirs.stretched == guarded.guessable(secret)
        assert (guarded.digest(KEY, "secret", secret) in theirs.forms) != guarded.guessable(secret)
    assert not tuple(
        guarded.secrets_of(KEY, [("SECRET_KEY", secrets.token_hex(16))], frozenset({"SECRET_KEY"}))
    )


def test_nothing_that_was_drawn_costs_a_process_its_start() -> None:
    """No form of a random secret is stretched, its decodings among them; nor is a login's name."""
    drawn = [("SECRET_KEY", secrets.token_urlsafe(15)) for _ in range(300)]
    drawn += [("API_TOKEN", secrets.token_hex(16)) for _ in range(300)]
    assert sum(held.stretched for held in guarded.secrets_of(KEY, drawn, frozenset())) < 6
    (login,) = guarded.secrets_of(KEY, [("AWS_ACCESS_KEY_ID", "AKIAAAAAAAAAAAAAAAAA")], frozenset())
    assert not login.stretched


def test_production_knows_itself_by_every_variable() -> None:
    """One that is missing, empty or another makes another digest; blanks round it do not."""
    values = {"A": "1", "B": ""}
    one = guarded.itself(KEY, ("B", "A", "C"), values.get)
    assert guarded.itself(KEY, ("A", "B", "C"), {"A": " 1 ", "B": ""}.get) == one
    for other in ({"A": "1"}, {"A": "2", "B": ""}, {"A": "1", "B": "", "C": ""}):
        assert guarded.itself(KEY, ("A", "B", "C"), other.get) != one


def test_a_template_is_filled_or_not_at_all() -> None:
    """An unset variable makes no address of the rest."""
    assert guarded.filled("redis://${HOST}:$PORT/0", {"HOST": "h", "PORT": "1"}) == "redis://h:1/0"
    assert guarded.filled("redis://${HOST}:$PORT/0", {"HOST": "h", "PORT": ""}) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("postgres://u:p@DB.Example.com./shop?sslmode=require", "postgres://db.example.com:5432/shop"),
        ("postgresql+asyncpg://u:p@db.example.com:05432/shop", "postgres://db.example.com:5432/shop"),
        ("jdbc:postgresql://db.example.com/shop?user=u&password=p", "postgres://db.example.com:5432/shop"),
        ("host=db.example.com dbname='shop' password=p", "postgres://db.example.com:5432/shop"),
        ("rediss://:p@r.example.com:6380/3", "redis://r.example.com:6380/3"),
        ("redis://r.example.com?db=3", "redis://r.example.com:6379/3"),
        ("amqps://u:p@mq.example.com:5671//", "amqp://mq.example.com:5671//"),
        ("https://API.example.com/v1?key=x", "web://api.example.com:443/"),
        ("https://my-bucket.s3.eu-west-1.amazonaws.com/k", "bucket://amazonaws.com:443/my-bucket"),
        ("mongodb://u:p@m1.example,m2.example:27018/shop", "mongodb://m1.example:27017/shop"),
        ("postgres://u:p@[2001:DB8::1]/shop", "postgres://[2001:db8::1]:5432/shop"),
        ("postgres://u:p@0x7f.1/shop", "postgres://127.0.0.1:5432/shop"),
    ],
)
def test_an_address_has_one_line(text: str, line: str) -> None:
    """However it is spelled; never with a credential."""
    found = [place.line for place in read(text)]
    assert found[0] == line
    assert not any(":p@" in each or "u:p" in each for each in found)


def test_a_password_that_was_not_encoded_is_read_both_ways_and_never_shown() -> None:
    """`@`, `/` and `#` in a password move the host: both readings are digested, and neither is sure."""
    places = read("postgres://u:pa/ss@word@db.example.com/shop")
    assert "postgres://db.example.com:5432/shop" in {place.line for place in places}
    assert not any(place.sure for place in places)


def test_a_host_parameter_is_a_place_too() -> None:
    """libpq goes where `?host=` says."""
    places = read("postgres://u@db.staging.example/shop?host=db.production.example")
    assert "postgres://db.production.example:5432/shop" in {place.line for place in places}


@pytest.mark.parametrize(
    "host",
    ["localhost", "db", "postgres.railway.internal", "10.1.2.3", "172.20.0.1", "192.168.1.1", "100.64.0.1",
     "::1", "fd00::1", "fe80::1", "db.cluster.local", "db.svc", "x.flycast", "db.example.com", "8.8.8.8",
     "2001:db8::1", "postgres.production.test", "169.254.1.1", "172.32.0.1", "100.128.0.1", "db.default"],
)  # fmt: skip
def test_a_private_host_is_the_one_that_verify_calls_so(host: str) -> None:
    """Equal names of that sort lead to one server in each network, and to two."""
    assert Place("postgres", host, 5432, "").private == bool(read_host(host).relative)


def test_a_bucket_is_read_beside_its_endpoint() -> None:
    """One name at two stores is two buckets; Amazon's endpoints are one store."""
    (one,) = of_setting("bucket", "name", "uploads", "https://s3.eu-west-1.amazonaws.com")
    assert one.line == "bucket://amazonaws.com:443/uploads"
    assert of_setting("bucket", "name", "arn:aws:s3:::uploads")[0].line == one.line
    assert of_setting("bucket", "name", "uploads", "http://minio.example:9000")[0].line != one.line


def test_hosts_are_found_in_lists() -> None:
    """As CORS settings write them."""
    found = in_variable("CORS_ORIGINS", '["https://www.staging.example", "api.production.example"]')
    assert {place.host for place in found} == {"www.staging.example", "api.production.example"}
