"""The guard as real processes, beside a real seal of the embedded production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from disjoint import split
from disjoint.certification.seal import Wish, seal
from disjoint.certify.keys import ProjectKey
from disjoint.certify.sign import machine_signer
from disjoint.demo.stack import Stack
from disjoint.demo.world import World, clean
from disjoint.sealed.remembering import open_journal

pytestmark = pytest.mark.live
PHRASE = "0f" * 32
KEY = ProjectKey(bytes.fromhex(PHRASE), "DISJOINT_SEAL_KEY")
CHECK = "import disjoint.guard as g; g.check(); print('started')"
DISJOINT = str(Path(sys.executable).with_name("disjoint"))
SHARING = (
    "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "STORAGE_BUCKET_NAME",
    "API_URL", "WEB_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SECRET_KEY", "STRIPE_SECRET_KEY",
)  # fmt: skip
NEEDED = (*SHARING[:7], "STORAGE_ENDPOINT_URL")


@pytest.fixture(scope="module")
def world(running: Stack) -> World:
    """One for all of them: the seal knows its production by the digest of its variables."""
    return clean(running)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where production's seal lies, as one run of `disjoint seal` makes it."""
    return sealed(world, tmp_path_factory.mktemp("guarded"))


def sealed(world: World, place: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        patch.setenv("DISJOINT_SEAL_KEY", PHRASE)
        declared = split.load_side(world.write(place), protected=True)
        wish = Wish(timedelta(days=7), blind=False)
        made = seal(declared, "production", KEY, machine_signer(), open_journal(KEY), wish)
    (place / "production.sealed.json").write_text(made.text)
    return place


def process(
    folder: Path, variables: Mapping[str, str], *options: str, program: str = CHECK
) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, *options, "-c", program]
    return ended(call, folder, variables)


def ended(call: list[str], folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "DISJOINT_SEAL_KEY": PHRASE, **variables}
    known = {name: value for name, value in own.items() if value}
    return subprocess.run(
        call, cwd=folder, env=known, capture_output=True, text=True, check=False, timeout=60
    )


def expect_refused(run: subprocess.CompletedProcess[str], outcome: str, variable: str, world: World) -> None:
    assert run.returncode == 78, run
    assert "started" not in run.stdout
    assert "refused to start (exit 78)" in run.stderr
    assert any(line.startswith(f"  {outcome}") and variable in line for line in run.stderr.splitlines()), (
        run.stderr
    )
    for side in (world.production, world.staging):
        for name, value in side.variables.items():
            assert value not in run.stderr or name in {"ENVIRONMENT", "CELERY_QUEUE"}


@pytest.mark.parametrize("options", [(), ("-O",), ("-OO", "-I")], ids=["plain", "O", "OO"])
def test_a_clean_process_starts_and_says_nothing(
    options: tuple[str, ...], folder: Path, world: World
) -> None:
    run = process(folder, world.staging.variables, *options)
    assert (run.returncode, run.stdout, run.stderr) == (0, "started\n", "")


@pytest.mark.parametrize(
    "name", [SHARING[0], *(pytest.param(name, marks=pytest.mark.long) for name in SHARING[1:])]
)
def test_each_thing_of_productions_refuses(name: str, folder: Path, world: World) -> None:
    """Every resource and every secret, under its own name and under another; -O and not."""
    theirs = world.production.variables[name]
    for options in ((), ("-O",)):
        expect_refused(
            process(folder, {**world.staging.variables, name: theirs}, *options), "SHARED", name, world
        )
    other = "OTHER_BUCKET" if name == "STORAGE_BUCKET_NAME" else "OTHER"
    expect_refused(process(folder, {**world.staging.variables, other: theirs}), "SHARED", other, world)


