"""The specification's five incident steps, filled in for what was found shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from disjoint.model.finding import Outcome

from .parts import FindingPart, Report


class Step(NamedTuple):
    """One of the five steps: its word, and what it means in this case."""

    word: str
    lines: tuple[str, ...]


def steps(report: Report) -> tuple[Step, ...]:
    """STOP, AUDIT, PURGE, ROTATE, DOCUMENT for the shared findings; empty if nothing is shared."""
    found = shared(report)
    if not found:
        return ()
    return (
        Step("STOP", _stop(report, found)),
        Step("AUDIT", _audit(report, found)),
        Step("PURGE", _each(found, lambda finding: _purge(report, finding))),
        Step("ROTATE", _each(found, lambda finding: _rotate(report, finding))),
        Step("DOCUMENT", _document(report, found)),
    )


def shared(report: Report) -> tuple[FindingPart, ...]:
    """The findings that make an incident: SHARED, and accepted by nobody."""
    return tuple(f for f in report.findings if f.outcome is Outcome.SHARED and f.waiver is None)


def _each(found: Iterable[FindingPart], say: Callable[[FindingPart], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(say, found)))


def _stop(report: Report, found: tuple[FindingPart, ...]) -> tuple[str, ...]:
    things = [finding.resource for finding in found if not finding.rule.startswith("variables/")]
    using = f" that uses {', '.join(dict.fromkeys(things))}" if things else ""
    return (
        f"all deployments of {report.staging}, automatic ones too, now",
        f"every process of {report.staging}{using}: web, workers, schedulers, shells, cron",
    )


def written(report: Report, finding: FindingPart) -> str:
    """Where both environments write the finding's resource down."""
    where = next((row.where for row in report.matrix if row.resource == finding.resource), None)
    if where is None:
        return finding.resource
    return " and ".join(dict.fromkeys(filter(None, (where.staging, where.production)))) or finding.resource


CENSUS = frozenset({"postgres/production-rows", "redis/production-keys", "bucket/production-objects"})
"""Rules that look for what is production's among what is staging's."""
_CONTENT = CENSUS | {"postgres/sentinel", "redis/namespace", "bucket/contents"}
"""Rules about what lies in a resource of staging's own: nobody need have held production's address for it."""


def _audit(report: Report, found: tuple[FindingPart, ...]) -> tuple[str, ...]:
    """What to look at, each once, with the rules that point there."""
    rules: dict[str, list[str]] = {}
    for finding in found:
        place = finding.summary
        if finding.rule in _CONTENT:
            place = f"what was put into staging's {finding.resource}, when and by whom: {_WAYS_IN}"
        elif not finding.rule.startswith("variables/"):
            place = f"{written(report, finding)}: who set them, when, and what else names that place"
        rules.setdefault(place, []).append(finding.rule)
    return tuple(f"{place} ({', '.join(dict.fromkeys(named))})" for place, named in rules.items())


_WAYS_IN = "dumps, restores, seeds, copies, and jobs that may read production"
_PRODUCTION_S_OWN = (
    "nothing in {resource} as it stands: it is production's own, and purging it would destroy production; "
    "give staging its own, empty, and delete the dumps and caches that staging made meanwhile"
)
_NEVER_THERE = "; on production delete nothing without its owner"
_PURGE: Mapping[str, str] = {
    "postgres/same-server": _PRODUCTION_S_OWN,
    "postgres/same-database": _PRODUCTION_S_OWN,
    "postgres/replica-or-copy": "all of staging's {resource}, once production's does not follow it: it holds "
    "production's rows; build it anew",
    "postgres/foreign-link": "the link on staging's {resource}, and every row that came through it",
    "postgres/sentinel": "the rows that the sentinel counted in staging's {resource}, and their copies",
    "postgres/production-rows": "the rows that the census found in staging's {resource}, and their "
    "copies: rather build it anew than pick them out",
    "redis/same-server": _PRODUCTION_S_OWN,
    "redis/replica-or-copy": "all keys of staging's {resource}, once it is detached and production's "
    "does not follow it",
    "redis/namespace": "the keys of staging's {resource} outside its namespace",
    "redis/production-keys": "the keys of staging's {resource} that are production's: rather empty the "
    "logical databases that the finding names",
    "celery/same-broker": "nothing in {resource} as it stands: `celery purge` would drop production's jobs; "
    "give staging a broker of its own",
    "celery/same-result-backend": _PRODUCTION_S_OWN,
    "celery/queue-names": "production's jobs that staging's workers hold: hand them back, do not drop them",
    "celery/foreign-worker": "nothing before the foreign worker of {resource} is gone; then the jobs it left",
    "bucket/same-bucket": _PRODUCTION_S_OWN,
    "bucket/contents": "the objects of staging's {resource} it did not make, and their old versions",
    "bucket/production-objects": "production's objects in staging's {resource}, and their old versions",
    "variables/secret-reused": "sessions, tokens and signed links made with the reused values",
    "variables/endpoint-reused": "what staging copied from the reused addresses" + _NEVER_THERE,
    "variables/override": "what staging copied while it was redirected" + _NEVER_THERE,
    "variables/live-key": "the vendor's records of staging's calls: charges, customers, messages",
}
"""Rule -> what may be deleted, and what must not: what staging uses may be production's own."""


def _purge(report: Report, finding: FindingPart) -> str:
    """What to delete, and only in what is known to be staging's own."""
    resource = finding.resource
    sameness = [f for f in report.findings if f.resource == resource and "/same-" in f.rule]
    own = [f for f in sameness if f.outcome is Outcome.SHARED]
    otherwise = "production's data that came into staging through {resource}: caches, copies, logs"
    said = _PURGE.get((own or [finding])[0].rule, otherwise).replace("{resource}", resource)
    if not own and any(f.outcome is Outcome.UNPROVEN for f in sameness):
        return f"nothing before {resource} is proven to be staging's own; then {said}"
    return said


def _rotate(report: Report, finding: FindingPart) -> str:
    if finding.rule in {"variables/secret-reused", "variables/live-key"}:
        return finding.remedy or finding.summary
    if finding.rule.startswith("variables/"):
        return f"the credentials that went with it: {finding.summary}"
    if finding.rule.startswith("web/"):
        return f"the keys that sign sessions and tokens of {finding.resource}: both met under one name"
    if finding.rule in _CONTENT:
        return (
            f"what opens something among what {finding.resource} held of production's (tokens, sessions, "
            "keys, links), and the credential that it was read from production with"
        )
    return f"the credentials in {written(report, finding)}: processes and logs of staging held them"


def _document(report: Report, found: tuple[FindingPart, ...]) -> tuple[str, ...]:
    rules = ", ".join(dict.fromkeys(f"{finding.rule} ({finding.resource})" for finding in found))
    return (
        f"run {report.run}, {report.finished_at:%Y-%m-%d %H:%M:%SZ}: {rules}",
        "since when, by whose change, what staging read and wrote meanwhile, who was told",
        "the root cause, what will keep it from coming back, and the run that proved it gone",
    )
