"""What a value is, by its name and its shape: a secret, a live key, a placeholder. Pure."""

from __future__ import annotations

import re

_STRONG_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|PRIVATE|CREDENTIAL|PEPPER|SIGNING")
_NAME = re.compile(
    r"(?:^|_)(?:KEY|KEYS|SALT|PWD|PASS|PW|PSW|AUTH|ENCRYPTION|FERNET|HMAC|WEBHOOK|BEARER)(?:_|$)|APIKEY|FERNETKEY"
    r"|(?:DB|SQL|MAIL|SMTP|FTP|REDIS|MONGO|ADMIN|ROOT|USER)(?:PASS|PWD|PW)(?:_|$)|(?:^|GITHUB_|GITLAB_|AZURE_|GH_)PAT$"
)
_NO_WORD = re.compile(r"\W+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_SECRET_NAME = re.compile(
    r"(?:_(?:PATH|FILE|FILENAME|NAME|HEADER|ALGORITHM|ALG|URL|URI|HOST|PORT|TTL|SECONDS|MINUTES|HOURS|DAYS"
    r"|EXPIRES?|EXPIRY|EXPIRATION|LIFETIME|PREFIX|LENGTH|ISSUER|AUDIENCE|TYPE|DOMAIN|REGION|VERSION|ENABLED"
    r"|BACKEND|CLASS|USER|USERNAME|ROUNDS|ARN|PATTERN)|(?<!ACCESS_KEY)_ID|(?:^|_)(?:PUBLIC|SITE)_?KEYS?)$"
)
_SHELL = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "GPG_AGENT_INFO", "XAUTHORITY"})
"""What a shell or a session sets: places, not secrets."""
_PUBLISHED = ("NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "PUBLIC_", "GATSBY_", "EXPO_PUBLIC_")
_PUBLISHABLE = ("pk_live_", "pk_test_", "sb_publishable_", "phc_", "G-", "GTM-")
_TEST_KEY = (
    "sk_test_", "rk_test_", "pk_test_", "cs_test_", "sk_sbox_", "access-sandbox-", "access-development-",
    "rzp_test_", "FLWSECK_TEST-", "test_", "EZTK", "shippo_test_", "sandbox_", "sandbox-sq0",
)  # fmt: skip
_VENDOR = (
    "sk_live_", "rk_live_", "sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "whsec_", "ghp_", "gho_",
    "ghu_", "ghs_", "ghr_", "github_pat_", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "AKIA", "ASIA",
    "SG.", "re_", "sdk-", "mob-", "sb_secret_", "glpat-", "npm_", "pypi-", "dop_v1_", "EZAK", "shippo_live_",
    "access-production-",
)  # fmt: skip
_DEFAULT = re.compile(
    r"change[-_ ]?(?:me|this)|django-insecure|your[-_ ]|placeholder|example|insecure|dummy|todo|replace[-_ ]|"
    r"default|^(?:secret|password|postgres|admin|test|dev)+[-_0-9]*$|^x+$|^(.)\1*$|super[-_ ]?secret",
    re.IGNORECASE,
)
_CHOICE = (
    r"_(?:METHOD|LOCATION|PROVIDER|HASHER|GENERATOR|POLICY|SCHEME|STRATEGY|MODE|FORMAT|STORE|STORAGE|DRIVER|ENGINE"
    r"|VALIDATOR|SCOPE|SERVICE|MANAGER|MODEL|VIEW|TEMPLATE|SUBJECT)S?$"
)
"""How a setting's name ends that says how secrets are dealt with, and holds none."""
_CHOSEN = r"[A-Za-z]+(?:[-_. :/,]+[A-Za-z]+)*\Z"
_PUBLIC_KEY = (
    "ssh-rsa AAAA", "ssh-dss AAAA", "ssh-ed25519 AAAA", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-",
    "-----BEGIN PUBLIC KEY-----", "-----BEGIN RSA PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----",
)  # fmt: skip
"""What everybody may know of a key pair, whatever its variable is called."""
_FINGERPRINTS = r"(?:0x)?[0-9A-F]{16,40}(?:[\s,]+(?:0x)?[0-9A-F]{16,40})*\Z"
"""Of the keys that sign a language's releases: official images set them (``GPG_KEY``)."""
_WORDLIKE = re.compile(
    r"^[a-z]+(?:[-_. ][a-z]+)*$|^[A-Z]+(?:[-_. ][A-Z]+)*$"
    r"|^(?=.*[a-z]{3})/?(?:[a-z]+|[A-Z][a-z]+|v?[0-9]{1,4})"
    r"(?:[-_. :/,]+(?:[a-z]+|[A-Z][a-z]+|v?[0-9]{1,4}))+$"
)

SHORTEST = 16
"""A secret has this many characters, or a vendor's prefix."""

_LIVE: tuple[tuple[str, str, str], ...] = (
    ("Stripe", r"(?:sk|rk|pk|cs)_live_", ""),
    ("Plaid", r"access-production-", ""),
    ("Razorpay", r"rzp_live_", ""),
    ("Flutterwave", r"FLWSECK-", ""),
    ("EasyPost", r"EZAK", ""),
    ("Shippo", r"shippo_live_", ""),
    ("Square", r"sq0idp-", ""),
    ("Lob", r"live_(?:pub_)?\w{16,}", "LOB"),
    ("GoCardless", r"live_\w{16,}", "GOCARDLESS"),
    ("Checkout.com", r"sk_[0-9a-f]{8}-[0-9a-f]{4}-", "CHECKOUT|CKO"),
)
"""Prefixes whose text alone tells the mode (gitleaks and trufflehog rules); some need the vendor's name.

Compiled where they are asked for: a guard asks for none of them."""


MAY_BE_LIVE = (
    "sk_", "rk_", "pk_", "cs_", "access-production-", "rzp_live_", "FLWSECK-", "EZAK", "shippo_live_",
    "sq0idp-", "live_",
)  # fmt: skip
"""How each of these begins: whoever is in a hurry looks no further at a value that does not."""


def named_secret(name: str) -> bool:
    """Does the name promise a secret?"""
    upper = name.upper() if name.isidentifier() else _NO_WORD.sub("_", name.upper()).strip("_")
    if upper in _SHELL or upper.startswith("DISJOINT_") or published(upper) or _NO_SECRET_NAME.search(upper):
        return False
    return bool(_STRONG_NAME.search(upper) or _NAME.search(upper))


def separated(name: str) -> str:
    """A name with its words apart, where it has humps (``accountKey``)."""
    return _HUMP.sub("_", name)


def reveals_itself(name: str, value: str) -> bool:
    """Is it a vendor's secret or a private key, whatever it is called?"""
    if published(name) or name.upper().startswith("DISJOINT_"):
        return False
    if value.startswith("-----BEGIN ") and "PRIVATE KEY-----" in value:
        return True
    drawn = len(value) >= SHORTEST and value.isascii() and " " not in value and token_like(value)
    return drawn and value.startswith(_VENDOR) and shaped_secret(name, value)


def published(name: str) -> bool:
    """Does the name say that everybody may read the value?"""
    upper = name.upper()
    return upper.startswith(_PUBLISHED) or "PUBLISHABLE" in upper


def named_login(name: str) -> bool:
    """Is it the half of a key pair that works like a user name? Telling whose it is, but guarding nothing."""
    return name.upper().endswith("ACCESS_KEY_ID")


def shaped_secret(name: str, value: str) -> bool:
    """Is the value, under such a name, a secret worth comparing: long, and no word or default?"""
    if "://" in value or is_default(value) or value.startswith(_PUBLISHABLE + _TEST_KEY):
        return False
    if value.startswith(_VENDOR):
        return True
    if value.startswith(_PUBLIC_KEY) and "PRIVATE KEY" not in value:
        return False
    if re.search("(?:GPG|PGP)_?KEY", name.upper()) and re.match(_FINGERPRINTS, value):
        return False
    if re.search(_CHOICE, name.upper()) and re.match(_CHOSEN, value):
        return False
    strong = bool(_STRONG_NAME.search(name.upper()))
    return len(value) >= SHORTEST and (strong or not _WORDLIKE.search(value))


def token_like(text: str) -> bool:
    """Is a text of words and dots drawn by chance: one word long, with digits and letters of both cases?"""
    long = (word for word in text.split(".") if len(word) >= SHORTEST and re.search(r"\d", word))
    return any(word.lower() != word != word.upper() for word in long)


def is_default(value: str) -> bool:
    """A placeholder or a framework's default: weak, but nobody's secret."""
    return bool(_DEFAULT.search(value))


def is_weak(value: str) -> bool:
    """A secret-named value that guessing finds."""
    if value.startswith(_TEST_KEY + _PUBLISHABLE + _VENDOR):
        return False
    return is_default(value) or len(value) < SHORTEST


def live_vendor(name: str, value: str) -> str | None:
    """The vendor whose live-mode key this is; None if it is none, or text cannot tell."""
    for vendor, prefix, needed in _LIVE:
        if re.match(prefix, value) and re.search(needed, name.upper()):
            return vendor
    return None
