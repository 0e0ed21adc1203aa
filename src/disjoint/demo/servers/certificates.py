"""Certificates from an authority of this run's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that nobody trusts who is not told to."""

    folder: Path
    _authority: Any

    @classmethod
    def found(cls, supervisor: Supervisor) -> Self:
        """Make one.

        Raises:
            DemoError: trustme is missing.
        """
        try:
            authority = import_module("trustme").CA()
        except ImportError:
            raise DemoError("trustme is not installed: pip install 'disjoint[demo]'") from None
        made = cls(supervisor.folder("authority"), authority)
        authority.cert_pem.write_to_path(str(made.root))
        return made

    @property
    def root(self) -> Path:
        """The PEM file that a client trusts."""
        return self.folder / "root.pem"

    def issue(self, *names: str) -> Path:
        """A PEM file of chain and key for these host names."""
        return self._written(names[0], self._authority.issue_cert(*names))

    def issue_expired(self, *names: str) -> Path:
        """As `issue`, of which the last day has passed."""
        first, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
        leaf = self._authority.issue_cert(*names, not_before=first, not_after=last)
        return self._written(f"{names[0]}-expired", leaf)

    def _written(self, name: str, leaf: Any) -> Path:
        path = self.folder / f"{name}.pem"
        path.touch(mode=0o600)
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
        return path
