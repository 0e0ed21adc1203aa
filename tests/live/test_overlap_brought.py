"""Rows that production's side compared, brought to a proof that holds none of them: sealed, attested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deployed_world import direct
from test_attested import KEY as PHRASE
from test_attested import TOKEN, deployed
from test_directions import RULE, Sides, asking, holding, names, sides

from disjoint.cli.main import run
from disjoint.demo.stack import Stack
from disjoint.demo.world import HALVES, World, clean, place

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("settled")]
SEALED = "production.sealed.json"
HALF = "overlap.json"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", PHRASE)


def compared(apart: Sides, *options: str) -> Path:
    """As two people do it: a file of digests goes to production's side, and a file of counts comes back."""
    half = apart.folder / HALF
    manifests = {side: ["--manifest", str(apart.manifest(side))] for side in HALVES}
    taken = ["--environment", "staging", "--output", str(apart.file)]
    assert run(["census", *manifests["staging"], *taken]) == 0
    run(["overlap", *manifests["production"], "--census", str(apart.file), "--half", str(half), *options])
    return half


def alone(world: World) -> World:
    """Without what takes production's own credential as a control, and with keys named as both sides do."""
    named = world.declaring("cache", {"keys": ("session:", "staging:")})
    return named.declaring("storage", {"reach": False}).declaring("api", {"reach": False})


def sealed(apart: Sides, *options: str, by: str = "") -> Path:
    """Staging's folder with production's seal in it."""
    seal = apart.folder / "staging" / SEALED
    manifest = ["--manifest", str(apart.manifest("production"))]
    assert run(["seal", *manifest, "--environment", "production", "--output", str(seal), *options]) == 0
    stated = apart.manifest("staging").read_text()
    place = f'{{ sealed = "{SEALED}" }}{by}'
    apart.manifest("staging").write_text(stated.replace('{ dotenv = ".env.production" }', place))
    return apart.manifest("staging")