@pytest.mark.parametrize(
    "text",
    [
        "u:p@tcp({h}:{p})/app",
        pytest.param('{{"db": {{"host": "{h}", "port": {p}}}}}', marks=pytest.mark.long),
        pytest.param("Server=tcp:{h},{p};Database=app;User Id=u;Password=p", marks=pytest.mark.long),
        pytest.param("a.staging.test:1,{h}:{p}", marks=pytest.mark.long),
    ],
)
def test_a_host_of_productions_refuses_in_whatever_text_it_stands(
    text: str, folder: Path, world: World
) -> None:
    """As `tests/unit/test_guard_follows.py` asks of every spelling, here as a process with a real seal."""
    theirs = urlsplit(world.production.variables["DATABASE_URL"])
    ours = {**world.staging.variables, "REPORTS_DB": text.format(h=theirs.hostname, p=theirs.port)}
    expect_refused(process(folder, ours, "-O"), "SHARED", "REPORTS_DB", world)


def test_the_page_shows_a_real_refusal(folder: Path, world: World) -> None:
    theirs = world.production.variables["DATABASE_URL"]
    run = process(folder, {**world.staging.variables, "DATABASE_URL": theirs})
    page = Path(__file__).parents[2] / "docs" / "guard.md"
    assert f"```text\n{run.stderr}```" in page.read_text()


@pytest.mark.parametrize(
    ("variables", "outcome", "variable"),
    [
        ({"DATABASE_URL": ""}, "UNPROVEN", "DATABASE_URL"),
        ({"DATABASE_URL": "${{Postgres.DATABASE_URL}}"}, "UNPROVEN", "DATABASE_URL"),
        ({"ENVIRONMENT": ""}, "UNPROVEN", "which environment"),
        ({"ENVIRONMENT": "stagign"}, "UNPROVEN", "ENVIRONMENT"),
        ({"ENVIRONMENT": "production"}, "UNPROVEN", "ENVIRONMENT"),
        ({"ENVIRONMENT": "production", "RAILWAY_ENVIRONMENT_NAME": "staging"}, "SHARED", "ENVIRONMENT"),
        ({"DISJOINT_SEAL": "nowhere.json"}, "UNPROVEN", "nowhere.json"),
        ({"DISJOINT_SEAL_KEY": "f0" * 32}, "UNPROVEN", "another project key"),
        ({"DISJOINT_SEAL_KEY": ""}, "UNPROVEN", "DISJOINT_SEAL_KEY"),
    ],
)
def test_what_is_unproven_or_mislabelled_refuses(
    variables: dict[str, str], outcome: str, variable: str, folder: Path, world: World
) -> None:
    for options in ((), ("-O",)):
        run = process(folder, {**world.staging.variables, **variables}, *options)
        expect_refused(run, outcome, variable, world)


@pytest.mark.long
@pytest.mark.parametrize("name", NEEDED)
def test_each_declared_variable_is_needed(name: str, folder: Path, world: World) -> None:
    expect_refused(process(folder, {**world.staging.variables, name: ""}), "UNPROVEN", name, world)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"DISJOINT_SEAL": "nowhere.json"},
        {"DISJOINT_SEAL": "disjoint.toml"},
        {"DISJOINT_SEAL": "/"},
        {"DISJOINT_SEAL_KEY": ""},
        {"DISJOINT_SEAL_KEY": "f0" * 32},
        {"DISJOINT_SEAL_KEY": "short"},
        {"DISJOINT_GUARD_MODE": "nonsense"},
        {"DISJOINT_OVERRIDE": "nonsense"},
    ],
)
def test_production_always_starts(broken: dict[str, str], folder: Path, world: World) -> None:
    """Known by its platform it needs no seal; by the digest of its variables, one that can be read."""
    theirs = world.production.variables
    for label in ("production", "staging", "", "prodution"):
        variables = {**theirs, "ENVIRONMENT": label, "RAILWAY_ENVIRONMENT_NAME": "production", **broken}
        run = process(folder, variables, "-O")
        assert (run.returncode, run.stdout) == (0, "started\n"), run
        assert bool(run.stderr) == (label != "production" or broken == {"DISJOINT_GUARD_MODE": "nonsense"})
    if not any(name.startswith("DISJOINT_SEAL") for name in broken):
        assert process(folder, {**theirs, **broken}).returncode == 0


