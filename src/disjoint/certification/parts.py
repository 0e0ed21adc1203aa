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
from disjoint.sealed.strengthening import secrets_in, strengthened
from disjoint.split import digest_of as policy_of


def stable_parts(manifest: Manifest, proof: Proof, project: ProjectKey) -> tuple[bytes, bytes]:
    """Staging's and production's; the proof was made under `stable_key(project)`."""
    return stable_octets(manifest, project, proof.staging), stable_octets(manifest, project, proof.production)


def stable_octets(manifest: Manifest, project: ProjectKey, snapshot: Snapshot) -> bytes:
    """One environment's, in its canonical encoding; equal whether production is sealed or at hand.

    The file is handed to people who may hold the project's key: what they could guess is stretched in it.
    """
    key = stable_key(project)
    environment = manifest.production if snapshot.protected else manifest.staging
    if not environment.seal:
        held = secrets_in(environment, manifest.public, key)
        snapshot = strengthened(snapshot, environment, held)
    digest = RunKey(key).digest
    return canonical(stable_part(BY_NAME, snapshot, policy_of(manifest), digest))
