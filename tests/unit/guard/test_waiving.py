"""What people accepted of named variables: said, and no refusal, until its end and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from guarded_world import KEY, ONE, declared, policy

from disjoint.guard.judging import found, once
from disjoint.guard.policy import Policy
from disjoint.guard.verdict import ISOLATED, SHARED, UNPROVEN, worst
from disjoint.guard.waiving import parted

PASSWORD = "u83kdLw9dQm2Xz0pVbTr5"
URL = "postgres://app@db.prod.example.com/shop"
THEIRS = {"IT": URL, "MAIL_PASSWORD": PASSWORD, "REPORTS_URL": "mysql://dw.prod.example.com/dw"}
OURS = {"IT": "postgres://app@db.staging.example.com/shop"}
EXPIRES = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
BEFORE, AFTER = EXPIRES - timedelta(seconds=1), EXPIRES
WAIVER = """
[[waivers]]
rule = "variables/{rule}"
resource = "variables"
{variables}
reason = "one account for both"
owner = "Ada"
approver = "Grace\\u001b[31m"
expires = {expires:%Y-%m-%dT%H:%M:%SZ}
"""


def waiving(folder: Path, rule: str, variables: str) -> Policy:
    """A seal's policy of a manifest with one waiver."""
    waiver = WAIVER.format(rule=rule, variables=variables, expires=EXPIRES)
    manifest = declared(folder, ONE["postgres"] + waiver)
    return policy(manifest, {**THEIRS, "OF": f"{rule} {variables}"})


def asked(sealed: Policy, ours: dict[str, str], now: datetime = BEFORE) -> tuple[str, tuple[str, ...]]:
    """The outcome, and what is said of what was accepted."""
    kept, lines = parted(sealed, found(sealed, KEY, {**OURS, **ours}), now)
    return worst(once(kept)), lines


def test_what_was_accepted_is_said_and_refuses_nothing(tmp_path: Path) -> None:
    """Until its last second, and with nothing of what people wrote that moves a terminal."""
    sealed = waiving(tmp_path, "secret-reused", 'variables = ["MAIL_PASSWORD"]')
    ours = {"MAIL_PASSWORD": PASSWORD}
    outcome, lines = asked(sealed, ours)
    assert (outcome, len(lines)) == (ISOLATED, 1)
    assert lines[0].startswith("WAIVED variables/secret-reused: MAIL_PASSWORD is production's MAIL_PASSWORD;")
    assert f"by Grace?[31m until {EXPIRES:%Y-%m-%d %H:%M} UTC" in lines[0]
    assert PASSWORD not in lines[0]
    assert asked(sealed, ours, AFTER) == (SHARED, ())
    assert asked(sealed, {}) == (ISOLATED, ())


@pytest.mark.parametrize(
    ("rule", "variables"),
    [
        ("secret-reused", ""),
        ("secret-reused", 'variables = ["OTHER_PASSWORD"]'),
        ("endpoint-reused", 'variables = ["MAIL_PASSWORD"]'),
    ],
)
def test_nothing_else_is_passed_over(rule: str, variables: str, tmp_path: Path) -> None:
    """Of no named variable, of another one, by another rule."""
    assert asked(waiving(tmp_path, rule, variables), {"MAIL_PASSWORD": PASSWORD}) == (SHARED, ())


def test_one_variable_may_be_found_by_two_rules(tmp_path: Path) -> None:
    """Its address was accepted, the password in it was not, and the other way round."""
    both = {"REPORTS_URL": f"mysql://app:{PASSWORD}@dw.prod.example.com/dw"}
    for rule, more in (("secret-reused", ', "MAIL_PASSWORD"'), ("endpoint-reused", "")):
        outcome, lines = asked(waiving(tmp_path, rule, f'variables = ["REPORTS_URL"{more}]'), both)
        assert outcome == SHARED
        assert lines


def test_what_is_not_known_is_accepted_by_nobody(tmp_path: Path) -> None:
    """Production's own value was not resolved, and may stand anywhere; nor is one of staging's known."""
    sealed = waiving(tmp_path, "secret-reused", 'variables = ["MAIL_PASSWORD"]')
    assert asked(sealed._replace(unresolved=("MAIL_PASSWORD",)), {"OTHER": PASSWORD[::-1]}) == (UNPROVEN, ())
    assert asked(sealed, {"MAIL_PASSWORD": "${{shared.MAIL_PASSWORD}}"}) == (UNPROVEN, ())


def test_a_declared_address_is_no_variables_finding(tmp_path: Path) -> None:
    """Sameness is never waived, whatever the waiver names."""
    sealed = waiving(tmp_path, "endpoint-reused", 'variables = ["IT"]')
    assert asked(sealed, {"IT": URL})[0] == SHARED


@pytest.mark.parametrize("expires", ["soon", "", "2030-01-31"])
def test_a_waiver_without_a_moment_fails_and_passes_nothing(expires: str, tmp_path: Path) -> None:
    """A seal of another make: the check then fails, which refuses."""
    sealed = waiving(tmp_path, "secret-reused", 'variables = ["MAIL_PASSWORD"]')
    broken = sealed._replace(waivers=(sealed.waivers[0]._replace(expires=expires),))
    with pytest.raises((ValueError, TypeError)):
        asked(broken, {"MAIL_PASSWORD": PASSWORD})


