"""Digests under a key of one report alone: equal stays equal within it, and no two reports compare. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from disjoint.model.finding import Evidence, Finding
from disjoint.model.secret import RunKey

from .judge import Judged

_DIGEST = re.compile(r"(?:hmac|scrypt):[0-9a-f]{32}")


def rekeyed(judged: Judged, key: RunKey) -> Judged:
    """The same judgement, every digest in its texts digested once more under `key`."""

    def anew(text: str) -> str:
        return _DIGEST.sub(lambda found: key.digest("shown", found[0]), text)

    def seen(evidence: Evidence) -> Evidence:
        return replace(evidence, what=anew(evidence.what), value=anew(evidence.value), how=anew(evidence.how))

    def said(finding: Finding) -> Finding:
        old = finding.judgement
        judgement = replace(
            old,
            summary=anew(old.summary),
            evidence=tuple(map(seen, old.evidence)),
            remedy=anew(old.remedy),
            limits=anew(old.limits),
        )
        return replace(finding, judgement=judgement)

    return replace(
        judged,
        findings=tuple(map(said, judged.findings)),
        matrix=tuple(replace(row, method=anew(row.method)) for row in judged.matrix),
        notes=tuple(replace(note, summary=anew(note.summary)) for note in judged.notes),
    )
