"""Values that stand for another value: only a platform, a shell or a secret store can resolve them. Pure."""

from __future__ import annotations

import re

from disjoint.tuples import NamedTuple

from .forms import trimmed

_INSIDE = re.compile(r"\$\{|\$\(|#\{|`[^`]+`|%\([A-Za-z_]\w*\)s|@Microsoft\.KeyVault\(")
_WHOLE = re.compile(
    r"\$[A-Z_][A-Z0-9_]*\Z|%[A-Z_][A-Z0-9_]*%\Z|ENC\[AES|encrypted:|!vault\b|/(?:var/)?run/secrets/"
)
_STORES = re.compile(
    r"(?:op|vault|bao|gcpsm|gsm|sm|awssm|awssecretsmanager|awsssm|ssm|aws-sm|secretsmanager|keyvault|azurekv|akv"
    r"|doppler|infisical|bws|keeper|dashlane|lastpass|conjur|secretref|secret|ref\+[a-z0-9]+|berglas|file)"
    r"(?:://|:(?=[A-Za-z/]))",
    re.IGNORECASE,
)
_CLOUD = re.compile(
    r"arn:aws[\w-]*:(?:secretsmanager|ssm):|projects/[^/]+/secrets/"
    r"|//secretmanager\.googleapis\.com/|https://[\w-]+\.vault\.azure\.net/secrets/",
    re.IGNORECASE,
)
_ARN = re.compile(r"arn:(aws[\w-]*):([\w-]+):([\w-]*):(\d*):(.+)\Z", re.DOTALL)


class Arn(NamedTuple):
    """An Amazon resource name, split."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def full(self) -> bool:
        """Whether it names one resource in the world: account and Region are written."""
        return bool(self.region and self.account)


def is_reference(value: str) -> bool:
    """Is the value, or a part of it, resolved elsewhere? Equal references are not equal values.

    ``${X}``, ``${{Service.NAME}}``, ``$NAME``, templates, ``op://``, ``vault:``, Secrets Manager and
    Parameter Store ARNs, ``projects/*/secrets/*``, files under ``/run/secrets`` and sealed values.
    """
    text = trimmed(value)
    starts = _WHOLE.match(text) or _STORES.match(text) or _CLOUD.match(text)
    return bool(starts or _INSIDE.search(text) or _templated(text))


def _templated(text: str) -> bool:
    return ("{{" in text and "}}" in text) or ("<%" in text and "%>" in text)


def read_arn(value: str) -> Arn | None:
    """Split an Amazon resource name; None if the value is none."""
    found = _ARN.match(trimmed(value))
    return Arn(*found.groups()) if found else None
