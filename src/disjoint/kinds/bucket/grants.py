"""The least rights for each part that a bucket's keys play, as IAM statements to copy. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

VERIFY = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetBucketVersioning")
"""What each side's keys need on their own bucket, and nothing that reads content."""
LOOK = ("s3:ListBucket",)
"""What production's keys need to look for one of staging's objects, and to find one of their own."""
REPLICATION = ("s3:GetReplicationConfiguration", "s3:GetBucketNotification")
"""On both sides, where the resource states ``replication = true``."""
CENSUS = (*VERIFY, "s3:GetEncryptionConfiguration")
"""On both sides, where the resource states ``rows``: encryption by KMS gives copies other ETags."""
POLICY = ("s3:GetBucketPolicy",)
"""On production, so that ``bucket/cross-access`` can say whom the bucket's policy lets in."""
UPLOAD = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads")
"""On staging alone, so that ``bucket/canary`` can begin an upload where no object stands."""

BUCKET = "arn:aws:s3:::BUCKET"


def statement(actions: tuple[str, ...], arn: str = BUCKET) -> str:
    """An IAM statement that allows so much; an upload is an object's, and takes the objects' ARN as well."""
    resource: str | list[str] = [arn, f"{arn}/*"] if "s3:PutObject" in actions else arn
    return json.dumps({"Effect": "Allow", "Action": list(actions), "Resource": resource})


RECIPES: Mapping[str, str] = {
    "verify, each side's keys on its own bucket": statement(VERIFY),
    "look, production's keys": statement(LOOK),
    "rows, each side's keys": statement(CENSUS),
    "replication = true, each side's keys": statement(REPLICATION),
    "reach = true, production's keys (if its policy is to be read)": statement(POLICY),
    "canary = true, staging's keys (if its bucket may be empty)": statement((*LOOK, *UPLOAD)),
    "canary = true, production's keys (for the same)": statement(UPLOAD[2:]),
}
"""What to allow for what; BUCKET stands for the bucket's name."""
