"""Is a body an S3 answer at all? Asked before any library builds a tree of it. Pure.

A portal's page would read as an empty listing, a declared entity as megabytes, and a deep
nest costs a tree builder seconds: so the root, the depth and the count are bounded here.
"""

from __future__ import annotations

from xml.parsers import expat

ROOTS = {
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketReplication": "ReplicationConfiguration",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketEncryption": "ServerSideEncryptionConfiguration",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
}
"""The root that each question is answered with (S3 API reference)."""
_NOT_XML = {"GetBucketPolicy": 20 << 10, "AbortMultipartUpload": 0}
"""Answers without a document, by the most octets they may have (a policy: S3's own limit)."""
DEPTH = 12
ELEMENTS = 100_000


class _ForeignError(Exception):
    """The body is something else."""


class _Reader:
    def __init__(self, roots: frozenset[str]) -> None:
        self._roots = roots
        self._depth = 0
        self._count = 0

    def opens(self, name: str, _attributes: object) -> None:
        if not self._count and name.rpartition(":")[2] not in self._roots:
            raise _ForeignError
        self._depth += 1
        self._count += 1
        if self._depth > DEPTH or self._count > ELEMENTS:
            raise _ForeignError

    def closes(self, _name: str) -> None:
        self._depth -= 1

    def declares(self, *_doctype: object) -> None:
        raise _ForeignError


def is_answer(body: bytes, operation: str, status: int = 200) -> bool:
    """True for a whole document with the operation's root or an error's, without declarations.

    A policy is JSON, read by whoever asked; what takes something away is answered with nothing.
    """
    if status < 400 and operation in _NOT_XML:
        return len(body) <= _NOT_XML[operation]
    reader = _Reader(frozenset({"Error", ROOTS.get(operation, "Error")}))
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.opens
    parser.EndElementHandler = reader.closes
    parser.StartDoctypeDeclHandler = reader.declares
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _ForeignError, LookupError, ValueError):
        return False
    return True
