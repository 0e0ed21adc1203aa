#!/bin/sh
# The signatures of a certificate, without disjoint: by jq, openssl 3 and ssh-keygen.
#   verify.sh certificate.intoto.jsonl prover.pub.pem allowed_signers
# Says nothing of times, verdicts, waivers or how many people are enough: read what they signed (jq -r .payload | base64 -d).
set -eu
: "${3:?is missing: verify.sh certificate.intoto.jsonl prover.pub.pem allowed_signers}"
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
fail() { printf 'line %d: %s\n' "$n" "$1" >&2; exit 1; }
plain() { jq -ac "$1" "$t/payload" | sed 's/^"\(.*\)"$/\1/'; } # as JSON writes it: nothing that a terminal obeys
n=0; proofs=0; home=https://disjoint.dev
while IFS= read -r line || [ -n "$line" ]; do
  n=$((n + 1))
  printf '%s' "$line" | jq -e '.payloadType == "application/vnd.in-toto+json" and (.signatures | length) == 1' >/dev/null || fail "no envelope"
  printf '%s' "$line" | jq -r .payload | base64 -d >"$t/payload" && printf '%s' "$line" | jq -r '.signatures[0].sig' | base64 -d >"$t/sig" || fail "no base64"
  { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c <"$t/payload")"; cat "$t/payload"; } >"$t/signed"
  case $(jq -r .predicateType "$t/payload") in
    $home/isolation-proof/v1)
      openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$t/signed" -sigfile "$t/sig" >/dev/null 2>&1 || fail "this machine did not sign this proof"
      proofs=$((proofs + 1)); sha256sum <"$t/payload" | cut -d' ' -f1 >"$t/proof" ;;
    $home/isolation-signoff/v1)
      who=$(jq -r .predicate.signer.principal "$t/payload"); shown=$(plain .predicate.signer.principal)
      ssh-keygen -q -Y verify -f "$3" -I "$who" -n signoff@disjoint.dev -s "$t/sig" <"$t/signed" >/dev/null 2>&1 || fail "$shown did not sign this"
      jq -r '.subject[].digest.sha256' "$t/payload" >>"$t/about"; printf 'signed by %s: %s\n' "$shown" "$(plain .predicate.decision)" ;;
    $home/*) fail "unknown predicate" ;;
  esac
done <"$1"
[ "$proofs" = 1 ] || fail "$proofs proofs in one certificate"
[ ! -e "$t/about" ] || [ "$(sort -u "$t/about")" = "$(cat "$t/proof")" ] || fail "a sign-off is about another proof"
echo "signatures hold; proof $(cat "$t/proof")"
