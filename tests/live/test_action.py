"""The composite action's own shell, as GitHub's runner runs it, on the demo's two environments."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from certificates import World as Signers
from disjoint.demo.world import World

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "action.yml")
KEY = "6b" * 32


@dataclass(frozen=True)
class Step:
    """What a run of the action left."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


@dataclass(frozen=True)
class Runner:
    """A job's folders, with the command installed as the first step would."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def run(self, step: int = 1, /, **inputs: str) -> Step:
        """One step, with a step's files of its own."""
        output, summary = self.folder / "output", self.folder / "summary"
        for file in (output, summary):
            file.write_text("")
        stated = ACTION["runs"]["steps"][step]
        script = self.folder / "step.sh"
        script.write_text(stated["run"])
        asked = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        ran = subprocess.run(
            asked,
            capture_output=True,
            text=True,
            cwd=self.work,
            env={
                "HOME": str(self.folder),
                "PATH": os.environ["PATH"],
                "DISJOINT_SEAL_KEY": KEY,
                "GITHUB_ACTOR": "octocat",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_ACTION_PATH": str(ROOT),
                "RUNNER_TEMP": str(self.folder / "temp"),
                **{name: _filled(text, inputs) for name, text in stated["env"].items()},
            },
            check=False,
        )
        outputs = {line.partition("=")[0]: line.partition("=")[2] for line in output.read_text().splitlines()}
        return Step(ran.returncode, ran.stdout + ran.stderr, outputs, summary.read_text())


def _filled(text: str, inputs: dict[str, str]) -> str:
    """What the runner makes of ``${{ inputs.NAME }}``; there is no other expression in a step's variables."""
    found = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)
    assert found is not None
    return str(inputs.get(found[1].replace("-", "_"), ACTION["inputs"][found[1]]["default"]))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """With this checkout's command in the place where the first step puts one."""
    (tmp_path / "work").mkdir()
    (tmp_path / "temp/disjoint/bin").mkdir(parents=True)
    (tmp_path / "temp/disjoint/bin/disjoint").symlink_to(Path(sys.executable).with_name("disjoint"))
    return Runner(tmp_path)


def commands(log: str) -> list[str]:
    """The runner's commands in a log, without those that it is told to pass over."""
    found, token = [], ""
    for line in log.splitlines():
        if token:
            token = "" if line == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
        elif line.startswith("::") or "##[" in line:
            found.append(line)
    assert not token
    return found


def test_no_input_stands_in_a_script() -> None:
    """What is filled in there would be run."""
    assert all("${{" not in step["run"] for step in ACTION["runs"]["steps"])


def test_an_isolated_world_passes(runner: Runner, world: World) -> None:
    """The document in the summary, the report as an output, no annotation."""
    world.write(runner.work)
    step = runner.run()
    assert (step.code, commands(step.log)) == (0, []), step.log
    assert step.outputs == {"exit-code": "0", "report": "isolation-proof/report.json"}
    assert "**Verdict: ISOLATED.**" in step.summary
    assert (runner.work / step.outputs["report"]).exists()


def test_a_shared_cache_is_annotated(runner: Runner, world: World) -> None:
    """Beside the manifest's line; the exit code is the command's."""
    manifest = world.write(runner.work)
    production = re.search(r"(?m)^REDIS_URL=(.*)$", (runner.work / ".env.production").read_text())
    assert production is not None
    staging = runner.work / ".env.staging"
    staging.write_text(re.sub(r"(?m)^REDIS_URL=.*$", f"REDIS_URL={production[1]}", staging.read_text()))
    step = runner.run()
    assert (step.code, step.outputs["exit-code"]) == (1, "1")
    errors = [line for line in commands(step.log) if line.startswith("::error ")]
    place = next(re.finditer(r"file=disjoint\.toml,line=(\d+),", "\n".join(errors)))
    assert manifest.read_text().splitlines()[int(place[1]) - 1].startswith("[resources.")
    assert "redis/same-server" in "\n".join(errors)
    assert "**Verdict: SHARED.**" in step.summary


