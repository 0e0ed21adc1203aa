"""Texts for the address parsers' property tests: from well-formed to hostile."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import strategies as st

SECRET = "Zq7kW9xPl3"
"""Planted as a password; must come out of nothing."""

HOSTS = st.sampled_from(
    [
        *("db.shop.example", "DB.shop.example.", "8.8.8.8", "[2606:4700::2]", "localhost", "db"),
        *("db.railway.internal", "maglev.proxy.rlwy.net", "10.0.0.1", "b\u00fccher.example"),
    ]
)
PORTS = st.sampled_from(["", ":5432", ":6379", ":05432", ":1"])
NAMES = st.sampled_from(["", "/0", "/1", "/orders", "/Orders", "/%2Forders", "//1"])
CREDENTIALS = st.tuples(st.text(max_size=8), st.text(max_size=8)).map(
    lambda pair: f"{quote(pair[0], safe='')}:{quote(pair[1], safe='')}@"
)
DELIMITERS = st.text(alphabet="@:/?#[]%&=;, '\\\"\t\n$\u00e9\u202e\x00", max_size=6)


def urls(*schemes: str) -> st.SearchStrategy[str]:
    """Well-formed URLs without credentials."""
    return st.builds("{}://{}{}{}".format, st.sampled_from(schemes), HOSTS, PORTS, NAMES)


def with_credentials(url: str, credentials: str) -> str:
    """The URL with userinfo put in."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{credentials}{rest}"


def hostile(*schemes: str) -> st.SearchStrategy[str]:
    """Anything: loose text, and URLs cut up by delimiters."""
    pieces = st.lists(
        st.one_of(
            st.sampled_from(["://", "host=", "port=", "dbname=", "${X}", "::1", "xn--", ";", *schemes]),
            DELIMITERS,
            st.text(max_size=4),
        ),
        max_size=8,
    ).map("".join)
    return st.one_of(
        st.text(max_size=40), pieces, st.builds("{}://{}".format, st.sampled_from(schemes), pieces)
    )


def planted(*schemes: str) -> st.SearchStrategy[str]:
    """URLs whose raw password holds delimiters round a planted secret."""
    password = st.builds("{}{}{}".format, DELIMITERS, st.just(SECRET), DELIMITERS)
    return st.builds("{}://user:{}@{}{}{}".format, st.sampled_from(schemes), password, HOSTS, PORTS, NAMES)
