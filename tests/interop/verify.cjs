// Verify a machine's line by sigstore's own libraries: node verify.cjs PROOF_LINE PUBLIC_KEY_PEM
// A bundle of version 0.3 around the envelope as it is; the key is known by the envelope's key id.
"use strict";
const { readFileSync } = require("node:fs");
const { createPublicKey } = require("node:crypto");
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const [line, pem] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const envelope = JSON.parse(line);
const hint = envelope.signatures[0].keyid;
const bundle = bundleFromJSON({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
  dsseEnvelope: envelope,
});
const rawBytes = createPublicKey(pem).export({ type: "spki", format: "der" });
const nobody = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
const trusted = toTrustMaterial(nobody, { [hint]: { rawBytes } });
try {
  new Verifier(trusted, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
  console.log("VERIFIED");
} catch (error) {
  console.log(error.code);
  process.exit(1);
}
