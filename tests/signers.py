"""People with SSH keys of their own, as ssh-keygen makes them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from disjoint.certify.names import NAMESPACE

OPTIONS = f'namespaces="git,{NAMESPACE}"'


@dataclass(frozen=True)
class Person:
    """Somebody with a key."""

    principal: str
    key: Path

    @property
    def public(self) -> str:
        """Type and key, without the comment."""
        return " ".join(self.key.with_suffix(".pub").read_text().split()[:2])

    def line(self, options: str = OPTIONS) -> str:
        """Their line of an allowed_signers file."""
        return f"{self.principal} {options} {self.public}\n"


def person(
    folder: Path, principal: str, type_: str = "ed25519", passphrase: str = "", file: str = ""
) -> Person:
    """Somebody with a new key."""
    key = folder / (file or principal.partition("@")[0])
    subprocess.run(
        ["ssh-keygen", "-q", "-t", type_, "-N", passphrase, "-C", "a comment", "-f", str(key)], check=True
    )
    return Person(principal, key)
