"""Stores that clouds call by names of their own: one in the whole world, whoever asks. Pure."""

from __future__ import annotations

import base64
import binascii
import re

DOORS = frozenset({"sqs", "aws", "google"})
"""Engines of such URLs: their host is every customer's."""
_QUEUE = re.compile(
    r"https://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com(?:\.cn)?/([0-9]{12})/([\w-]+(?:\.fifo)?)"
)
"""What SDKs call a queue by, and what they called it by before."""
_ARN = re.compile(
    r"arn:aws[a-z-]*:(sqs|sns|events|kinesis|firehose|dynamodb|rds|docdb|neptune|redshift|elasticache|memorydb|kafka|mq|es"
    r"|timestream|cassandra|elasticfilesystem):([a-z0-9-]+):([0-9]{12}):(\S+)"
)
_GOOGLES = re.compile(
    r"(?://[a-z]+\.googleapis\.com/)?(projects/[a-z][a-z0-9.:-]+/(?:locations/[a-z0-9-]+/)?"
    r"(?:topics|subscriptions|queues|instances|databases|datasets|clusters)/\S+)"
)

_CLOUD_SQL = re.compile(
    r"(?:/cloudsql/)?([a-z][a-z0-9.-]{4,62}):([a-z]+(?:-[a-z]+)+[0-9]+):([a-z][a-z0-9-]{0,97})"
)
"""An instance's connection name, and the socket that Google's proxy makes of it."""
_ACCOUNT = re.compile(r"(?:\A|;)\s*AccountName=([a-z0-9]{3,24})\s*(?:;|\Z)", re.IGNORECASE)
_PROJECT = re.compile(r"[a-z]{20}")
_CLOUD_ID = re.compile(r"(?:[\w .-]{1,64}:)?([A-Za-z0-9+/]{24,}={0,2})")
_DEPLOYMENT = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::[0-9]+)?\$([a-z0-9-]{8,64})(?:\$|\Z)")
_LONGEST = 512


def cloud_url(text: str) -> str:
    """The URL of what a cloud's own name names, at its provider's door for everybody; nothing for others.

    Amazon Resource Names (AWS General Reference), Amazon SQS queue URLs, Google's resource names (AIP-122).
    """
    if queue := _QUEUE.fullmatch(text):
        return f"sqs://sqs.{queue[1] or queue[2]}.amazonaws.com/{queue[3]}/{queue[4]}"
    if arn := _ARN.fullmatch(text):
        service, region, account, name = arn.groups()
        return f"{'aws' if service != 'sqs' else service}://{service}.{region}.amazonaws.com/{account}/{name}"
    found = _GOOGLES.fullmatch(text)
    return f"google://googleapis.com/{found[1]}" if found else ""


def in_cloud(variable: str, text: str) -> tuple[str, tuple[int, ...]] | None:
    """The host, and no port, of a store that a text names in its provider's own way.

    An instance of Cloud SQL (in the form of the names that Google gives it), an account of Azure's
    storage, a deployment of Elastic's, a project of Supabase's.
    """
    if len(text) > _LONGEST:
        return None
    if sql := _CLOUD_SQL.fullmatch(text):
        return f"{sql[3]}.{sql[2]}.{sql[1]}.sql.goog", ()
    if account := _ACCOUNT.search(text):
        return f"{account[1].lower()}.blob.core.windows.net", ()
    if "SUPABASE" in variable.upper() and _PROJECT.fullmatch(text):
        return f"db.{text}.supabase.co", ()
    return _elastic(text)


def _elastic(text: str) -> tuple[str, tuple[int, ...]] | None:
    """A cloud id is a name, and in base64 the provider's domain with what goes before it."""
    found = _CLOUD_ID.fullmatch(text)
    if found is None:
        return None
    try:
        place = _DEPLOYMENT.match(base64.b64decode(found[1]).decode("ascii"))
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (f"{place[2]}.{place[1]}", ()) if place else None