def test_modes_and_overrides_start_and_are_loud(folder: Path, world: World) -> None:
    bad = {**world.staging.variables, "SECRET_KEY": world.production.variables["SECRET_KEY"]}
    run = process(folder, {**bad, "DISJOINT_GUARD_MODE": "report"})
    assert run.returncode == 0
    assert "reported only" in run.stderr
    assert "SHARED variables/secret-reused: SECRET_KEY" in run.stderr
    for hours, code in ((3, 0), (5, 78), (-1, 78)):
        until = f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        run = process(folder, {**bad, "DISJOINT_OVERRIDE": f"a fire; ada; {until}"})
        assert run.returncode == code
        assert ("OVERRIDDEN until" in run.stderr) == (code == 0)
        assert ("does not count" in run.stderr) == (code != 0)
        assert "SHARED variables/secret-reused" in run.stderr


def test_what_was_accepted_of_a_variable_is_loud_and_starts(world: World, tmp_path: Path) -> None:
    """By the seal of a manifest with the waiver, of that variable and of no other."""
    folder = sealed(
        world.waiving("variables/secret-reused", "variables", "one for both", "SECRET_KEY"), tmp_path
    )
    theirs = world.production.variables["SECRET_KEY"]
    run = process(folder, {**world.staging.variables, "SECRET_KEY": theirs})
    assert (run.returncode, run.stdout) == (0, "started\n"), run
    assert (
        "WAIVED variables/secret-reused: SECRET_KEY is production's SECRET_KEY; accepted by Grace"
        in run.stderr
    )
    expect_refused(process(folder, {**world.staging.variables, "OTHER": theirs}), "SHARED", "OTHER", world)
    password = urlsplit(world.production.variables["DATABASE_URL"]).password or ""
    other = process(folder, {**world.staging.variables, "SECRET_KEY": password})
    expect_refused(other, "SHARED", "SECRET_KEY", world)
    assert "the waiver does not name DATABASE_URL" in other.stderr, other


LOGGED = """
import json, logging, sys
class Kept(logging.Handler):
    def emit(self, record):
        print(json.dumps({k: v for k, v in vars(record).items() if k.startswith('disjoint_')}), record.name)
logging.getLogger().addHandler(Kept())
import disjoint.guard as g
g.check()
"""


def test_a_refusal_is_structured_on_the_log(folder: Path, world: World) -> None:
    bad = {**world.staging.variables, "SECRET_KEY": world.production.variables["SECRET_KEY"]}
    run = process(folder, bad, program=LOGGED)
    assert run.returncode == 78
    assert run.stdout.count("\n") == 1
    assert run.stdout.rstrip().endswith("disjoint.guard")
    assert '"disjoint_refused": true' in run.stdout
    assert '"variable": "SECRET_KEY"' in run.stdout


ALONE = """
import sys
before = set(sys.modules)
import disjoint.guard as g
g.check()
here = g.__file__.rpartition('/disjoint/')[0]
loaded = {m: getattr(sys.modules[m], '__file__', None) or '' for m in set(sys.modules) - before}
known = sys.stdlib_module_names | {'disjoint'}
print(sorted(m for m, f in loaded.items() if m.split('.')[0] not in known))
heavy = {'dataclasses', 'tomllib', 'typing', 'inspect', 'logging', 'socket'}
print(sorted(m for m in sys.modules if m in heavy
             or m.startswith(('disjoint.model', 'disjoint.kinds.postgres'))))
"""