def proven(manifest: Path, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and every finding by its rule."""
    report = manifest.parent / "report.json"
    report.unlink(missing_ok=True)
    code = run(["verify", "--manifest", str(manifest), "--format", "json", "--output", str(report), *options])
    found = json.loads(report.read_text())["findings"] if report.exists() else []
    return code, {each["rule"]: each for each in found}


@pytest.mark.parametrize(("copied", "code", "outcome"), [(0, 0, "ISOLATED"), (2, 1, "SHARED")])
def test_sealed_production_is_proven_with_rows(
    world: World, tmp_path: Path, copied: int, code: int, outcome: str
) -> None:
    """Neither side's process held the other's variables; without the file nothing is known of the rows."""
    apart = sides(alone(world), tmp_path, copied)
    manifest = sealed(apart)
    assert not (manifest.parent / ".env.production").exists()
    ended, found = proven(manifest)
    assert (ended, found[RULE]["outcome"]) == (3, "UNPROVEN")
    assert "verify --overlap" in found[RULE]["remedy"]
    half = compared(apart)
    ended, found = proven(manifest, "--overlap", str(half))
    assert (ended, found[RULE]["outcome"]) == (code, outcome), found
    assert "what came into it after 20" in found[RULE]["limits"]
    assert found["redis/same-server"]["outcome"] == "ISOLATED"


def test_a_certificate_says_what_was_brought(world: World, tmp_path: Path) -> None:
    """Certified with the file, and without it nothing."""
    apart = sides(alone(world), tmp_path, 0)
    manifest = sealed(apart)
    asked = ["certify", "--manifest", str(manifest), "--output", str(tmp_path / "proof")]
    assert run(asked) == 3
    assert run([*asked, "--overlap", str(compared(apart))]) == 0
    report = json.loads((tmp_path / "proof" / "report.json").read_text())
    assert {each["rule"]: each["outcome"] for each in report["findings"]}[RULE] == "ISOLATED"


def test_what_is_compared_tells_nothing_of_other_variables(world: World, tmp_path: Path) -> None:
    """Files of digests and of counts name the resources that were read, and no host that stands elsewhere."""
    named = alone(world).setting(
        "staging", REPORTS_DB_HOST="reports.example", REPORTS_URL="mysql://r.example/x"
    )
    apart = sides(named, tmp_path, 0)
    half = compared(apart)
    for octets in (apart.file.read_bytes(), half.read_bytes()):
        assert b"cache.staging.test" in octets
        assert b"reports.example" not in octets
        assert b"r.example" not in octets


def test_who_seals_production_signs_its_rows_too(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Staging has the project's key: where the manifest names a signer, no half of its own making counts."""
    apart = sides(alone(world), tmp_path, 0)
    key = tmp_path / "production.pem"
    assert run(["keygen", "--output", str(key)]) == 0
    by = f'\nsealed_by = "{tmp_path}/production.pub.pem"'
    manifest = sealed(apart, "--key", str(key), by=by)
    assert proven(manifest, "--overlap", str(compared(apart)))[0] == 3
    assert "was signed by another key than sealed_by names" in capfd.readouterr().err
    assert proven(manifest, "--overlap", str(compared(apart, "--key", str(key))))[0] == 0


def test_rows_of_other_servers_or_of_a_blind_seal_are_refused(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What was compared must be what is judged; a seal that names no place cannot say so."""
    apart = sides(alone(world), tmp_path, 0)
    half = compared(apart)
    ended, _ = proven(sealed(apart, "--blind"), "--overlap", str(half))
    assert ended == 3
    assert "a blind seal names none" in capfd.readouterr().err
    moved = world
    for side in HALVES:
        moved = holding(alone(asking(moved)), side, names(9), 11)
    elsewhere = Sides(moved, tmp_path / "elsewhere")
    ended, found = proven(sealed(elsewhere), "--overlap", str(half))
    assert (ended, found) == (3, {})
    assert "is judged: make everything" in capfd.readouterr().err


def test_rows_of_another_server_behind_the_same_name_are_refused(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A name that one tunnel, or one week, leads here, and the next elsewhere."""
    apart = sides(alone(world), tmp_path, 0)
    half, manifest = compared(apart), sealed(apart)
    assert proven(manifest, "--overlap", str(half))[0] == 0
    server, name = world.stack.staging.broker, place("cache", "staging", 6379)
    swapped = holding(alone(asking(world)), "production", names(40), 9).reaching(name, server.port, "staging")
    moved = Sides(swapped.setting("staging", REDIS_URL=server.url(name, 9)), tmp_path / "moved")
    ended, _ = proven(sealed(moved), "--overlap", str(half))
    assert ended == 3
    assert "leads to another server now" in capfd.readouterr().err


@pytest.mark.parametrize("option", ["--no-census", "--offline", ""])
def test_a_file_of_rows_where_none_is_asked_for_is_an_error(
    world: World, tmp_path: Path, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Left out, or made by this very run: whoever names the file is told."""
    apart = sides(alone(world), tmp_path, 0)
    manifest = sealed(apart) if option else world.write(tmp_path)
    (tmp_path / "none.json").write_text("{}")
    assert proven(manifest, "--overlap", str(tmp_path / "none.json"), *filter(None, [option]))[0] == 2
    assert "--overlap" in capfd.readouterr().err


def test_another_measure_than_the_files_were_made_for_is_an_error(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A seal and a half are of one manifest: whoever asks for more is told where to."""
    manifest = sealed(sides(alone(world), tmp_path, 0))
    assert proven(manifest, "--detect", "10@99.99%")[0] == 2
    assert "--detect" in capfd.readouterr().err


@pytest.mark.parametrize(("copied", "code"), [(0, 0), pytest.param(2, 1, marks=pytest.mark.long)])
def test_an_attested_process_is_proven_with_rows(
    running: Stack, tmp_path: Path, copied: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process holds marks and hands no row out; who has its variables took the census before."""
    monkeypatch.setenv("DISJOINT_ATTEST_TOKEN", TOKEN)
    theirs = names(40)
    world = holding(asking(alone(clean(running))), "production", theirs, 9)
    world = direct(holding(world, "staging", names(20) + theirs[:copied], 9))
    apart = Sides(world, tmp_path / "sides")
    half, manifest = compared(apart), apart.manifest("production")
    with deployed(world, tmp_path) as url:
        stated = manifest.read_text().replace('dotenv = ".env.staging"', f'attested = "{url}"')
        manifest.write_text(stated)
        ended, found = proven(manifest, "--budget", "18", "--overlap", str(half))
    assert (ended, found[RULE]["outcome"]) == (code, "SHARED" if copied else "ISOLATED"), found
    assert found["redis/same-server"]["outcome"] == "ISOLATED"
