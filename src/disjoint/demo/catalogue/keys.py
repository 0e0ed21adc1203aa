"""Keys: secrets that both environments hold in whatever form, and live keys where tests are run."""

from __future__ import annotations

import base64
import json
from uuid import uuid4

from disjoint.demo.world import HALVES, World
from disjoint.model.finding import Grade

from .leak import Leak, doubts, shares, stands

KEYS = "key"


def _theirs(world: World) -> str:
    return world.production.variables["SECRET_KEY"]


def same_secret(world: World) -> World:
    return world.setting("staging", SECRET_KEY=_theirs(world))


def same_secret_renamed(world: World) -> World:
    return world.setting("staging", JWT_SIGNING_KEY=_theirs(world))


def encoded(world: World) -> World:
    return world.setting("staging", SESSION_SECRET=base64.b64encode(_theirs(world).encode()).decode())


def in_list(world: World) -> World:
    """A key that was rotated in staging, and is still accepted."""
    own = world.staging.variables["SECRET_KEY"]
    return world.setting("staging", SECRET_KEY_FALLBACKS=f"{own},{_theirs(world)}")


def in_url(world: World) -> World:
    """Two variables of two names, of which one hides it in an address."""
    word = world.stack.supervisor.secret()
    world = world.setting("production", SMTP_PASSWORD=word)
    return world.setting("staging", MAIL_URL=f"smtp://shop:{word}@mail.partner.test:587")


def in_header(world: World) -> World:
    return world.setting("staging", REPORTS_AUTHORIZATION=f"Bearer {_theirs(world)}")


def in_json(world: World) -> World:
    """What a vendor gives as one file is kept as one variable."""
    account = json.dumps({"project": "shop", "private_key": _theirs(world)})
    return world.setting("staging", SERVICE_ACCOUNT=account)


def live_key(world: World) -> World:
    return world.setting("staging", STRIPE_SECRET_KEY=f"sk_live_{world.stack.supervisor.secret(24)}")


def bank_key(world: World) -> World:
    return world.setting("staging", PLAID_ACCESS_TOKEN=f"access-production-{uuid4()}")


def payment_key(world: World) -> World:
    return world.setting("staging", CHECKOUT_SECRET_KEY=f"sk_{uuid4()}")


def unresolved(world: World) -> World:
    return world.setting("staging", SECRET_KEY="${{shared.SECRET_KEY}}")  # noqa: S106  a reference, no secret


def published(world: World) -> World:
    dsn = f"https://{uuid4().hex}@errors.partner.test/42"
    for half in HALVES:
        world = world.setting(half, SENTRY_DSN=dsn, SENTRY_TOKEN=dsn[8:40])
    return world.publishing("SENTRY_DSN", "SENTRY_TOKEN")


def sandbox(world: World) -> World:
    """A sandbox is one for all who test, production's own smoke test among them."""
    word = f"sk_test_{world.stack.supervisor.secret(24)}"
    for half in HALVES:
        world = world.setting(half, STRIPE_SANDBOX_KEY=word)
    return world


def nearly(world: World) -> World:
    """One letter apart is two keys."""
    theirs = _theirs(world)
    return world.setting("staging", SECRET_KEY=theirs[:-1] + ("a" if theirs[-1] != "a" else "b"))


LEAKS: tuple[Leak, ...] = (
    shares("same-secret", KEYS, "variables/secret-reused",
           "staging's SECRET_KEY is production's", same_secret, Grade.DECLARED),
    shares("same-secret-renamed", KEYS, "variables/secret-reused",
           "staging's JWT_SIGNING_KEY is production's SECRET_KEY", same_secret_renamed, Grade.DECLARED),
    shares("same-secret-encoded", KEYS, "variables/secret-reused",
           "staging holds production's SECRET_KEY in base64", encoded, Grade.DECLARED),
    shares("same-secret-in-list", KEYS, "variables/secret-reused",
           "production's SECRET_KEY is among the keys that staging still accepts", in_list, Grade.DECLARED),
    shares("same-secret-in-url", KEYS, "variables/secret-reused",
           "a password of production's stands in an address of staging's", in_url, Grade.DECLARED),
    shares("same-secret-in-header", KEYS, "variables/secret-reused",
           "production's SECRET_KEY stands in a header that staging sends", in_header, Grade.DECLARED),
    shares("same-secret-in-json", KEYS, "variables/secret-reused",
           "production's SECRET_KEY stands in a vendor's JSON file in a variable", in_json, Grade.DECLARED),
    shares("live-key", KEYS, "variables/live-key",
           "staging holds a live-mode payment key of its own", live_key, Grade.DECLARED),
    shares("live-key-of-a-bank", KEYS, "variables/live-key",
           "staging holds a production token for bank accounts", bank_key, Grade.DECLARED),
    shares("live-key-by-shape", KEYS, "variables/live-key",
           "staging holds a live payment key that only its shape tells from a test key", payment_key,
           Grade.DECLARED),
    doubts("unresolved-secret", KEYS, "variables/secret-reused",
           "staging's SECRET_KEY is a reference that only the platform resolves", unresolved),
    stands("published-key", KEYS,
           "both environments hold one key that is declared to be no secret", published),
    stands("sandbox-key", KEYS,
           "both environments hold one vendor's test key", sandbox),
    stands("nearly-the-same-secret", KEYS,
           "staging's SECRET_KEY differs from production's in its last letter", nearly),
)  # fmt: skip