def test_certify_then_gate(runner: Runner, world: World) -> None:
    """A deploy passes with what was certified and signed, and with nothing else."""
    manifest = world.write(runner.work)
    step = runner.run(command="certify", output="deploy")
    assert (step.code, step.outputs["certificate"]) == (0, "deploy/certificate.intoto.jsonl"), step.log
    assert "**Verdict: ISOLATED.**" in step.summary

    signers = Signers(runner.folder)
    allowed = runner.folder / "allowed_signers"
    allowed.write_text(signers.allowed())
    gate = {
        "command": "gate",
        "certificate": "deploy/certificate.intoto.jsonl",
        "allowed_signers": str(allowed),
        "budget": "30",
    }
    unsigned = runner.run(**gate)
    assert unsigned.code == 3
    assert commands(unsigned.log)[0].startswith("::error title=disjoint gate::error: ")
    assert "missing sign-off" in unsigned.summary

    asked = [sys.executable, "-m", "disjoint", "sign-off", "deploy/certificate.intoto.jsonl", "--role", "r"]
    subprocess.run(
        [*asked, "--as", signers.bob.principal, "--key", str(signers.bob.key), "--yes"],
        cwd=runner.work,
        env={"HOME": str(runner.folder), "PATH": os.environ["PATH"], "DISJOINT_SEAL_KEY": KEY},
        check=True,
        capture_output=True,
    )
    passed = runner.run(**gate)
    assert (passed.code, commands(passed.log)) == (0, []), passed.log
    assert passed.summary.startswith("## disjoint gate\n\n    ")
    assert "DEPLOY: " in passed.summary

    staging = manifest.with_name(".env.staging")
    staging.write_text(re.sub(r"(?m)^SECRET_KEY=.*$", f"SECRET_KEY={'9f' * 20}", staging.read_text()))
    changed = runner.run(**gate)
    assert changed.code != 0
    assert "::error title=disjoint gate::" in "\n".join(commands(changed.log))


def test_a_refusal_shows_no_older_report(runner: Runner, world: World) -> None:
    """What an earlier step proved is not this one's."""
    manifest = world.write(runner.work)
    assert runner.run().code == 0
    manifest.write_text("[environments\n")
    step = runner.run()
    assert (step.code, step.outputs) == (2, {"exit-code": "2"})
    assert "ISOLATED" not in step.summary
    assert "disjoint.toml:1" in step.summary


def test_a_wrong_call_is_annotated_with_what_is_wrong(runner: Runner) -> None:
    """And not with the line after it."""
    (runner.work / "disjoint.toml").write_text("")
    step = runner.run(command="gate", max_age="soon")
    assert step.code == 2
    (line,) = commands(step.log)
    assert line.startswith("::error title=disjoint gate::error: ")
    assert "max-age" in line


def test_another_command_is_refused(runner: Runner) -> None:
    """Before anything is run, whatever it holds."""
    step = runner.run(command="purge; touch ran")
    assert (step.code, step.summary) == (2, "")
    assert commands(step.log) == ["::error title=disjoint::command is one of verify, certify, gate"]
    assert list(runner.work.iterdir()) == []


def test_a_long_summary_is_cut_where_github_would_drop_it(runner: Runner) -> None:
    """At the end of a line, and it says so; a stand-in writes what no world of ours is large enough for."""
    command = runner.folder / "temp/disjoint/bin/disjoint"
    command.unlink()
    forged = 'echo "::error::forged"; echo "##[error]forged"'
    command.write_text(f'#!/bin/sh\nseq -f "line %.0f" 200000\n{forged}\nexit 1\n')
    command.chmod(0o755)
    step = runner.run(command="gate")
    assert step.code == 1
    assert 900_000 < len(step.summary.encode()) < 1 << 20
    lines = step.summary.rstrip("\n").split("\n")
    assert lines[-1].startswith("Cut here")
    assert re.fullmatch(r"    line \d+", lines[-3])
    assert len(commands(step.log)) == 1


def test_what_a_deploy_must_show_is_said_to_the_gate(runner: Runner) -> None:
    """No variable of the job's would be listened to: a stand-in says what it was asked."""
    command = runner.folder / "temp/disjoint/bin/disjoint"
    command.unlink()
    command.write_text('#!/bin/sh\necho "$@"\n')
    command.chmod(0o755)
    plain = runner.run(command="gate").summary
    assert "--max-age 24h" in plain
    assert not {"--strict", "--no-journal"} & set(plain.split())
    step = runner.run(command="gate", strict="true", no_journal="true", max_age="1h")
    assert {"--strict", "--no-journal", "1h"} <= set(step.summary.split())


@pytest.mark.parametrize(
    "inputs",
    [
        {"strict": "True"},
        {"strict": "yes"},
        {"strict": ""},
        {"no_journal": "TRUE"},
        {"output": "deploy\nexit-code=0"},
        {"output": ""},
    ],
)
def test_what_is_neither_yes_nor_no_is_refused(inputs: dict[str, str], runner: Runner) -> None:
    """Two people that were asked for in another spelling are still asked for; no input adds an output."""
    step = runner.run(command="gate", **inputs)
    assert (step.code, step.outputs, step.summary) == (2, {}, "")
    assert [line.startswith("::error title=disjoint::") for line in commands(step.log)] == [True]


def test_installing_again_does_nothing(runner: Runner) -> None:
    """Two steps of a job share one installation."""
    step = runner.run(0)
    assert (step.code, step.log) == (0, "")