def test_it_loads_the_standard_library_alone(folder: Path, world: World) -> None:
    """And of that neither what is slow nor what opens a connection."""
    run = process(folder, world.staging.variables, program=ALONE)
    assert (run.stdout, run.stderr) == ("[]\n[]\n", "")


FORKED = """
import os, sys
import disjoint.guard as g
g.check()
child = os.fork()
if child == 0:
    os.environ['SECRET_KEY'] = os.environ.pop('THEIRS')
    g.check()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_worker_is_checked_anew(folder: Path, world: World) -> None:
    """Nothing that a parent found is kept for its children."""
    program = FORKED.replace("'THEIRS'", "'DISJOINT_THEIRS'")
    variables = {**world.staging.variables, "DISJOINT_THEIRS": world.production.variables["SECRET_KEY"]}
    assert process(folder, variables, program=program).stdout == "78\n"


@pytest.mark.parametrize("way", [(), ("--seal", "production.sealed.json"), ("--mode=enforce",)])
def test_the_command_becomes_what_it_starts(way: tuple[str, ...], folder: Path, world: World) -> None:
    """Words, exit codes, signals and the process's number are the command's own."""
    staging = world.staging.variables
    script = "import os, sys; print(sys.argv[1:], os.getpid() == int(os.environ['P'])); sys.exit(7)"
    shell = 'P=$$ exec "$@"'
    words = ["--", "--seal", "a b", "-h", "--deep"]
    call = ["sh", "-c", shell, "sh", DISJOINT, "guard", *way, "--", sys.executable, "-c", script, *words]
    run = ended(call, folder, staging)
    assert (run.returncode, run.stdout, run.stderr) == (7, f"{words} True\n", "")


def test_what_the_command_ends_with(folder: Path, world: World) -> None:
    staging = world.staging.variables
    guard = [DISJOINT, "guard", "--"]
    (folder / "no-program").write_text("x")
    for call, code in (
        ([*guard, "no-such-program"], 127), ([*guard, "./no-program"], 126), ([*guard, "/"], 126),
        ([*guard, "true"], 0), ([*guard, "sh", "-c", "kill -TERM $$"], -signal.SIGTERM),
        ([*guard, "sh", "-c", "yes | head -1 >/dev/null; exit 5"], 5), ([DISJOINT, "guard"], 2),
        ([DISJOINT, "guard", "--mode", "x", "--", "true"], 2), ([DISJOINT, "guard", "--x", "--", "true"], 2),
    ):  # fmt: skip
        assert ended(call, folder, staging).returncode == code, call
    bad = {**staging, "DATABASE_URL": world.production.variables["DATABASE_URL"]}
    run = ended([*guard, "sh", "-c", "echo started"], folder, bad)
    expect_refused(run, "SHARED", "DATABASE_URL", world)
    run = ended([DISJOINT, "guard", "--mode", "report", "--", "echo", "started"], folder, bad)
    assert (run.returncode, run.stdout) == (0, "started\n")


def test_a_started_command_has_its_signals_and_variables_as_given(folder: Path, world: World) -> None:
    """SIGPIPE ends it as without us, no variable is added, and a signal reaches it at once."""
    own = {**world.staging.variables, "PATH": os.environ["PATH"], "HOME": "/", "DISJOINT_SEAL_KEY": PHRASE}
    run = ended([DISJOINT, "guard", "--", "env", "-0"], folder, {"HOME": "/", **world.staging.variables})
    assert dict(line.split("=", 1) for line in run.stdout.split("\0") if line) == own
    call = [DISJOINT, "guard", "--", "sh", "-c", "grep SigIgn /proc/self/status"]
    ignored = int(ended(call, folder, world.staging.variables).stdout.split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1))
    with subprocess.Popen([DISJOINT, "guard", "--", "sleep", "60"], cwd=folder, env=own) as started:
        time.sleep(0.5)
        started.send_signal(signal.SIGTERM)
        assert started.wait(5) == -signal.SIGTERM
