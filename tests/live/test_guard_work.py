"""Commands, workers and test sessions as real processes: what must not start does not; production does."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from urllib.request import urlopen

import pytest
from guard_work_site import write_site

from disjoint import split
from disjoint.certification.seal import Wish, seal
from disjoint.certify.keys import ProjectKey
from disjoint.certify.sign import machine_signer
from disjoint.demo import stack
from disjoint.demo.stack import BROKER, RESULTS
from disjoint.demo.world import clean
from disjoint.sealed.remembering import open_journal

pytestmark = pytest.mark.live
PHRASE = "0f" * 32
KEY = ProjectKey(bytes.fromhex(PHRASE), "DISJOINT_SEAL_KEY")
BIN = Path(sys.executable).parent
DOCS = Path(__file__).parents[2] / "docs" / "guard"
REFUSES, DID_NOT_BOOT = 78, 3
SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Shop:
    """The site's files, both environments' variables, and production's seals."""

    folder: Path
    staging: Mapping[str, str]
    production: Mapping[str, str]

    def variables(self, case: str) -> dict[str, str]:
        """Those of a process, for one row of the matrix."""
        production = self.production
        changes: dict[str, dict[str, str]] = {
            "clean": {},
            "shared": {"DATABASE_URL": production["DATABASE_URL"]},
            "secret": {"OLD_KEY": production["SECRET_KEY"]},
            "unproven": {"DISJOINT_SEAL": str(self.folder / "expired.json")},
            "unsealed": {"DISJOINT_SEAL": str(self.folder / "none.json")},
            "mislabelled": {"ENVIRONMENT": "production"},
            "unset": {"ENVIRONMENT": ""},
            "typo": {"ENVIRONMENT": "stagin"},
            "report": {"DATABASE_URL": production["DATABASE_URL"], "DISJOINT_GUARD_MODE": "report"},
            "production": {},
            "platform": {"ENVIRONMENT": "stagin", "RAILWAY_ENVIRONMENT_NAME": "production"},
            "broken": {
                "RAILWAY_ENVIRONMENT_NAME": "production",
                "DISJOINT_SEAL": str(self.folder / "none.json"),
                "DISJOINT_SEAL_KEY": "broken",
            },
        }
        own = self.production if case in PRODUCTION else self.staging
        merged = {**self._plain(), **own, **changes[case]}
        return {name: value for name, value in merged.items() if value}

    def _plain(self) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), "DISJOINT_SEAL_KEY": PHRASE,
            "DISJOINT_SEAL": str(self.folder / "production.sealed.json"),
            "SQLITE": str(self.folder / f"{secrets.token_hex(8)}.sqlite"),
        }  # fmt: skip


STARTS = ("clean", "report", "production", "platform", "broken")
PRODUCTION = ("production", "platform", "broken")
REFUSED = ("shared", "secret", "unproven", "unsealed", "mislabelled", "unset", "typo")
CASES = (*STARTS, *REFUSED)


