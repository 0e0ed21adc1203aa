"""The names that statements bear: types, namespaces, files."""

from __future__ import annotations

HOME = "https://disjoint.dev"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PROOF_TYPE = f"{HOME}/isolation-proof/v1"
SIGN_OFF_TYPE = f"{HOME}/isolation-signoff/v1"
SUMMARY_TYPE = "https://in-toto.io/attestation/svr/v0.2"
SEAL_PAYLOAD = "application/vnd.disjoint.seal+json"
NAMESPACE = "signoff@disjoint.dev"
"""Of people's SSH signatures: one made for a commit is none for a certificate."""

CERTIFICATE = "certificate.intoto.jsonl"
PROOF = "proof.intoto.jsonl"
"""A proof that is no certificate."""
SUMMARY = "certificate.svr.intoto.jsonl"
STAGING, PRODUCTION = "staging.stable.json", "production.stable.json"
"""The subjects."""
REPORT = "report.json"
