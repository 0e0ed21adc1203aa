"""An S3 server from the ministack wheel: one account, users whose policies name their own buckets."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Self

from disjoint.demo.process import Process, Program
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError

ACCOUNT = "000000000001"
REGION = "us-east-1"


class KeyPair(NamedTuple):
    """An access key of one user."""

    access: str
    secret: str


@dataclass(slots=True)
class ObjectStore:
    """A running S3 server that checks signatures and policies."""

    supervisor: Supervisor
    name: str
    root: KeyPair
    process: Process
    port: int

    @classmethod
    def start(cls, supervisor: Supervisor, name: str) -> Self:
        """Start an empty store.

        Raises:
            DemoError: the wheel is missing, or the server did not start.
        """
        if find_spec("ministack") is None:
            raise DemoError("ministack is not installed: pip install 'disjoint[demo]'")
        folder, root = supervisor.folder(name), KeyPair(ACCOUNT, supervisor.secret())
        variables = {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "root",
            "AWS_SECRET_ACCESS_KEY": root.secret,
            "BIND_HOST": "127.0.0.1",  # its own default is every interface
            "DOCKER_HOST": "unix:///nonexistent",  # it would clear up containers otherwise
            "HOME": str(folder),
            "IOT_MTLS_ENABLED": "0",  # opens a second port otherwise
            "LOG_LEVEL": "WARNING",
            "SERVICES": "s3,iam,sts",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(folder),
        }

        def program(port: int) -> Program:
            return Program(
                (sys.executable, "-m", "ministack"), {**variables, "GATEWAY_PORT": str(port)}, folder
            )

        process, port = supervisor.serve(name, program, _answers)
        return cls(supervisor, name, root, process, port)

    def create(self, bucket: str, objects: Mapping[str, bytes] | None = None) -> None:
        """Make a bucket and put objects into it."""
        self.client("s3", self.root).create_bucket(Bucket=bucket)
        self.put(bucket, objects or {})

    def put(self, bucket: str, objects: Mapping[str, bytes]) -> None:
        """Put objects into a bucket."""
        client = self.client("s3", self.root)
        for key, body in objects.items():
            client.put_object(Bucket=bucket, Key=key, Body=body)

    def allow(self, bucket: str, *statements: Mapping[str, object]) -> None:
        """Give a bucket a policy: Allow statements about it, each with its Principal and Action."""
        arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        stated = [{"Effect": "Allow", "Resource": arns, **statement} for statement in statements]
        policy = json.dumps({"Version": "2012-10-17", "Statement": stated})
        self.client("s3", self.root).put_bucket_policy(Bucket=bucket, Policy=policy)

    def unblock(self, bucket: str) -> None:
        """Let policies of a bucket speak of everybody, as a bucket of public files has it."""
        self.client("s3", self.root).delete_public_access_block(Bucket=bucket)

    def keep_versions(self, bucket: str) -> None:
        """Keep old versions from now on."""
        kept = {"Status": "Enabled"}
        self.client("s3", self.root).put_bucket_versioning(Bucket=bucket, VersioningConfiguration=kept)

    def replicate(self, bucket: str, target: str) -> None:
        """Copy what is stored from now on to another bucket; both keep versions."""
        rule = {
            "Status": "Enabled", "Priority": 1, "Filter": {},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        }  # fmt: skip
        stated = {"Role": f"arn:aws:iam::{ACCOUNT}:role/replication", "Rules": [rule]}
        self.client("s3", self.root).put_bucket_replication(Bucket=bucket, ReplicationConfiguration=stated)

    def user(self, name: str, buckets: Sequence[str], actions: Sequence[str] = ("s3:*",)) -> KeyPair:
        """Make a user who may do `actions` on these buckets and their objects, and nothing else."""
        client = self.client("iam", self.root)
        client.create_user(UserName=name)
        resources = [
            arn for bucket in buckets for arn in (f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*")
        ]
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client.put_user_policy(UserName=name, PolicyName="own-buckets", PolicyDocument=policy)
        key = client.create_access_key(UserName=name)["AccessKey"]
        return KeyPair(key["AccessKeyId"], key["SecretAccessKey"])

    def client(self, api: str, key: KeyPair) -> Any:
        """A botocore client that uses nothing of the caller's own AWS configuration."""
        session = import_module("botocore.session").Session()
        for file in ("config_file", "credentials_file"):
            session.set_config_variable(file, os.devnull)
        session.set_config_variable("profile", None)
        config = import_module("botocore.config").Config(
            s3={"addressing_style": "path"}, proxies={}, connect_timeout=5, read_timeout=10,
            retries={"total_max_attempts": 1},
        )  # fmt: skip
        return session.create_client(
            api, region_name=REGION, endpoint_url=f"http://127.0.0.1:{self.port}", config=config,
            aws_access_key_id=key.access, aws_secret_access_key=key.secret,
        )  # fmt: skip

    def stop(self) -> None:
        """Stop the server; all it held is gone."""
        self.supervisor.stop(self.process)


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=5) as answer:
        return bool(answer.status == 200)
