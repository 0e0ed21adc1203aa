"""Whatever two files of variables hold, no piece of a secret stands in a report or an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.manifest.starter import starter
from disjoint.model.manifest import target
from disjoint.model.probe import HttpAnswer, HttpRequest, Place
from disjoint.sources.references import Reference, Written

PIECES = ("qk7wz2m4nd", "xv9tr3b8hc", "pj5gy6f1ls")
A, B, C = PIECES
NOBODY = "127.0.0.1:1"


def told(tmp_path: Path, *lines: str) -> str:
    """All that a run over these variables says, in every format."""
    for side in ("staging", "production"):
        (tmp_path / side).write_text("\n".join(lines) + "\n")
    manifest = pipeline.infer(tmp_path / "staging", tmp_path / "production")
    proof = pipeline.verify(manifest, budget=3)
    reports = (pipeline.render(proof, name) for name in ("text", "json", "markdown", "github"))
    return "\n".join((starter(manifest), repr(manifest), *reports)).lower()


@pytest.mark.parametrize(
    "line",
    [
        f"ENVIRONMENT={A}{B}",
        f"RAILWAY_ENVIRONMENT_NAME=sk_live_{A}{B}",
        f"ENVIRONMENT='postgres://app:{A}@db/app'",
        rf"DATABASE_URL='postgres://app:{A}\{B}:@{C}?@{NOBODY}/shop'",
        f"DATABASE_URL='postgres://app:{A}@{B}@{NOBODY}/shop'",
        f"DATABASE_URL='postgres://app:{A}/{B}@{NOBODY}/shop'",
        f"REDIS_URL='redis://:{A}@{B}/{C}@{NOBODY}/0'",
        f"REDIS_URL='redis://:{A}@{B}#{C}@{NOBODY}/0'",
        f"CELERY_BROKER_URL='redis://:{A}@{B}?{C}@{NOBODY}/0'",
        f"S3_BUCKET=files\nS3_ENDPOINT_URL=http://{NOBODY}/{A}/{B}\nAWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b",
        f"S3_BUCKET=files\nAWS_REGION={A}.{B}\nAWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b",
        f"API_URL='https://app:{A}/{B}@{NOBODY}/{C}?token={A}#{B}'",
        f"API_URL='http://{NOBODY}/{A}?X-Amz-Signature={B}'",
    ],
)
def test_no_piece_of_a_secret_is_told(tmp_path: Path, line: str) -> None:
    """Not in a label's place, not where a delimiter cut it, not in the name that was looked up."""
    said = told(tmp_path, line)
    for piece in PIECES:
        assert not [piece[at : at + 6] for at in range(5) if piece[at : at + 6] in said]


def test_a_password_with_an_at_sign_that_clients_agree_on_is_used(tmp_path: Path) -> None:
    """redis-py takes the last @ of the authority: the host is no piece of a password, and is asked."""
    assert f"connection refused at {NOBODY}" in told(tmp_path, f"REDIS_URL='redis://:{A}@{B}@{NOBODY}/0'")


def test_no_value_that_a_traceback_may_print_shows_a_secret(tmp_path: Path) -> None:
    """A password written into the manifest itself, a signed request, a line of a file: their repr is bare."""
    for side in ("staging", "production"):
        (tmp_path / side).write_text(f"SECRET_KEY={A}{B}\nOTHER='${{SECRET_KEY}}'\n")
    (tmp_path / "disjoint.toml").write_text(
        '[environments.production]\nvariables = { dotenv = "production" }\nprotected = true\n'
        '[environments.staging]\nvariables = { dotenv = "staging" }\n'
        f'[resources.database]\nkind = "postgres"\nurl = "postgres://app:{A}@{NOBODY}/shop"\n'
    )
    manifest = pipeline.load(tmp_path / "disjoint.toml")
    request = HttpRequest("GET", f"http://{NOBODY}/?X-Amz-Signature={A}", {"Authorization": B})
    answer = HttpAnswer(200, {"set-cookie": A}, B.encode(), Place("127.0.0.1", 1, "literal"), b"")
    reachable = (manifest, *(target(r, manifest.staging) for r in manifest.resources), request, answer)
    shown = repr((reachable, Written(A, 1, literal=False), Reference("NAME", B)))
    assert not [piece for piece in PIECES if piece in shown]
