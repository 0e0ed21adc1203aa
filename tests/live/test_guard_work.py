"""Commands, workers and test sessions as real processes: what must not start does not; production does."""

from __future__ import annotations

import os
import re
import secrets
import shutil
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
    """One world, whose brokers stand where their addresses say; sealed for a second, and for a week."""
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
        begun_at = time.monotonic()
        declared = split.load_side(world.write(folder), protected=True)
        for name, lasts in (
            ("expired.json", timedelta(seconds=1)),
            ("production.sealed.json", timedelta(days=7)),
        ):
            made = seal(declared, "production", KEY, machine_signer(), open_journal(KEY), Wish(lasts, False))
            (folder / name).write_text(made.text)
    write_site(folder)
    time.sleep(max(0.0, 2.0 - (time.monotonic() - begun_at)))  # then the first seal is over
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
    shop: Shop,
    variables: Mapping[str, str],
    mark: str,
    *command: str,
    do: Callable[[subprocess.Popen[bytes]], bool] = lambda _process: True,
) -> Ended:
    """A command that goes on until it is ended: once it has said that it started, and something was done."""
    out = shop.folder / f"{secrets.token_hex(8)}.out"
    with out.open("w") as file:
        process = subprocess.Popen(
            command, cwd=shop.folder, env=dict(variables), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        deadline, started = time.monotonic() + SECONDS, False
        while process.poll() is None and not started and time.monotonic() < deadline:
            started = re.search(mark, out.read_text()) is not None and do(process)
            time.sleep(0.02)
    finally:
        _end(process)
    return Ended(process.returncode, out.read_text(), started)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


PYTHON = sys.executable


def migrate(shop: Shop, variables: Mapping[str, str]) -> Ended:
    ended = ran(shop, variables, PYTHON, "manage.py", "migrate", "-v0")
    made = Path(variables["SQLITE"]).exists() and Path(variables["SQLITE"]).stat().st_size > 0
    return Ended(ended.code, ended.said, started=made)


def runserver(shop: Shop, variables: Mapping[str, str]) -> Ended:
    port = free_port()
    command = (PYTHON, "manage.py", "runserver", f"127.0.0.1:{port}")
    return begun(shop, variables, "", *command, do=lambda process: answers(port, process))


def gunicorn(shop: Shop, variables: Mapping[str, str]) -> Ended:
    port = free_port()
    command = (str(BIN / "gunicorn"), "--workers", "2", "--bind", f"127.0.0.1:{port}", "shop.wsgi")
    return begun(shop, variables, "Booting worker", *command, do=lambda process: answers(port, process))


def answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether a server answers while it runs."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return bool(answer.read() == b"open")
        except OSError:
            time.sleep(0.05)
    return False


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
        return begun(shop, variables, r" ready\.", *command, do=lambda _process: works(variables, queue))

    return worker


def works(variables: Mapping[str, str], queue: str) -> bool:
    """A child of the worker's runs a task."""
    application = import_module("celery").Celery(
        broker=variables["CELERY_BROKER_URL"], backend=variables["CELERY_RESULT_BACKEND"]
    )
    with application:
        return bool(application.send_task("work.pid", queue=queue).get(timeout=20))


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


def smoke(shop: Shop, variables: Mapping[str, str]) -> Ended:
    """Tests that are meant to run in production, too."""
    return session(shop, variables, "-o", "disjoint_production=start")


def session(shop: Shop, variables: Mapping[str, str], *options: str, folder: str = "tests") -> Ended:
    """A copy of a folder of tests, run in it."""
    place = shop.folder / secrets.token_hex(8)
    shutil.copytree(shop.folder / folder, place)
    (place / "pytest.ini").write_text("[pytest]\n")
    command = (PYTHON, "-m", "pytest", "-p", "no:cacheprovider", *options)
    done = subprocess.run(
        command, cwd=place, env=dict(variables), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    tested = (place / "tested").exists()
    assert (place / "imported").exists() == (tested or folder == "late")
    return Ended(done.returncode, done.stdout + done.stderr, tested)


def guarded_migrate(shop: Shop, variables: Mapping[str, str]) -> Ended:
    """As `migrate`, of an application that does not know the guard: by `disjoint guard`."""
    code = "import pathlib, os; pathlib.Path(os.environ['SQLITE']).write_text('migrated')"
    ended = ran(shop, variables, str(BIN / "disjoint"), "guard", "--", PYTHON, "-c", code)
    return Ended(ended.code, ended.said, Path(variables["SQLITE"]).exists())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of process, and how it ends where it is refused."""

    run: Callable[[Shop, Mapping[str, str]], Ended]
    refused: frozenset[int] = frozenset({REFUSES})
    says: int = REFUSES
    """The code that a refused process says it ends with: of a server's worker, its own."""


KINDS = {
    "manage.py migrate": Kind(migrate),
    "manage.py runserver": Kind(runserver),
    "gunicorn": Kind(gunicorn, refused=frozenset({DID_NOT_BOOT, 1}), says=DID_NOT_BOOT),
    "celery worker in Django": Kind(django_worker),
    "celery worker": Kind(worker_of("prefork")),
    "celery worker --pool=solo": Kind(worker_of("solo")),
    "celery worker --pool=gevent": Kind(worker_of("gevent")),
    "celery beat": Kind(beat),
    "pytest": Kind(smoke),
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
        assert ended.code == 0, f"{kind}, {case}: {ended}"
        assert "refused to start" not in ended.said
    else:
        assert not ended.started, f"{kind}, {case}: {ended}"
        assert ended.code in KINDS[kind].refused, f"{kind}, {case}: {ended}"
        assert f"disjoint: refused to start (exit {KINDS[kind].says}): " in ended.said
        assert re.search(SAYS[case], ended.said), f"{kind}, {case}: {ended}"


SLICE = (
    ("manage.py migrate", "clean"), ("manage.py migrate", "unset"), ("manage.py runserver", "shared"),
    ("gunicorn", "typo"), ("gunicorn", "production"), ("celery worker in Django", "mislabelled"),
    ("celery worker", "production"), ("celery worker --pool=solo", "typo"),
    ("celery worker --pool=gevent", "unproven"), ("celery beat", "shared"),
    ("pytest", "secret"),
    *(("disjoint guard -- CMD", case) for case in ("shared", "unsealed", "report", "platform", "broken")),
)  # fmt: skip


def test_what_must_not_start_does_not_and_production_does(shop: Shop) -> None:
    """A cell of every kind of process, and one of every case; every fourth under -O."""
    assert {kind for kind, _ in SLICE} == {*KINDS}
    assert {case for _, case in SLICE} == {*CASES}
    with ThreadPoolExecutor(3) as crew:
        cells = [
            crew.submit(expect, shop, *cell, optimised=number % 4 == 1) for number, cell in enumerate(SLICE)
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


def test_what_settings_hold_besides_the_environment_is_compared(shop: Shop) -> None:
    """A host and a port that no variable holds together, and a broker that stands in the application."""
    migrated = migrate(shop, shop.variables("clean") | {"HOST_IN_SETTINGS": "postgres.production.test 5432"})
    assert (migrated.code, migrated.started) == (REFUSES, False)
    assert "settings.DATABASES[old] leads to production's database" in migrated.said
    configured = shop.variables("clean") | {"BROKER_IN_CONF": "cache.production.test 6379"}
    worked = worker_of("solo")(shop, configured)
    assert (worked.code, worked.started) == (REFUSES, False)
    assert "conf.broker_url leads to" in worked.said


def test_checks_have_ids(shop: Shop) -> None:
    """What a mode passes over is a warning of `check`, and an error of `check --deploy`, which asks."""
    report, production, staging = (shop.variables(case) for case in ("report", "platform", "clean"))
    with ThreadPoolExecutor(3) as crew:
        plain, deployed, theirs, asked = crew.map(
            lambda each: ran(shop, each[0], PYTHON, "manage.py", "check", *each[1:]),
            ((report,), (report, "--deploy"), (production, "--deploy"), (staging, "--deploy")),
        )
    assert plain.code == 0
    assert "(disjoint.W001) SHARED postgres/same-server: DATABASE_URL leads to" in plain.said
    assert deployed.code == 1
    assert "(disjoint.E001) SHARED postgres/same-server: DATABASE_URL leads to" in deployed.said
    assert (theirs.code, "disjoint.E" in theirs.said) == (0, False)
    assert "(disjoint.W003)" in theirs.said
    assert asked.code == 1
    assert "(disjoint.E002) UNPROVEN postgres/same-server: database was not reached" in asked.said


def test_a_session_is_asked_again_before_its_first_test(shop: Shop) -> None:
    """Where importing tests changed its variables."""
    (shop.folder / "late" / "late.txt").write_text(shop.production["DATABASE_URL"])
    late = session(shop, shop.variables("clean"), folder="late")
    assert (late.code, late.started) == (REFUSES, False)
    assert "disjoint: ISOLATED" in late.said
    assert "LATE_URL leads to production's database" in late.said


def test_a_session_without_a_seal_is_nobody_s(shop: Shop) -> None:
    """Installing the product changes no tests; a seal in the root directory or an ini option asks for it."""
    unsealed = {name: value for name, value in shop.variables("shared").items() if name != "DISJOINT_SEAL"}
    with_seal = shop.folder / "with_seal"
    shutil.copytree(shop.folder / "tests", with_seal)
    shutil.copy(shop.folder / "production.sealed.json", with_seal)
    with ThreadPoolExecutor(3) as crew:
        alone = crew.submit(session, shop, unsealed)
        stated = crew.submit(session, shop, unsealed, "-o", "disjoint_seal=../production.sealed.json")
        found = crew.submit(session, shop, unsealed, folder="with_seal")
    assert "disjoint: " not in alone.result().said
    ended = [(each.result().code, each.result().started) for each in (alone, stated, found)]
    assert ended == [(0, True), (REFUSES, False), (REFUSES, False)]


@pytest.mark.parametrize(
    "case", [PRODUCTION[0], *(pytest.param(case, marks=pytest.mark.long) for case in PRODUCTION[1:])]
)
def test_a_session_with_production_s_variables_is_refused(shop: Shop, case: str) -> None:
    """Before its first test, with the way out; what is stated otherwise than `start` is no way."""
    variables = shop.variables(case)
    with ThreadPoolExecutor(3) as crew:
        refused = crew.submit(session, shop, variables)
        mistaken = crew.submit(session, shop, variables, "-o", "disjoint_production=yes")
        started = crew.submit(session, shop, variables, "-o", "disjoint_production=start")
    ended = [(each.result().code, each.result().started) for each in (refused, mistaken, started)]
    assert ended == [(REFUSES, False), (REFUSES, False), (0, True)]
    assert "disjoint_production = start" in refused.result().said
    assert "disjoint: PRODUCTION: " in started.result().said


def test_a_session_says_what_it_is(shop: Shop) -> None:
    """In its header."""
    assert "disjoint: ISOLATED: " in session(shop, shop.variables("clean")).said


def test_the_page_shows_how_a_session_of_production_s_ends(shop: Shop) -> None:
    """Line for line."""
    said = session(shop, shop.variables("production")).said
    shown = (
        (DOCS / "pytest.md").read_text().partition("with production's own variables:\n\n```\n$ pytest\n")[2]
    )
    assert _rows(shown.partition("$ echo $?\n78\n```")[0]) == _rows(said)


def celery(shop: Shop, case: str, *words: str) -> Ended:
    return ran(shop, shop.variables(case), PYTHON, "-m", "celery", "-A", "tasks", *words)


def test_no_command_of_celery_s_runs(shop: Shop) -> None:
    """Purging and calling start no worker, and connect nevertheless; production's may."""
    calls = (
        ("shared", "purge", "-f", "-Q", "guard-none"), ("production", "purge", "-f", "-Q", "guard-none"),
        ("unset", "call", "work.pid", "--queue", "guard-none"), ("typo", "inspect", "ping"),
    )  # fmt: skip
    with ThreadPoolExecutor(3) as crew:
        ended = [*crew.map(lambda each: celery(shop, *each), calls)]
    assert [each.code for each in ended] == [REFUSES, 0, REFUSES, REFUSES]
    assert "No messages purged" in ended[1].said


_FIRST = "from pathlib import Path; import os; from tasks import app; from celery.beat import Scheduler\n"
_CHANGED = "app.loader.init_worker(); os.environ['LATER_URL'] = Path('later.txt').read_text()\n"
_SCHEDULER = """\
class Touching(Scheduler):
    def setup_schedule(self):
        Path("scheduled").touch()

"""
PROGRAMS = {
    "worker": (_FIRST + _CHANGED + "app.Worker(pool='solo').start()", "clean"),
    "beat": (_FIRST + _CHANGED + _SCHEDULER + "app.Beat(scheduler_cls=Touching).run()", "clean"),
    "scheduler": (_FIRST + _SCHEDULER + "app.Beat(scheduler_cls=Touching).run()", "shared"),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_workers_and_beats_of_a_program_are_refused(shop: Shop, program: str) -> None:
    """Without a command line; two of them after their variables changed, one before its scheduler is made."""
    code, case = PROGRAMS[program]
    (shop.folder / "later.txt").write_text(shop.production["DATABASE_URL"])
    (shop.folder / "scheduled").unlink(missing_ok=True)
    ended = ran(shop, shop.variables(case), PYTHON, "-c", code)
    assert ended.code == REFUSES, ended
    assert (shop.folder / "scheduled").exists() == (program == "beat")


@pytest.mark.long
@pytest.mark.parametrize(("case", "code"), [("clean", 0), ("shared", REFUSES)])
def test_rq_starts_behind_the_command(shop: Shop, running: stack.Stack, case: str, code: int) -> None:
    cache = running.staging.cache
    command = (str(BIN / "rq"), "worker", "--burst", "--url", cache.url(f"127.0.0.1:{cache.port}"))
    ended = ran(shop, shop.variables(case), str(BIN / "disjoint"), "guard", "--", *command, "guard-none")
    assert ended.code == code
    assert ("Worker" in ended.said) == (code == 0)


PAGES = {
    "django.md": ("manage.py migrate", "python manage.py migrate"),
    "celery.md": ("celery worker", "celery -A tasks worker"),
    "pytest.md": ("pytest", "pytest"),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_a_refusal_says(shop: Shop, page: str) -> None:
    """Line for line, as the process says it."""
    kind, command = PAGES[page]
    said = KINDS[kind].run(shop, shop.variables("shared")).said
    block = next(b for b in (DOCS / page).read_text().split("```")[1::2] if f"$ {command}\n" in b)
    shown = block.partition(f"$ {command}\n")[2].partition("$ echo $?\n")
    assert _rows(shown[0]) == _rows(said)
    assert int(shown[2]) == REFUSES


def _rows(text: str) -> list[str]:
    """Without the rulers that are as wide as a terminal."""
    return sorted(line.strip("! ") for line in text.strip().splitlines())
