"""Bucket addresses: our own cases, botocore's real URLs, and hostile text."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.config import Config
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from disjoint.kinds.bucket.address import BucketAddress, compare, compare_text, namespaces, parse

CASES = [
    json.loads(line) for line in (Path(__file__).with_name("bucket_cases.jsonl")).read_text().splitlines()
]
PASSWORD = "hunter2Zq9"
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True).filter(
    lambda name: not name.startswith(("xn--", "sthree-")) and "--" not in name and "alias" not in name
)
PIECES = st.sampled_from(
    [
        *(
            "s3://",
            "https://",
            "http://",
            "gs://",
            "arn:aws:s3:::",
            "@",
            ":",
            "/",
            "\\",
            "?",
            "#",
            "%",
            "[",
            "]",
        ),
        *(
            "..",
            "*",
            "${X}",
            "uploads",
            "minio",
            ".s3.amazonaws.com",
            ".r2.cloudflarestorage.com",
            "-s3alias",
        ),
        *("projects/_/buckets/", "storage.googleapis.com", "\x00", "\u202e", "é", "9000", "localhost", "::1"),
    ]
)
HOSTILE = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_pair_of_spellings_is_judged_as_its_clients_read_it(case: dict[str, str | None]) -> None:
    """Both orders give the verdict of the case, and the server's."""
    for left, right in ((case["a"], case["b"]), (case["b"], case["a"])):
        found = compare_text(left, right)
        assert found.verdict == case["expect"], found.why
        assert found.server == case.get("server")


class Style(NamedTuple):
    """How a botocore client is configured."""

    region: str
    addressing: str = "virtual"
    dualstack: bool = False
    fips: bool = False
    accelerate: bool = False


STYLES = [
    *(
        Style(region, addressing)
        for region in ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1")
        for addressing in ("virtual", "path")
    ),
    Style("us-west-2", dualstack=True),
    Style("us-west-2", "path", dualstack=True),
    Style("us-east-1", fips=True),
    Style("us-east-1", dualstack=True, fips=True),
    Style("us-west-2", accelerate=True),
    Style("us-west-2", dualstack=True, accelerate=True),
    Style("eusc-de-east-1"),
    Style("us-iso-east-1"),
]


@cache
def _presigned(style: Style, bucket: str) -> str:
    session = Session()
    session.set_credentials("AKIAEXAMPLE", PASSWORD)
    options = {
        "addressing_style": style.addressing,
        "use_accelerate_endpoint": style.accelerate,
    }
    config = Config(
        s3=options,
        use_dualstack_endpoint=style.dualstack,
        use_fips_endpoint=style.fips,
        signature_version="s3v4",
    )
    client = session.create_client("s3", region_name=style.region, config=config)
    url: str = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a/b"})
    return url


def _partition(region: str) -> str:
    for start, partition in {
        "cn-": "aws-cn",
        "us-gov-": "aws-us-gov",
        "eusc-": "aws-eusc",
        "us-iso-": "aws-iso",
    }.items():
        if region.startswith(start):
            return partition
    return "aws"


@pytest.mark.parametrize("style", STYLES, ids=lambda style: "-".join(map(str, style)))
def test_a_url_that_botocore_makes_is_read_back_as_its_bucket_and_partition(style: Style) -> None:
    """Region, style, dualstack, FIPS and acceleration change the host and never the bucket."""
    found = parse(_presigned(style, "my-uploads"))
    assert (found.name, found.namespace) == ("my-uploads", _partition(style.region))
    assert not found.fault + found.doubt


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://minio.example.com",
        "https://minio.example.com/",
        "https://KEY:SECRET@minio.example.com:443",
        "https://minio.example.com/uploads",
        "https://uploads.minio.example.com",
    ],
)
def test_an_endpoint_may_hold_the_bucket_itself(endpoint: str) -> None:
    """As sub-domain or path it is the same bucket as beside the plain endpoint."""
    plain = parse("uploads", "https://minio.example.com")
    assert compare(parse("uploads", endpoint), plain).verdict == "same"
    assert plain.endpoint is not None
    assert plain.endpoint.url == "https://minio.example.com"