DB, EVENTS = "qW3rTy7uIoP9aSdF5gHjK", "mysql://ev.prod.example.com/events"
SECRET, ENDPOINT = "secret-reused", "endpoint-reused"


@pytest.mark.parametrize(
    ("rule", "names", "ours", "theirs", "lacks"),
    [
        (SECRET, "VENDOR_KEY", DB, {"VENDOR_KEY": DB}, ""),
        (SECRET, "VENDOR_KEY", DB, {"DB_PASSWORD": DB}, "DB_PASSWORD"),
        (SECRET, "VENDOR_KEY", DB, {"DB_PASSWORD": DB, "VENDOR_KEY": DB}, "DB_PASSWORD"),
        (SECRET, "VENDOR_KEY", DB, {"VENDOR_KEY": DB, "Z_PASSWORD": DB}, "Z_PASSWORD"),
        (SECRET, "VENDOR_KEY DB_PASSWORD", DB, {"VENDOR_KEY": DB, "DB_PASSWORD": DB}, ""),
        (SECRET, "DB_PASSWORD", DB, {"DB_PASSWORD": DB}, "VENDOR_KEY"),
        (SECRET, "VENDOR_KEY", DB, {"DSN": f"mysql://u:{DB}@dw.example.com/x"}, "DSN"),
        (ENDPOINT, "VENDOR_KEY", URL, {}, "IT, it"),
        (ENDPOINT, "VENDOR_KEY it", URL, {}, ""),
        (ENDPOINT, "VENDOR_KEY IT", URL, {}, ""),
        (ENDPOINT, "VENDOR_KEY it", URL, {"ORDERS_URL": URL}, "ORDERS_URL"),
        (ENDPOINT, "VENDOR_KEY", EVENTS, {"VENDOR_KEY": EVENTS}, ""),
        (ENDPOINT, "VENDOR_KEY", EVENTS, {"VENDOR_KEY": EVENTS, "ZEBRA_URL": EVENTS}, "ZEBRA_URL"),
        (ENDPOINT, "VENDOR_KEY it", f"{URL},{EVENTS}", {"EVENTS_URL": EVENTS}, "EVENTS_URL"),
        (ENDPOINT, "VENDOR_KEY it EVENTS_URL", f"{URL},{EVENTS}", {"EVENTS_URL": EVENTS}, ""),
        (ENDPOINT, "VENDOR_KEY it", f"{URL}2", {}, ""),
        (ENDPOINT, "VENDOR_KEY it", f"{URL}2", {"OTHER_URL": f"{URL}3"}, "OTHER_URL"),
    ],
)  # fmt: skip
def test_production_names_of_the_same_are_named_as_well(
    rule: str, names: str, ours: str, theirs: dict[str, str], lacks: str, tmp_path: Path
) -> None:
    """Whatever comes into an accepted variable later is no part of what was accepted."""
    quoted = ", ".join(f'"{name}"' for name in names.split())
    waiver = WAIVER.format(rule=rule, variables=f"variables = [{quoted}]", expires=EXPIRES)
    sealed = policy(
        declared(tmp_path, ONE["postgres"] + waiver), {"IT": URL, **theirs, "OF": f"{rule}{quoted}"}
    )
    kept, lines = parted(sealed, found(sealed, KEY, {**OURS, "VENDOR_KEY": ours}), BEFORE)
    assert (worst(once(kept)), bool(lines)) == ((SHARED, bool(lines)) if lacks else (ISOLATED, True)), kept
    assert bool(lacks) is any(each.says.endswith(f"; the waiver does not name {lacks}") for each in kept), (
        kept
    )


def test_a_seal_that_tells_one_name_of_several_has_nothing_passed_over(tmp_path: Path) -> None:
    """One of before: whose the secret is besides stands nowhere."""
    sealed = waiving(tmp_path, SECRET, 'variables = ["MAIL_PASSWORD"]')._replace(holders=None)
    kept, lines = parted(sealed, found(sealed, KEY, {**OURS, "MAIL_PASSWORD": PASSWORD}), BEFORE)
    assert (worst(once(kept)), lines) == (SHARED, ())
    assert "seal production anew" in kept[0].says


def test_every_name_of_a_secret_is_told_where_it_is_found(tmp_path: Path) -> None:
    """By the first of them, and what else it opens."""
    theirs = {"IT": URL, "A_PASSWORD": DB, "B_TOKEN": DB}
    sealed = policy(declared(tmp_path, ONE["postgres"]), theirs)
    (reason,) = once(found(sealed, KEY, {**OURS, "VENDOR_KEY": DB}))
    assert reason.theirs == ("A_PASSWORD", "B_TOKEN")
    assert "VENDOR_KEY is production's B_TOKEN, A_PASSWORD" in reason.says
    assert DB not in str(reason)
