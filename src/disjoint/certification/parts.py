"""The stable parts of a proof's snapshots, as files hold them."""

from __future__ import annotations

from disjoint.canonical import canonical
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.kinds.registry import BY_NAME
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.model.secret import RunKey
from disjoint.model.snapshot import Snapshot
from disjoint.model.stable import stable_part
from disjoint.split import digest_of as policy_of


def stable_parts(manifest: Manifest, proof: Proof, project: ProjectKey) -> tuple[bytes, bytes]:
    """Staging's and production's; the proof was made under `stable_key(project)`."""
    return stable_octets(manifest, project, proof.staging), stable_octets(manifest, project, proof.production)


def stable_octets(manifest: Manifest, project: ProjectKey, snapshot: Snapshot) -> bytes:
    """One environment's, in its canonical encoding."""
    digest = RunKey(stable_key(project)).digest
    return canonical(stable_part(BY_NAME, snapshot, policy_of(manifest), digest))
