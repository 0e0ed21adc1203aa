"""Amazon S3's own spellings: hosts, ARNs, access points. Source: botocore's endpoint rules for s3. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

SUFFIXES = {
    "amazonaws.com.cn": "aws-cn",
    "amazonaws.com": "aws",
    "amazonaws.eu": "aws-eusc",
    "c2s.ic.gov": "aws-iso",
    "sc2s.sgov.gov": "aws-iso-b",
    "cloud.adc-e.uk": "aws-iso-e",
    "csp.hci.ic.gov": "aws-iso-f",
}
PARTITIONS = frozenset({*SUFFIXES.values(), "aws-us-gov"})
"""Bucket names are unique over all accounts and Regions of one partition (S3 bucket naming rules)."""

_CONSOLES = {
    "console.aws.amazon.com": "aws",
    "console.amazonaws.cn": "aws-cn",
    "console.amazonaws-us-gov.com": "aws-us-gov",
}
_REGION = r"[a-z]{2,6}(?:-[a-z]+)+-\d+"
# The part of the host before the partition's suffix, read from the right: what comes before is the bucket.
_BUCKET = r"(?:(?P<bucket>.+)\.)?"
_PLAIN = re.compile(
    rf"{_BUCKET}s3(?:-fips|-website|-accelerate|-external-\d)?(?:\.dualstack)?(?:[.-](?P<region>{_REGION}))?\Z"
)
_EXPRESS = re.compile(rf"{_BUCKET}s3express(?:-fips)?-[a-z0-9-]+?(?:\.dualstack)?\.(?P<region>{_REGION})\Z")
_VPC = re.compile(
    rf"(?:(?P<bucket>.+)\.)?(?P<what>bucket|accesspoint|control)\.vpce-[a-z0-9-]+\.s3\.(?P<region>{_REGION})\.vpce\Z"
)
_POINT = re.compile(
    rf"(?P<name>[a-z0-9-]+)-(?P<account>\d{{12}})\.(?:(?P<outpost>op-[a-z0-9]+)\.)?"
    rf"(?P<service>s3-accesspoint|s3-object-lambda|s3-outposts)(?:-fips)?(?:\.dualstack)?\.(?P<region>{_REGION})\Z"
)
_VPC_POINT = re.compile(r"(?P<name>[a-z0-9-]+)-(?P<account>\d{12})\Z")
_MULTI = re.compile(r"(?P<name>[a-z0-9]+\.mrap)\.accesspoint\.s3-global\Z")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>s3[a-z-]*):(?P<region>[a-z0-9-]*):(?P<account>\d*):(?P<what>.+)\Z",
    re.DOTALL,
)
_ALIAS_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*(?:-s3alias|--ol-s3|--op-s3|--xa-s3|\.mrap)\Z")
_SERVICES = {"s3": "s3-accesspoint"}


class Amazon(NamedTuple):
    """What a host or an ARN says; the same order of fields as a store's."""

    namespace: str
    name: str = ""
    host: str = ""
    path: str = ""
    region: str = ""
    alias: str = ""


def read_amazon(host: str) -> Amazon | None:
    """Read an S3 (or S3 console) host name in lower case; None if it is none."""
    for console, partition in _CONSOLES.items():
        if host == console or host.endswith("." + console):
            return Amazon(partition)
    for suffix, partition in SUFFIXES.items():
        if host.endswith("." + suffix):
            return _below(host.removesuffix("." + suffix), suffix, partition)
    return None


def read_arn(text: str) -> Amazon | None:
    """Read an S3 ARN: a bucket, an object, an access point of any sort; None if the text is none."""
    if (found := _ARN.match(text)) is None:
        return None
    partition, service, region, account, what = found.groups()
    head, _, rest = what.replace(":", "/").partition("/")
    if head == "accesspoint":
        return _point(partition, _SERVICES.get(service, service), region, account, rest.partition("/")[0])
    if service == "s3express" and head == "bucket":
        return Amazon(partition, rest.partition("/")[0], region=region)
    if service == "s3":
        return _named(partition, what.partition("/")[0], region)
    parts = rest.split("/")
    if service == "s3-outposts" and len(parts) > 2 and parts[1] == "accesspoint":
        return _point(partition, service, region, account, f"{parts[0]}/{parts[2]}")
    return Amazon(partition, region=region, alias=text)


def alias_name(name: str) -> bool:
    """Whether a bucket-like name is an access point's alias (suffixes reserved by the naming rules)."""
    return _ALIAS_NAME.match(name) is not None


def _below(rest: str, suffix: str, partition: str) -> Amazon | None:
    """Read the part of the host before ``.amazonaws.com``."""
    if found := _MULTI.match(rest):
        return Amazon(partition, alias=f"{partition}:mrap:{found['name']}")
    if found := _POINT.match(rest):
        where = _governed(partition, found["region"])
        name = f"{found['outpost']}/{found['name']}" if found["outpost"] else found["name"]
        return _point(where, found["service"], found["region"], found["account"], name)
    if found := _VPC.match(rest):
        return _vpc(found, rest, suffix, partition)
    found = _PLAIN.match(rest) or _EXPRESS.match(rest)
    if found is None:
        return None
    region = found["region"] or ""
    server = f"s3.{region}.{suffix}" if region else f"s3.{suffix}"
    if (zonal := rest.removeprefix((found["bucket"] or "") + ".")).startswith("s3express"):
        server = f"{zonal}.{suffix}"
    named = _named(_governed(partition, region), found["bucket"] or "", region)
    return named._replace(host=server)


def _vpc(found: re.Match[str], rest: str, suffix: str, partition: str) -> Amazon:
    bucket, region = found["bucket"] or "", found["region"]
    where = _governed(partition, region)
    host = rest.removeprefix(bucket + ".") + "." + suffix
    if found["what"] == "bucket":
        return _named(where, bucket, region)._replace(host=host)
    point = _VPC_POINT.match(bucket)
    if found["what"] == "accesspoint" and point:
        return _point(where, "s3-accesspoint", region, point["account"], point["name"])
    return Amazon(where, region=region, host=host, alias=host)


def _named(partition: str, name: str, region: str) -> Amazon:
    if alias_name(name):
        return Amazon(partition, region=region, alias=f"{partition}:alias:{name}")
    return Amazon(partition, name, region=region)


def _point(partition: str, service: str, region: str, account: str, name: str) -> Amazon:
    if name.endswith(".mrap"):
        return Amazon(partition, alias=f"{partition}:mrap:{name}")
    return Amazon(partition, region=region, alias=f"{partition}:{service}:{region}:{account}:{name}")


def _governed(partition: str, region: str) -> str:
    """GovCloud has the suffix of the public partition, and its own namespace."""
    return "aws-us-gov" if partition == "aws" and region.startswith("us-gov-") else partition
