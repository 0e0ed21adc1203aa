"""The whole table: which environment a process is, and what becomes of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from guarded_world import ONE, PROJECT, declared, seal_text, stated

from disjoint import guard
from disjoint.guard import whoami
from disjoint.guard.verdict import ISOLATED, MISLABELLED, NOT_JUDGED, PRODUCTION, STAGING, UNPROVEN
from disjoint.kinds.variables.facts import LABELS, MODES
from disjoint.kinds.variables.observe import PLATFORM
from disjoint.model.names import spellings

THEIRS = {"IT": "postgres://u:Zk39dkQpw01mXy7aGh@db.production.example.com/shop"}
OURS = {"IT": "postgres://u:pP39dkQpw01mXy7zzz@db.staging.example.com/shop"}
LABEL = {"production": "Production", "staging": "stg", "unset": "", "typo": "stagign", "mode": "production"}
NAMED = {"production": "production", "staging": "staging", "none": "", "preview": "pr-42", "other": "main"}


def expected(label: str, platform: str, *, same: bool) -> str:
    """The table, as the decision record has it, with what it leaves open."""
    if label == "mode" and platform != "production" and not same:
        return STAGING
    if label in {"production", "mode"}:
        if platform == "production" or (platform in {"none", "other"} and same):
            return PRODUCTION
        return MISLABELLED
    return PRODUCTION if platform == "production" else STAGING


@pytest.fixture
def seal(tmp_path: Path) -> str:
    path = tmp_path / "production.sealed.json"
    path.write_text(seal_text(stated(declared(tmp_path, ONE["postgres"]), THEIRS)))
    return str(path)


def process(label: str, platform: str, *, same: bool) -> dict[str, str]:
    name = "RAILS_ENV" if label == "mode" else "ENVIRONMENT"
    said = {name: LABEL[label], "RAILWAY_ENVIRONMENT_NAME": NAMED[platform]}
    known = {each: value for each, value in said.items() if value}
    return {"DISJOINT_SEAL_KEY": PROJECT.hex(), **known, **(THEIRS if same else OURS)}


@pytest.mark.parametrize(
    ("label", "platform", "same"), list(itertools.product(LABEL, NAMED, (False, True))), ids=str
)
def test_every_row(label: str, platform: str, same: bool, seal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Production is never refused; every staging process is judged, and the mislabelled one refused."""
    for name in (*LABELS, *PLATFORM):
        monkeypatch.delenv(name, raising=False)
    checked = guard.assess(seal, variables=process(label, platform, same=same))
    assert checked.role == expected(label, platform, same=same), checked
    if checked.role == PRODUCTION:
        assert (checked.outcome, checked.refuses) == (NOT_JUDGED, False)
        assert bool(checked.reasons) == (label not in {"production", "mode"})
    elif checked.role == STAGING and not same:
        sure = label == "staging" and platform != "other"
        assert checked.outcome == (ISOLATED if sure else UNPROVEN)
        assert checked.refuses == (not sure)
    else:
        assert checked.refuses


@pytest.mark.parametrize("broken", ["missing", "no key", "foreign key", "changed", "no seal at all", "older"])
@pytest.mark.parametrize("label", ["production", "staging", "unset", "typo"])
def test_nothing_stops_a_process_that_the_platform_calls_production(
    label: str, broken: str, seal: str, tmp_path: Path
) -> None:
    """Whatever is wrong with the seal, it starts; and staging does not."""
    variables = process(label, "production", same=True)
    path = Path(seal)
    match broken:
        case "missing":
            path.unlink()
        case "no key":
            variables |= {"DISJOINT_SEAL_KEY": "", "XDG_STATE_HOME": str(tmp_path)}
        case "foreign key":
            variables["DISJOINT_SEAL_KEY"] = "f0" * 32
        case "changed":
            path.write_text(path.read_text().replace('"mac": "', '"mac": "0'))
        case "no seal at all":
            path.write_text("[[[[")
        case _:
            path.write_text(seal_text({"schema": "disjoint.policy/v0"}))
    checked = guard.check(seal, variables=variables)
    assert (checked.role, checked.refuses) == (PRODUCTION, False)
    staging = {**variables, **OURS, "ENVIRONMENT": "staging", "RAILWAY_ENVIRONMENT_NAME": "staging"}
    with pytest.raises(guard.Refused) as refused:
        guard.check(seal, variables=staging)
    assert refused.value.code == 78
    assert refused.value.checked.outcome == UNPROVEN


def test_an_internal_error_stops_no_production(seal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named by its type: its text may hold a value."""

    def fail(*_: object) -> object:
        raise KeyError("postgres://a-value")

    monkeypatch.setattr("disjoint.guard.checking.opened", fail)
    for platform, refuses in (("production", False), ("staging", True)):
        checked = guard.assess(seal, variables=process("staging", platform, same=False))
        assert checked.refuses is refuses
        assert "KeyError" in str(checked.reasons)
        assert "a-value" not in str(checked)


def test_names_without_a_seal_are_those_of_the_kind() -> None:
    """Two lists that must not drift apart."""
    assert whoami.LABELS == LABELS
    assert whoami.PLATFORM == PLATFORM
    assert whoami.UNSEALED.modes == set(MODES)
    for name in (whoami.UNSEALED.production, whoami.UNSEALED.staging):
        assert name.called == spellings(name.name)


def test_production_by_the_name_its_platform_gave_it(tmp_path: Path) -> None:
    """Known from the seal; any other name of the platform's is then not production's."""
    path = tmp_path / "production.sealed.json"
    facts = {"resources": {"variables": {"facts": {"platform": {"known": "RAILWAY_ENVIRONMENT_NAME=main"}}}}}
    policy = stated(declared(tmp_path, ONE["postgres"]), THEIRS)
    path.write_text(seal_text(policy, snapshot=facts))
    variables = process("production", "none", same=True)
    for said, role in (("main", PRODUCTION), ("MAIN", PRODUCTION), ("spare", MISLABELLED)):
        checked = guard.assess(str(path), variables={**variables, "RAILWAY_ENVIRONMENT_NAME": said})
        assert checked.role == role
