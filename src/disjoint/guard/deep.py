"""Ask the declared servers of this process who they are, within 3 s in all; only in staging."""

from __future__ import annotations

import importlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

from disjoint.certify.guarded import filled
from disjoint.certify.plain_address import read

from .alone import variable_of
from .judging import ASK
from .policy import Policy, Setting
from .sealed import Opened
from .servers import Met, Servers
from .verdict import SHARED, UNPROVEN, Reason
from .watching import ProductionError

SECONDS = 3.0
_DIALECT = re.compile(r"^(postgres(?:ql)?)\+\w+://", re.IGNORECASE)
_BY_TEXT = frozenset({"bucket", "web", "variables"})
"""Kinds that the variables themselves tell apart: a bucket's name, an origin."""


def asked(opened: Opened, variables: Mapping[str, str], reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The reasons that variables give, and those of the servers; with one of production's, none is asked.

    What a server is takes the place of the doubt about a name that each network resolves by itself.

    Args:
        opened: production's seal.
        variables: of this process, which is none of production's.
        reasons: what its variables were found to be.
    """
    if opened.policy is None or any(reason.outcome == SHARED for reason in reasons):
        return reasons
    servers, until = Servers(opened), time.monotonic() + SECONDS
    threads = [_Asking(name, servers, kind, text) for name, kind, text in _texts(opened.policy, variables)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    answered = _answered(opened.policy, variables)
    kept = (reason for reason in reasons if reason.fix != ASK or reason.variable not in answered)
    return (*kept, *(found for thread in threads if (found := thread.found()) is not None))


def _answered(policy: Policy, variables: Mapping[str, str]) -> frozenset[str]:
    """Variables that lead to the one server that is asked: of several hosts, only one would answer."""
    asked = [(variable_of(setting), len(read(text))) for _, setting, text in _filled(policy, variables)]
    return frozenset(name for name, _ in asked) - {name for name, places in asked if places != 1}


def _filled(policy: Policy, variables: Mapping[str, str]) -> Iterator[tuple[str, Setting, str]]:
    """Resource, setting and address; what is not set has a reason already."""
    for resource in policy.resources:
        for setting in resource.settings.values() if resource.kind not in _BY_TEXT else ():
            if setting.template is not None and (text := filled(setting.template, variables)):
                yield resource.name, setting, text


def _texts(policy: Policy, variables: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Resource, kind of server and address, each once."""
    for name, text in sorted({(name, text) for name, _, text in _filled(policy, variables)}):
        for kind in dict.fromkeys(place.kind for place in read(text)):
            yield name, kind, text


class _Asking(threading.Thread):
    """One server; a thread that does not end in time holds nobody up, and proves nothing."""

    def __init__(self, name: str, servers: Servers, kind: str, text: str) -> None:
        super().__init__(name=f"disjoint-{name}", daemon=True)
        self._resource, self._servers, self._kind, self._text = name, servers, kind, text
        self._met: Met | None = None
        self._why = f"did not answer within {SECONDS:g} s"

    def run(self) -> None:
        ask = _ASKED.get(self._kind)
        if ask is None:
            self._why = f"is a server of {self._kind}, which is not asked who it is"
            return
        try:
            self._met = ask(self._text, self._servers)
        except ImportError as error:
            self._why = f"was not asked: {error.name or 'its driver'} is not installed here"
        except ProductionError as error:  # of a hook that is installed
            self._met = Met(error.reason.outcome, error.reason)
        except Exception as error:  # noqa: BLE001  (whatever fails here proves nothing; its text may hold a value)
            self._why = f"was not reached ({type(error).__name__})"

    def found(self) -> Reason | None:
        """What stands against starting."""
        rule = f"{self._kind}/same-server"
        if (met := self._met) is not None:
            reason = met.reason
            told = None if reason is None else reason.says.replace("a new connection", self._resource, 1)
            return None if reason is None else reason._replace(says=told or reason.says)
        fix = "see that it runs and lets this process in, or check without --deep"
        return Reason(UNPROVEN, rule, "", f"{self._resource} {self._why}", fix)


def _postgres(text: str, servers: Servers) -> Met:
    driver = importlib.import_module("psycopg")
    hook = importlib.import_module("disjoint.guard.hooks.psycopg")
    text = _DIALECT.sub(r"\1://", text)
    with closing(driver.connect(text, connect_timeout=int(SECONDS), autocommit=True)) as connection:
        met: Met = hook.met(connection, servers)
        return met


def _redis(text: str, servers: Servers) -> Met:
    driver = importlib.import_module("redis")
    hook = importlib.import_module("disjoint.guard.hooks.redis")
    with closing(
        driver.Redis.from_url(text, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    ) as client:
        connection = client.connection_pool.get_connection()
        met: Met = hook.met(connection, servers)
        return met


_ASKED: Mapping[str, Callable[[str, Servers], Any]] = {"postgres": _postgres, "redis": _redis}
