"""The shop as browsers and callers see it: its API and its site, in one environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import uuid4

from .servers.web import Doors, Page, health

Pages = Mapping[str, Page]
SCRIPT = {"content-type": "text/javascript"}
HTML = "text/html; charset=utf-8"


def api_pages(environment: str) -> Pages:
    """What the API answers; its tokens and its list of origins are `api_doors`."""
    return {
        "/": Page(json.dumps({"shop": "api"}), headers={"content-type": "application/json"}),
        "/health": health(environment, str(uuid4())),
    }


def api_doors(environment: str, *keys: str) -> Doors:
    """Tokens of its own key, and its own site as the one origin that may read its answers."""
    return Doors(keys=keys, origins=(f"http://www.{environment}.test",), credentials=True)


def site_pages(environment: str, script: str | None = None, *, head: str = "") -> Pages:
    """A page with a script and its source map, and a login that begins a session."""
    calls = f'const api="http://api.{environment}.test";fetch(api+"/orders");' if script is None else script
    home = (
        f"<!doctype html><html><head><title>The shop</title>{head}"
        f'<link rel="canonical" href="http://www.{environment}.test/"><script src="/app.js"></script></head>'
        f"<body><h1>The shop in {environment}</h1></body></html>"
    )
    return {
        "/": Page(home, headers={"content-type": HTML, "set-cookie": "visit=1; Path=/; SameSite=Lax"}),
        "/login": Page("<!doctype html><form method=post></form>", headers=cookies()),
        "/app.js": Page(f"{calls}\n//# sourceMappingURL=app.js.map\n", headers=SCRIPT),
        "/app.js.map": source_map(calls),
        "/health": health(environment, str(uuid4())),
    }


def cookies(domain: str = "") -> Mapping[str, str | tuple[str, ...]]:
    """A session and a CSRF token, for the host alone or for a whole domain."""
    rest = f"; Domain={domain}" if domain else ""
    session = f"session=s3ss10n; Path=/; HttpOnly{rest}"
    csrf = f"csrftoken=t0k3n; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT{rest}"
    return {"content-type": HTML, "set-cookie": (session, csrf)}


def source_map(*sources: str) -> Page:
    """The source map of a script that was built from these."""
    said = {"version": 3, "sources": ["app.ts"], "sourcesContent": sources, "mappings": "AAAA"}
    return Page(json.dumps(said), headers={"content-type": "application/json"})
