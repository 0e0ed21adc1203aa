"""Hosts: inet_aton as the oracle of IPv4, name scopes, doubts, ports, and inert text."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.model.host import (
    ADDRESS,
    ENVIRONMENT,
    LOCAL,
    LOOPBACK,
    NAT64,
    OTHER_NAMES,
    SINGLE,
    ZONE,
    compare_hosts,
    printable,
    read_host,
    read_port,
    unresolved,
)

NUMBERS = st.integers(0, 2**33).flatmap(
    lambda number: st.sampled_from(
        [str(number), hex(number), f"0{number:o}", f"0X{number:X}", f"00{number:o}"]
    )
)
ANY = st.text(st.characters(exclude_categories=()), max_size=40)


@given(st.lists(st.integers(0, 300).map(str) | NUMBERS, min_size=1, max_size=5).map(".".join))
def test_every_ipv4_spelling_is_read_as_the_system_reads_it(text: str) -> None:
    """One to four decimal, octal or hexadecimal parts; what inet_aton refuses is a fault."""
    found = read_host(text)
    try:
        expected = socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        expected = ""
    assert found.name == expected
    assert bool(found.fault) == (not expected)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DB.Example.COM", "db.example.com"),
        ("db.example.com.", "db.example.com"),
        ("8.8.8.8.", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("::FFFF:808:808", "8.8.8.8"),
        ("2606:4700:0:0:0:0:0:1", "2606:4700::1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("\uff44b。example．com", "db.example.com"),
        ("a_b.example.com", "a_b.example.com"),
    ],
)
def test_spellings_of_one_host_have_one_name(text: str, name: str) -> None:
    """Case, trailing dot, mapped IPv6, compressed IPv6, international names."""
    found = read_host(text)
    assert (found.name, found.fault, found.doubt) == (name, "", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        "a b",
        "a@b",
        "a/b",
        "[::1]",
        "1.2.3.4.5",
        "256.1.1.1",
        "08.1.1.1",
        "a.1",
        ":",
        "::g",
        "x" * 64,
    ],
)
def test_what_no_client_can_use_is_a_fault(text: str) -> None:
    """The fault says why and never quotes the text."""
    found = read_host(text)
    assert found.fault
    assert not text.strip(".: ") or text not in found.fault


@pytest.mark.parametrize(
    ("text", "relative"),
    [
        *(
            (name, LOOPBACK)
            for name in ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.1", "::1")
        ),
        *((name, LOOPBACK) for name in ("0.0.0.1", "0", "::", "::ffff:127.0.0.1", "host.docker.internal")),
        *(
            (name, ADDRESS)
            for name in ("10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1")
        ),
        *((name, ADDRESS) for name in ("fd12::1", "fe80::1", "::ffff:10.0.0.1")),
        *(
            (name, ENVIRONMENT)
            for name in ("db.railway.internal", "db.default.svc", "db.x.svc.cluster.local")
        ),
        *((name, SINGLE) for name in ("db", "postgres", "DB.")),
        *((name, LOCAL) for name in ("printer.local", "nas.lan", "router.home.arpa")),
        ("fe80::1%eth0", ZONE),
        *((name, "") for name in ("db.example.com", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1")),
        *(
            (name, "")
            for name in ("localhost.example.com", "notlocalhost.com", "railway.internal.example.com")
        ),
    ],
)
def test_a_name_that_each_network_resolves_for_itself_is_relative(text: str, relative: str) -> None:
    """Loopback, private addresses, single labels, private zones; and nothing else."""
    assert read_host(text).relative == relative


@pytest.mark.parametrize("text", ["straße.example", "ΣΊΣΥΦΟς.example", "a\u200db.example"])
def test_a_name_that_clients_encode_differently_is_doubtful_from_either_side(text: str) -> None:
    """IDNA 2003 against 2008: whoever resolves it may reach either name."""
    odd = read_host(text)
    plain = read_host(odd.name)
    assert odd.doubt
    assert compare_hosts(odd, plain).verdict == compare_hosts(plain, odd).verdict == "unknown"


def test_an_address_behind_nat64_is_unknown() -> None:
    """The well-known prefix reaches the IPv4 host only behind a gateway."""
    a, b = read_host("64:ff9b::808:808"), read_host("8.8.8.8")
    assert compare_hosts(a, b).why == compare_hosts(b, a).why == NAT64


def test_other_names_never_prove_another_server() -> None:
    """CNAME, second address, proxy."""
    assert compare_hosts(read_host("a.example.com"), read_host("b.example.com")) == (
        "unknown",
        OTHER_NAMES,
        None,
    )


@given(ANY, ANY)
def test_hostile_text_never_crashes_and_is_never_proven_different(a: str, b: str) -> None:
    """Order never matters, and a host compared with itself is not another."""
    left, right = read_host(a), read_host(b)
    assert compare_hosts(left, right).verdict == compare_hosts(right, left).verdict != "different"
    assert compare_hosts(left, left).verdict == (
        "invalid" if left.fault else compare_hosts(left, left).verdict
    )


@given(ANY)
def test_a_name_is_its_own_normal_form(text: str) -> None:
    """Reading what was read changes nothing."""
    found = read_host(text)
    if not found.fault and not found.doubt:
        assert read_host(found.name).name == found.name


@pytest.mark.parametrize(
    ("text", "port"),
    [
        *(("", 443), ("443", 443), ("00443", 443), ("1", 1), ("65535", 65535)),
        *(
            (text, None)
            for text in ("0", "65536", "-1", "+80", " 80", "8 0", "80a", "８０", "1_0", "²", "9" * 5000)
        ),
    ],
)
def test_a_port_is_digits_from_1_to_65535_or_the_default(text: str, port: int | None) -> None:
    """Leading zeros count; signs, blanks and other scripts' digits do not."""
    assert read_port(text, 443) == port


@pytest.mark.parametrize(
    "text", ["${X}", "a.${X}.b", "{{ x }}", "${{S.V}}", "$(hostname)", "%(HOST)s", "$HOST"]
)
def test_a_reference_is_unresolved_and_no_name(text: str) -> None:
    """Only a platform or a shell can say what it is."""
    assert unresolved(text)
    assert read_host(text).doubt or read_host(text).fault


@given(ANY)
def test_what_is_printed_is_inert(text: str) -> None:
    """No control, bidirectional or lone surrogate character reaches a terminal, and length is bounded."""
    shown = printable(text, limit=20)
    assert shown.isprintable()
    assert shown.encode() or not text
    assert len(shown) <= 20 * 10 + 1
