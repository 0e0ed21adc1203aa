"""Offline: what nobody was asked, and what nobody could have been asked."""

from __future__ import annotations

from pathlib import Path

from disjoint import pipeline


def test_an_unresolved_reference_stays_the_reason_offline(tmp_path: Path) -> None:
    """`run without --offline` would not help where only the platform knows the address."""
    for name in ("staging", "production"):
        variables = f"REDIS_URL=${{{{Redis.REDIS_URL}}}}\nDATABASE_URL=postgres://a:b@{name}.test/x\n"
        (tmp_path / name).write_text(variables)
    proof = pipeline.verify(pipeline.infer(tmp_path / "staging", tmp_path / "production"), offline=True)
    remedies = {f.rule: f.judgement.remedy for f in proof.findings}
    assert "--offline" not in remedies["redis/same-server"]
    assert remedies["postgres/same-server"] == "run without --offline"