@pytest.mark.parametrize(
    ("endpoint", "namespace"),
    [
        ("https://s3.us-east-1.amazonaws.com", "aws"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "aws-cn"),
        ("https://storage.railway.app", "railway"),
        ("https://storage.googleapis.com", "gcs"),
        ("https://acct1.r2.cloudflarestorage.com/uploads", "r2/acct1"),
        ("https://uploads.nyc3.digitaloceanspaces.com", "spaces/nyc3"),
        ("https://abcdefghijklmnopqrst.supabase.co/storage/v1/s3", "supabase/abcdefghijklmnopqrst"),
        ("https://s3.example.com/gateway", "s3.example.com:443/gateway"),
        ("http://localhost:9000", "localhost:9000"),
        ("minio:9000", "minio:9000"),
        ("http://[::1]:9000", "[::1]:9000"),
        (None, ""),
    ],
)
def test_the_declared_endpoint_gives_the_namespace(endpoint: str | None, namespace: str) -> None:
    """A bare name lives where the environment's endpoint says."""
    found = parse("uploads", endpoint)
    assert (found.name, found.namespace, found.doubt, found.fault) == ("uploads", namespace, "", "")


def test_two_names_under_one_endpoint_are_two_buckets_of_one_server() -> None:
    """The endpoint makes names unique; the store is shared all the same."""
    endpoint = "https://minio.example.com"
    found = compare(parse("uploads", endpoint), parse("staging-uploads", endpoint))
    assert (found.verdict, found.server) == ("different", "same")


def test_an_endpoint_that_names_another_bucket_is_unknown() -> None:
    """Path style reaches the endpoint's bucket, virtual-hosted style another one."""
    found = parse("uploads", "https://other.s3.us-east-1.amazonaws.com")
    assert found.doubt
    assert compare(found, parse("uploads")).verdict == "unknown"


def test_an_endpoint_behind_another_name_may_front_the_same_store() -> None:
    """Two own endpoints prove nothing, two partitions do."""
    one, other = parse("uploads", "https://a.example.com"), parse("uploads", "https://b.example.com")
    assert namespaces(one, other) == "unknown"
    assert namespaces(parse("arn:aws:s3:::uploads"), parse("arn:aws-cn:s3:::uploads")) == "different"
    assert (
        namespaces(parse("uploads", "http://localhost:9000"), parse("x", "http://localhost:9000"))
        == "unknown"
    )


@given(NAMES, NAMES)
def test_two_names_of_one_namespace_are_one_bucket_if_and_only_if_they_are_equal(a: str, b: str) -> None:
    """In every namespace that makes names unique."""
    expected = "same" if a == b else "different"
    assert compare_text(f"s3://{a}", f"https://{b}.s3.amazonaws.com/k").verdict == expected
    assert compare_text(f"gs://{a}", f"https://storage.googleapis.com/{b}").verdict == expected


@given(HOSTILE, HOSTILE, st.none() | HOSTILE)
def test_hostile_text_never_crashes_and_order_never_matters(a: str, b: str, endpoint: str | None) -> None:
    """An address compared with itself is never different."""
    left, right = parse(a, endpoint), parse(b, endpoint)
    assert compare(left, right).verdict == compare(right, left).verdict
    assert compare(left, left).verdict != "different"
    assert not left.fault or compare(left, left).verdict == "invalid"


@given(
    NAMES, st.sampled_from(["s3://{}{}", "https://{}minio.example.com/{}", "https://{}s3.amazonaws.com/{}"])
)
def test_credentials_never_change_the_answer(name: str, template: str) -> None:
    """Keys in a URI or URL choose no bucket."""
    bare = template.format("", name)
    for login in ("KEY:SECRET@", "KEY@", "a@b:c@", "K:p%2Fw@", "u:$HOME@"):
        assert compare_text(template.format(login, name), bare).verdict == "same"


@given(
    HOSTILE,
    st.sampled_from(
        ["s3://u:{}{}@uploads/k", "https://u:{}{}@h.example.com/b", "u:{}{}@uploads", "s3://u:{}/{}@b"]
    ),
)
def test_a_password_is_never_shown(noise: str, template: str) -> None:
    """Neither in what is shown, nor in a fault, a doubt or a reason; whatever stands after it."""
    text = template.format(PASSWORD, noise)
    for found in (parse(text), parse("uploads", text)):
        said = [found.shown, found.fault, found.doubt, *compare(found, parse("s3://uploads"))]
        assert PASSWORD not in " ".join(map(str, said))


def test_the_address_has_no_more_than_what_it_says() -> None:
    """Its repr holds no query, key or credential."""
    found = parse("https://KEY:SECRET@uploads.s3.amazonaws.com/private/key?X-Amz-Signature=SIGNATURE")
    assert isinstance(found, BucketAddress)
    assert not any(word in repr(found) for word in ("KEY", "SECRET", "private", "SIGNATURE"))
