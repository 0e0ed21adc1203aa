"""Stores that clouds call by names of their own: one in the whole world, whoever asks. Pure."""

from __future__ import annotations

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