@pytest.fixture(scope="module")
def shop(running: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One world, whose brokers stand where their addresses say; sealed once, and once for a second."""
    folder = tmp_path_factory.mktemp("shop")
    world = clean(running)
    for half, servers in (("production", running.production), ("staging", running.staging)):
        here = f"127.0.0.1:{servers.broker.port}"
        brokers = {
            "CELERY_BROKER_URL": servers.broker.url(here, BROKER),
            "CELERY_RESULT_BACKEND": servers.broker.url(here, RESULTS),
        }
        world = world.setting("production" if half == "production" else "staging", **brokers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("DISJOINT_SEAL_KEY", PHRASE)
        patch.setattr("disjoint.certify.seal.SHORTEST", timedelta(0))  # no test waits for a minute
        declared = split.load_side(world.write(folder), protected=True)
        for name, lasts in (
            ("production.sealed.json", timedelta(days=7)),
            ("expired.json", timedelta(seconds=1)),
        ):
            made = seal(declared, "production", KEY, machine_signer(), open_journal(KEY), Wish(lasts, False))
            (folder / name).write_text(made.text)
    write_site(folder)
    time.sleep(1.1)  # the second seal is over
    return Shop(folder, world.staging.variables, world.production.variables)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that is over, or was ended once it had started."""

    code: int
    said: str
    started: bool = False


def ran(shop: Shop, variables: Mapping[str, str], *command: str) -> Ended:
    """A command that ends by itself."""
    done = subprocess.run(
        command,
        cwd=shop.folder,
        env=dict(variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def begun(
    shop: Shop, variables: Mapping[str, str], mark: str, *command: str, do: Callable[[], None] | None = None
) -> Ended:
    """A command that goes on until it is ended: once it has said that it started, and something was done."""
    out = shop.folder / f"{secrets.token_hex(8)}.out"
    with out.open("w") as file:
        process = subprocess.Popen(
            command, cwd=shop.folder, env=dict(variables), stdout=file, stderr=subprocess.STDOUT
        )
    started = False
    try:
        deadline = time.monotonic() + SECONDS
        while process.poll() is None and not started and time.monotonic() < deadline:
            started = re.search(mark, out.read_text()) is not None
            time.sleep(0.02)
        if started and do is not None:
            do()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return Ended(process.returncode, out.read_text(), started)


PYTHON = sys.executable


def migrate(shop: Shop, variables: Mapping[str, str]) -> Ended:
    ended = ran(shop, variables, PYTHON, "manage.py", "migrate", "-v0")
    made = Path(variables["SQLITE"]).exists() and Path(variables["SQLITE"]).stat().st_size > 0
    return Ended(ended.code, ended.said, started=made)


def runserver(shop: Shop, variables: Mapping[str, str]) -> Ended:
    port = free_port()
    command = (PYTHON, "-u", "manage.py", "runserver", f"127.0.0.1:{port}")
    return begun(shop, variables, "Quit the server", *command, do=lambda: answers(port))


def gunicorn(shop: Shop, variables: Mapping[str, str]) -> Ended:
    port = free_port()
    command = (str(BIN / "gunicorn"), "--workers", "2", "--bind", f"127.0.0.1:{port}", "shop.wsgi")
    return begun(shop, variables, "Booting worker", *command, do=lambda: answers(port))


def answers(port: int) -> None:
    """A server answers within a second or two, or it does not serve."""
    for _ in range(100):
        try:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                assert answer.read() == b"open"
                return
        except OSError:
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def worker_of(pool: str) -> Callable[[Shop, Mapping[str, str]], Ended]:
    def worker(shop: Shop, variables: Mapping[str, str]) -> Ended:
        queue = f"guard-{secrets.token_hex(8)}"
        command = (
            PYTHON, "-m", "celery", "-A", "tasks", "worker", f"--pool={pool}", "-c2", "-Q", queue, "-n",
            f"{queue}@%h", "-linfo", "--without-gossip", "--without-mingle",
        )  # fmt: skip
        return begun(shop, variables, r" ready\.", *command, do=lambda: works(variables, queue))

    return worker


def works(variables: Mapping[str, str], queue: str) -> None:
    """A child of the worker's runs a task."""
    application = import_module("celery").Celery(
        broker=variables["CELERY_BROKER_URL"], backend=variables["CELERY_RESULT_BACKEND"]
    )
    with application:
        assert application.send_task("work.pid", queue=queue).get(timeout=20) > 0


def django_worker(shop: Shop, variables: Mapping[str, str]) -> Ended:
    command = (
        PYTHON, "-m", "celery", "-A", "shop", "worker", "--pool=solo", "-Q", f"guard-{secrets.token_hex(8)}",
        "-linfo", "--without-gossip", "--without-mingle",
    )  # fmt: skip
    return begun(shop, variables, r" ready\.", *command)


def beat(shop: Shop, variables: Mapping[str, str]) -> Ended:
    place = str(shop.folder / f"{secrets.token_hex(8)}.schedule")
    command = (PYTHON, "-m", "celery", "-A", "tasks", "beat", "-s", place, "-ldebug", "--pidfile=")
    return begun(shop, variables, "Waking up", *command)


def session(shop: Shop, variables: Mapping[str, str]) -> Ended:
    place = shop.folder / secrets.token_hex(8)
    place.mkdir()
    (place / "pytest.ini").write_text("[pytest]\n")
    (place / "test_checkout.py").write_text((shop.folder / "tests" / "test_checkout.py").read_text())
    command = (PYTHON, "-m", "pytest", "-p", "no:cacheprovider")
    done = subprocess.run(
        command, cwd=place, env=dict(variables), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (place / "imported").exists() == (place / "tested").exists()
    return Ended(done.returncode, done.stdout + done.stderr, (place / "tested").exists())


def guarded_migrate(shop: Shop, variables: Mapping[str, str]) -> Ended:
    """As `migrate`, of an application that does not know the guard: by `disjoint guard`."""
    code = "import pathlib, os; pathlib.Path(os.environ['SQLITE']).write_text('migrated')"
    ended = ran(shop, variables, str(BIN / "disjoint"), "guard", "--", PYTHON, "-c", code)
    return Ended(ended.code, ended.said, Path(variables["SQLITE"]).exists())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of process, and how it ends where it is refused, and once it was told to end."""

    run: Callable[[Shop, Mapping[str, str]], Ended]
    refused: frozenset[int] = frozenset({REFUSES})
    ends: int = 0


KINDS = {
    "manage.py migrate": Kind(migrate),
    "manage.py runserver": Kind(runserver, ends=-signal.SIGTERM),
    "gunicorn": Kind(gunicorn, refused=frozenset({DID_NOT_BOOT, 1})),
    "celery worker in Django": Kind(django_worker),
    "celery worker": Kind(worker_of("prefork")),
    "celery worker --pool=solo": Kind(worker_of("solo")),
    "celery worker --pool=gevent": Kind(worker_of("gevent")),
    "celery beat": Kind(beat),
    "pytest": Kind(session),
    "disjoint guard -- CMD": Kind(guarded_migrate),
}
SAYS = {
    "shared": "SHARED postgres/same-server: DATABASE_URL leads to production's database",
    "secret": "SHARED variables/secret-reused: OLD_KEY is production's SECRET_KEY",
    "unproven": "UNPROVEN guard/seal: .*expired",
    "unsealed": "UNPROVEN guard/seal: ",
    "mislabelled": "UNPROVEN variables/environment-name: ENVIRONMENT says production",
    "unset": "UNPROVEN variables/environment-name: no variable says",
    "typo": "UNPROVEN variables/environment-name: ENVIRONMENT names neither",
}
_REAL = ("DATABASE_URL", "SECRET_KEY", "CELERY_BROKER_URL", "STRIPE_SECRET_KEY")


def expect(shop: Shop, kind: str, case: str, *, optimised: bool = False) -> None:
    """One cell of the matrix."""
    variables = shop.variables(case) | ({"PYTHONOPTIMIZE": "1"} if optimised else {})
    ended = KINDS[kind].run(shop, variables)
    for name in _REAL:
        assert shop.production[name] not in ended.said
    if case in STARTS:
        assert ended.started, f"{kind}, {case}: {ended}"
        assert ended.code == KINDS[kind].ends, f"{kind}, {case}: {ended}"
        assert "refused to start" not in ended.said
    else:
        assert not ended.started or kind == "gunicorn", f"{kind}, {case}: {ended}"
        assert ended.code in KINDS[kind].refused, f"{kind}, {case}: {ended}"
        assert "disjoint: refused to start (exit 78)" in ended.said
        assert re.search(SAYS[case], ended.said), f"{kind}, {case}: {ended}"


SLICE = (
    ("manage.py migrate", "clean"), ("manage.py migrate", "unset"), ("manage.py migrate", "broken"),
    ("manage.py runserver", "shared"), ("gunicorn", "typo"), ("gunicorn", "production"),
    ("celery worker in Django", "mislabelled"), ("celery worker", "production"), ("celery worker", "shared"),
    ("celery worker --pool=solo", "clean"), ("celery worker --pool=gevent", "unproven"),
    ("celery beat", "clean"), ("celery beat", "shared"),
    ("pytest", "clean"), ("pytest", "secret"), ("pytest", "platform"),
    ("disjoint guard -- CMD", "shared"), ("disjoint guard -- CMD", "report"),
)  # fmt: skip


def test_what_must_not_start_does_not_and_production_does(shop: Shop) -> None:
    """A cell of every kind of process and of every case; every other one under -O."""
    assert {kind for kind, _ in SLICE} == {*KINDS}
    with ThreadPoolExecutor(3) as crew:
        cells = [
            crew.submit(expect, shop, *cell, optimised=bool(number % 2)) for number, cell in enumerate(SLICE)
        ]
        for cell in cells:
            cell.result()


@pytest.mark.long
@pytest.mark.parametrize("optimised", [False, True], ids=["", "-O"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_process_in_every_case(shop: Shop, kind: str, optimised: bool) -> None:
    with ThreadPoolExecutor(3) as crew:
        cells = [crew.submit(expect, shop, kind, case, optimised=optimised) for case in CASES]
        for cell in cells:
            cell.result()
