"""pytest: a session that would touch production's resources ends before its first test, with exit code 78.

So does one that has production's own variables: it is no process of production's, whatever they say.

Asked for by a seal: `DISJOINT_SEAL`, the ini option `disjoint_seal`, or `production.sealed.json` in the root
directory. Without one nothing is compared, said or refused.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from disjoint.guard.verdict import Checked

_SEAL, _FILE = "DISJOINT_SEAL", "production.sealed.json"
_GATE, _INI = "disjoint-gate", "disjoint_production"
_REFUSED = (
    "disjoint refused this session (exit 78): it has production's own variables, and tests write. "
    f"Set {_INI} = start if they are meant to run in production"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini options."""
    parser.addini("disjoint_seal", "production's seal, from the root directory: the session is guarded by it")
    parser.addini(_INI, "refuse or start: a session that has production's own variables", default="refuse")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check once the plugins and conftest files have set their variables."""
    if seal := _seal(config):
        gate = Gate(seal, production=config.getini(_INI).strip().lower() == "start")
        gate.refuse()
        config.pluginmanager.register(gate, _GATE)


def _seal(config: pytest.Config) -> str:
    """Its path: as the ini file states, as the variable does, or where it is found; empty where it is not."""
    found = config.rootpath / (config.getini("disjoint_seal") or _FILE)
    if config.getini("disjoint_seal"):
        return str(found)
    return os.environ.get(_SEAL, "") or (str(found) if found.exists() else "")


class Gate:
    """In a session that has a seal."""

    def __init__(self, seal: str, *, production: bool) -> None:
        self._seal, self._production = seal, production
        self._seen: dict[str, str] = {}
        self._line = ""

    def refuse(self) -> None:
        """End the session, unless it may run; where its variables changed since it was asked."""
        if self._seen == (now := dict(os.environ)):
            return
        self._seen = now
        from disjoint.guard import assess  # noqa: PLC0415  (only a session that has a seal)
        from disjoint.guard.telling import told  # noqa: PLC0415

        checked = assess(self._seal)
        if checked.role == "production" and not self._production:
            pytest.exit(_REFUSED, returncode=78)
        told(checked)
        if checked.refuses:
            pytest.exit("disjoint refused this session, as said above", returncode=78)
        self._line = _line(checked)

    def pytest_report_header(self) -> str:
        """What the session is."""
        return self._line

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Again before the first test: importing tests may have set variables."""
        self.refuse()


def _line(checked: Checked) -> str:
    """Of the header."""
    if checked.role == "production":
        return "disjoint: PRODUCTION: this session runs as production's own process"
    if checked.outcome == "ISOLATED":
        return "disjoint: ISOLATED: variables lead to nothing of production's"
    why = "an override" if checked.override else f"mode {checked.mode}"
    return f"disjoint: {checked.outcome}, and runs by {why}"
