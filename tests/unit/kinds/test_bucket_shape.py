"""Which bodies are S3 answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.kinds.bucket.shape import DEPTH, ELEMENTS, is_answer

LISTING = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>a</Name></ListBucketResult>'
)


@pytest.mark.parametrize(
    ("body", "operation", "answer"),
    [
        (LISTING, "ListObjectsV2", True),
        (b"<?xml version='1.0' encoding='UTF-8'?>" + LISTING, "ListObjectsV2", True),
        (b"<Error><Code>AccessDenied</Code></Error>", "ListObjectsV2", True),
        (b"<s3:LocationConstraint xmlns:s3='x'/>", "GetBucketLocation", True),
        (LISTING, "GetBucketVersioning", False),
        (LISTING, "PutObject", False),
        (LISTING[:-1], "ListObjectsV2", False),
        (b"<html><body/></html>", "ListObjectsV2", False),
        (b"<!DOCTYPE ListBucketResult>" + LISTING, "ListObjectsV2", False),
        (b"<Error>" + b"<a>" * DEPTH + b"</a>" * DEPTH + b"</Error>", "ListObjectsV2", False),
        (b"<Error>" + b"<a/>" * ELEMENTS + b"</Error>", "ListObjectsV2", False),
        (b"<?xml version='1.0' encoding='no-such'?>" + LISTING, "ListObjectsV2", False),
        (b"{}", "ListObjectsV2", False),
        (b"", "ListObjectsV2", False),
    ],
)
def test_only_the_operations_own_answer_or_an_error_counts(body: bytes, operation: str, answer: bool) -> None:
    """Another root, a declaration, a deep nest, a crowd or a cut document is no answer."""
    assert is_answer(body, operation) is answer


@given(st.binary(max_size=300))
def test_no_body_is_too_odd_to_be_refused(body: bytes) -> None:
    """Whatever comes, the answer is yes or no."""
    assert is_answer(body, "ListObjectsV2") in (True, False)
    assert is_answer(LISTING + body, "ListObjectsV2") in (True, False)
