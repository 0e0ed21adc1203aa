"""What a value is, by its name and its shape: a secret, a live key, a placeholder. Pure."""

from __future__ import annotations

import re

_STRONG_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|PRIVATE|CREDENTIAL|PEPPER|SIGNING")
_NAME = re.compile(r"(?:^|_)(?:KEY|KEYS|SALT|PWD|PASS|AUTH|ENCRYPTION|FERNET|HMAC|WEBHOOK)(?:_|$)|APIKEY")
_NO_SECRET_NAME = re.compile(
    r"(?:_(?:PATH|FILE|FILENAME|NAME|HEADER|ALGORITHM|ALG|URL|URI|HOST|PORT|TTL|SECONDS|MINUTES|HOURS|DAYS"
    r"|EXPIRES?|EXPIRY|EXPIRATION|LIFETIME|PREFIX|LENGTH|ISSUER|AUDIENCE|TYPE|DOMAIN|REGION|VERSION|ENABLED"
    r"|BACKEND|CLASS|USER|USERNAME|ROUNDS)|(?<!ACCESS_KEY)_ID)$"
)
_SHELL = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "GPG_AGENT_INFO", "XAUTHORITY"})
"""What a shell or a session sets: places, not secrets."""
_PUBLISHED = re.compile(r"^(?:NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|PUBLIC|GATSBY|EXPO_PUBLIC)_|PUBLISHABLE")
_PUBLISHABLE = re.compile(r"^(?:pk_(?:live|test)_|sb_publishable_|phc_|G-|GTM-)")
_TEST_KEY = re.compile(
    r"^(?:(?:sk|rk|pk|cs)_test_|sk_sbox_|access-(?:sandbox|development)-|rzp_test_|FLWSECK_TEST-|test_"
    r"|EZTK|shippo_test_|sandbox_|sandbox-sq0)"
)
_VENDOR = re.compile(
    r"^(?:sk_live_|rk_live_|sk-ant-|sk-proj-|sk-svcacct-|sk-admin-|whsec_|gh[pousr]_|github_pat_|xox[abprs]-"
    r"|AKIA|ASIA|SG\.|re_|sdk-|mob-|sb_secret_|glpat-|npm_|pypi-|dop_v1_|EZAK|shippo_live_|access-production-)"
)
_DEFAULT = re.compile(
    r"change[-_ ]?(?:me|this)|django-insecure|your[-_ ]|placeholder|example|insecure|dummy|todo|replace[-_ ]|"
    r"default|^(?:secret|password|postgres|admin|test|dev)+[-_0-9]*$|^x+$|^(.)\1*$|super[-_ ]?secret",
    re.IGNORECASE,
)
_WORDLIKE = re.compile(r"^[a-z]+(?:[-_. ][a-z]+)*$|^[A-Z]+(?:[-_. ][A-Z]+)*$")

SHORTEST = 16
"""A secret has this many characters, or a vendor's prefix."""

_LIVE: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = (
    ("Stripe", re.compile(r"^(?:sk|rk|pk|cs)_live_"), None),
    ("Plaid", re.compile(r"^access-production-"), None),
    ("Razorpay", re.compile(r"^rzp_live_"), None),
    ("Flutterwave", re.compile(r"^FLWSECK-"), None),
    ("EasyPost", re.compile(r"^EZAK"), None),
    ("Shippo", re.compile(r"^shippo_live_"), None),
    ("Square", re.compile(r"^sq0idp-"), None),
    ("Lob", re.compile(r"^live_(?:pub_)?\w{16,}"), re.compile("LOB")),
    ("GoCardless", re.compile(r"^live_\w{16,}"), re.compile("GOCARDLESS")),
    ("Checkout.com", re.compile(r"^sk_[0-9a-f]{8}-[0-9a-f]{4}-"), re.compile("CHECKOUT|CKO")),
)
"""Prefixes whose text alone tells the mode (gitleaks and trufflehog rules); some need the vendor's name."""


def named_secret(name: str) -> bool:
    """Does the name promise a secret?"""
    upper = name.upper()
    if (
        upper in _SHELL
        or upper.startswith("DISJOINT_")
        or _PUBLISHED.search(upper)
        or _NO_SECRET_NAME.search(upper)
    ):
        return False
    return bool(_STRONG_NAME.search(upper) or _NAME.search(upper))


def named_login(name: str) -> bool:
    """Is it the half of a key pair that works like a user name? Telling whose it is, but guarding nothing."""
    return name.upper().endswith("ACCESS_KEY_ID")


def shaped_secret(name: str, value: str) -> bool:
    """Is the value, under such a name, a secret worth comparing: long, and no word or default?"""
    if "://" in value or is_default(value) or _PUBLISHABLE.search(value) or _TEST_KEY.search(value):
        return False
    if _VENDOR.search(value):
        return True
    strong = bool(_STRONG_NAME.search(name.upper()))
    return len(value) >= SHORTEST and (strong or not _WORDLIKE.search(value))


def is_default(value: str) -> bool:
    """A placeholder or a framework's default: weak, but nobody's secret."""
    return bool(_DEFAULT.search(value))


def is_weak(value: str) -> bool:
    """A secret-named value that guessing finds."""
    if _TEST_KEY.search(value) or _PUBLISHABLE.search(value) or _VENDOR.search(value):
        return False
    return is_default(value) or len(value) < SHORTEST


def live_vendor(name: str, value: str) -> str | None:
    """The vendor whose live-mode key this is; None if it is none, or text cannot tell."""
    for vendor, prefix, needed in _LIVE:
        if prefix.search(value) and (needed is None or needed.search(name.upper())):
            return vendor
    return None
