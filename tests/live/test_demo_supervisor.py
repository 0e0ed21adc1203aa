"""Servers of the embedded world start, and never outlive who started them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from disjoint.demo import supervisor as module
from disjoint.demo.account import mirror, open_to_others
from disjoint.demo.process import PROGRAMS, Program
from disjoint.demo.servers import postgres
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError

pytestmark = pytest.mark.live

SLEEP = Program((sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"))


def alive(pid: int) -> bool:
    """A zombie has ended: only its parent has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int], seconds: float) -> list[int]:
    """Those that still live after at most so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_leaving_stops_everything_and_leaves_no_folder() -> None:
    """An exception in the block changes nothing about that."""
    supervisor = Supervisor()
    started = [supervisor.spawn(f"sleep-{n}", SLEEP) for n in range(3)]
    with pytest.raises(ZeroDivisionError), supervisor:
        raise ZeroDivisionError
    assert not any(process.alive for process in started)
    assert not supervisor.directory.exists()


def test_a_server_survives_the_thread_that_asked_for_it() -> None:
    """The kernel's death signal follows the starting thread: that one belongs to the supervisor."""
    made: list[ValkeyServer] = []
    with Supervisor() as supervisor:
        asking = threading.Thread(target=lambda: made.append(ValkeyServer.start(supervisor, "valkey")))
        asking.start()
        asking.join()
        time.sleep(0.2)
        assert made[0].process.alive


ORPHANS = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.process import PROGRAMS, Program
from disjoint.demo.supervisor import Supervisor
with Supervisor() as supervisor:
    server = PostgresServer.start(supervisor, "postgres")
    backend = server.admin()
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    stubborn = supervisor.spawn("stubborn", Program((sys.executable, "-c", deaf)))
    print(supervisor.directory, server.process.pid, backend.info.backend_pid, stubborn.pid, flush=True)
    time.sleep(60)
"""


def test_kill_9_of_the_parent_ends_every_child_within_five_seconds() -> None:
    """Postmaster, a busy backend and a process that ignores SIGTERM; the folder goes too."""
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout as output:
        folder, *pids = output.readline().split()
    parent.kill()
    parent.wait()
    assert gone([int(pid) for pid in pids], 5) == []
    deadline = time.monotonic() + 5
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder).exists()


def test_the_kernel_alone_ends_a_child_whose_parent_was_killed() -> None:
    """The launcher asks for the signal, so that nothing depends on the sweeper."""
    launcher = f"[sys.executable, {str(PROGRAMS / 'launch.py')!r}, str(os.getpid()), '-1', '-1', '9']"
    program = f"p = subprocess.Popen({launcher} + ['/bin/sleep', '60']); print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import os, subprocess, sys; {program}"], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    with parent.stdout as output:
        child = int(output.readline())
    deadline = time.monotonic() + 5
    while (
        not Path(f"/proc/{child}/cmdline").read_text().startswith("/bin/sleep")
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    assert gone([child], 2) == []


def test_a_child_that_loses_its_parent_before_asking_for_the_signal_ends() -> None:
    """The launcher compares its parent with the one it was told of."""
    argv = [sys.executable, "-I", "-S", str(PROGRAMS / "launch.py"), "1", "-1", "-1", "9", "/bin/true"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "the parent has ended" in ended.stderr


def test_a_server_that_fails_is_named_with_its_last_words_and_no_secret() -> None:
    """What a log says of a credential is not repeated."""
    with Supervisor() as supervisor:
        word = supervisor.secret()
        program = Program((sys.executable, "-c", f"import sys; sys.exit('no disk for {word}')"))
        with pytest.raises(DemoError, match="broken ended while starting: no disk for •••"):
            supervisor.serve("broken", lambda _port: program, lambda _port: False)


def test_a_port_that_was_taken_meanwhile_costs_one_more_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between choosing a port and binding it another process may come."""
    with socket.socket() as squatter, Supervisor() as supervisor:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken, free = squatter.getsockname()[1], module.free_port()
        ports = [taken, free]
        monkeypatch.setattr(module, "free_port", lambda: ports.pop(0))
        assert ValkeyServer.start(supervisor, "valkey").port == free


def test_nothing_starts_once_it_is_closing() -> None:
    """A late start would leave a server that nobody stops."""
    with Supervisor() as supervisor:
        pass
    with pytest.raises((DemoError, RuntimeError)):
        supervisor.spawn("late", SLEEP)


def test_servers_get_none_of_the_callers_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's AWS keys are no part of the embedded world."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    with Supervisor(tmp_path) as supervisor:
        supervisor.run(
            "names",
            Program((sys.executable, "-c", "import os; print('AWS_SECRET_ACCESS_KEY' in os.environ)")),
        )
    assert (tmp_path / "names.log").read_text() == "False\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")
def test_root_lends_an_account_a_copy_of_what_it_cannot_read(tmp_path: Path) -> None:
    """Programs under a private folder are linked or copied to where they can be read."""
    private = tmp_path / "private"
    (private / "bin").mkdir(parents=True)
    (private / "bin" / "program").write_text("x")
    private.chmod(0o700)
    assert not open_to_others(private)
    with Supervisor() as supervisor:
        mirror((private,), supervisor.directory / "programs", lambda _folder, _names: set())
        copied = supervisor.directory / "programs" / "private" / "bin" / "program"
        assert copied.read_text() == "x"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")
def test_postgres_starts_though_its_wheel_is_in_a_private_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment below root's home is out of reach for the account that PostgreSQL runs under."""
    monkeypatch.setattr(postgres, "open_to_others", lambda _path: False)
    with Supervisor() as supervisor:
        server = postgres.PostgresServer.start(supervisor, "postgres")
        running = Path(f"/proc/{server.process.pid}/exe").readlink()
        assert running.is_relative_to(supervisor.directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops rights")
def test_postgres_does_not_run_as_root() -> None:
    """The launcher has dropped user, group and every other group before the program starts."""
    with Supervisor() as supervisor:
        account = supervisor.account
        assert account
        supervisor.run("who", Program(("/usr/bin/env", "sh", "-c", "id -u; id -g; id -G"), account=account))
        told = (supervisor.logs / "who.log").read_text().split()
    assert told == [str(account.user), str(account.group), str(account.group)]


def test_ctrl_c_ends_in_order() -> None:
    """SIGINT to the parent unwinds the block, and the block stops the servers."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout
    with parent.stdout as output:
        folder, *pids = output.readline().split()
    parent.send_signal(signal.SIGINT)
    parent.wait(15)
    assert gone([int(pid) for pid in pids], 0) == []
    assert not Path(folder).exists()
