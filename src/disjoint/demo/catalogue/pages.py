"""Pages: what staging's site sends, sets and calls reaches into production."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from disjoint.demo.servers.web import Page
from disjoint.demo.storefront import HTML, SCRIPT, api_doors, api_pages, cookies, site_pages, source_map
from disjoint.demo.world import Half, World

from .leak import Leak, doubts, shares, stands
from .web import serve

COOKIE, REDIRECT, BUNDLE = "cookie", "redirect", "bundle"
SITE = "http://www.production.test"
API = "http://api.production.test"
OWN_CALLS = "fetch('http://api.staging.test/orders');"


def _site(world: World, half: Half = "staging", host: str = "", **pages: Page) -> World:
    """With another site, at a host that its API knows; pages that are named take the place of its own."""
    paths = {"home": "/", "login": "/login", "sign_in": "/sign-in", "app": "/app.js", "map": "/app.js.map"}
    told = {paths[name]: page for name, page in pages.items()}
    if host:
        doors = replace(api_doors(half, world.stack.servers(half).secret_key), origins=(f"http://{host}",))
        world = serve(world, half, "API_URL", f"api-next.{half}.test", api_pages(half), doors)
    return serve(world, half, "WEB_URL", host or f"www.{half}.test", {**site_pages(half), **told})


def _siblings(world: World, headers: Mapping[str, str | tuple[str, ...]], half: Half = "staging") -> World:
    """Both sites below one domain; one of them sets these cookies at its login."""
    hosts: dict[Half, str] = {"production": "www.shop.test", "staging": "staging.shop.test"}
    for each, host in hosts.items():
        login = {"login": Page("<!doctype html>", headers=headers)} if each == half else {}
        world = _site(world, each, host, **login)
    return world


def cookie_of_staging(world: World) -> World:
    return _siblings(world, cookies(".shop.test"))


def cookie_of_production(world: World) -> World:
    return _siblings(world, cookies("shop.test"), "production")


def host_only(world: World) -> World:
    return _siblings(world, cookies())


def edge_cookie(world: World) -> World:
    kept = "__cf_bm=x; Path=/; Domain=shop.test; HttpOnly"
    ended = "session=; Path=/; Domain=shop.test; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    return _siblings(world, {"content-type": HTML, "set-cookie": (kept, ended)})


def public_suffix(world: World) -> World:
    for half in ("production", "staging"):
        login = Page("<!doctype html>", headers=cookies("up.railway.app"))
        world = _site(world, half, f"shop-{half}.up.railway.app", login=login)
    return world


def _moved(location: str) -> Page:
    return Page("", 302, {"location": location})


def redirect(world: World) -> World:
    return _site(world, home=_moved(f"{SITE}/"))


def redirect_by_meta(world: World) -> World:
    refresh = f'<!doctype html><meta http-equiv="refresh" content="0; url={SITE}/login">'
    return _site(world, login=Page(refresh))


def redirect_to_other(world: World) -> World:
    return _site(world, home=_moved(f"{API}/"))


def redirect_to_staging(world: World) -> World:
    return _site(world, "production", home=_moved("//www.staging.test/"))


def own_redirect(world: World) -> World:
    sign_in = Page("<!doctype html><form method=post></form>")
    return _site(
        world, home=_moved("http://www.www.staging.test/"), login=_moved("/sign-in"), sign_in=sign_in
    )


def own_login(world: World) -> World:
    return _site(world, home=_moved(f"https://login.example.test/?return={SITE}/"))


def redirect_without_end(world: World) -> World:
    return serve(
        world, "staging", "WEB_URL", "www.staging.test",
        {**site_pages("staging"), **{f"/{n}": _moved(f"/{n + 1}") for n in range(9)}, "/": _moved("/0")},
    )  # fmt: skip


def _script(text: str) -> Page:
    return Page(text, headers=SCRIPT)


def plain(world: World) -> World:
    return _site(world, app=_script(f'{OWN_CALLS}const api="{API}/v1";'))


def escaped(world: World) -> World:
    text = API.replace("/", "\\/").replace(".", "\\u002e")
    return _site(world, app=_script(f'{OWN_CALLS}const config=JSON.parse(\'{{"api":"{text}"}}\');'))


def split(world: World) -> World:
    return _site(
        world, app=_script(f'{OWN_CALLS}const api="http://"+"api."+["production","test"].join(".");')
    )


def encoded(world: World) -> World:
    hidden = base64.b64encode(f'{{"site":"{SITE}/"}}'.encode()).decode()
    return _site(world, app=_script(f'{OWN_CALLS}const config=JSON.parse(atob("{hidden}"));'))


def mapped(world: World) -> World:
    return _site(world, map=source_map(f"export const api = '{API}';"))


def in_form(world: World) -> World:
    return _site(world, login=Page(f'<!doctype html><form method="post" action="{SITE}/login">'))


def unreadable_script(world: World) -> World:
    return _site(world, app=Page("", 503))


def scripts_elsewhere(world: World) -> World:
    return _site(world, home=Page('<!doctype html><script src="https://cdn.example.test/app.js"></script>'))


def linked(world: World) -> World:
    head = f'<link rel="canonical" href="{SITE}/"><meta property="og:url" content="{SITE}/">'
    policy = {"content-type": HTML, "content-security-policy": f"connect-src {API}"}
    home = Page(
        f'<!doctype html>{head}<a href="{SITE}/about">About</a><script src=/app.js></script>', headers=policy
    )
    links = f'const menu=[{{label:"Shop",href:"{SITE}/shop"}}];'
    return _site(world, home=home, app=_script(OWN_CALLS + links))


def similar(world: World) -> World:
    names = (
        '"http://my-api.production.test","http://api.production.test.example","staging."+"production.test"'
    )
    return _site(world, app=_script(f"{OWN_CALLS}const others=[{names}];"))


LEAKS: tuple[Leak, ...] = (
    shares("cookie-on-parent-domain", COOKIE, "web/cookie-scope",
           "staging's session is for the domain above both sites", cookie_of_staging),
    shares("production-cookie-on-parent-domain", COOKIE, "web/cookie-scope",
           "production's session is for the domain above both sites", cookie_of_production),
    stands("cookies-host-only", COOKIE,
           "both sites below one domain set cookies for themselves alone", host_only),
    stands("cookies-of-the-edge", COOKIE,
           "a CDN's cookie is for both, and an old session there is taken away", edge_cookie),
    stands("cookies-on-public-suffix", COOKIE,
           "both sites name up.railway.app, which no browser lets them", public_suffix),
    shares("redirect-to-production", REDIRECT, "web/redirect",
           "staging's front page sends its reader to production", redirect),
    shares("redirect-by-meta", REDIRECT, "web/redirect",
           "staging's login is sent on to production by its markup", redirect_by_meta),
    shares("redirect-to-other-resource", REDIRECT, "web/redirect",
           "staging's site sends its reader to production's API", redirect_to_other),
    shares("production-redirects-to-staging", REDIRECT, "web/redirect",
           "production's front page sends its reader to staging", redirect_to_staging),
    doubts("redirect-without-end", REDIRECT, "web/redirect",
           "staging's front page is redirected for ever on its own host", redirect_without_end),
    stands("own-redirect", REDIRECT,
           "staging's pages lead to its own www and to its own pages", own_redirect),
    stands("own-login", REDIRECT,
           "staging's front page leads to a login elsewhere that names production in its query", own_login),
    shares("bundle-names-production", BUNDLE, "web/bundle",
           "production's API is built into staging's script", plain),
    shares("bundle-escaped", BUNDLE, "web/bundle",
           "the same, with the escapes of JSON", escaped),
    shares("bundle-split", BUNDLE, "web/bundle",
           "the same, put together from pieces", split),
    shares("bundle-base64", BUNDLE, "web/bundle",
           "production's site stands in base64 in staging's script", encoded),
    shares("bundle-source-map", BUNDLE, "web/bundle",
           "production's API stands in the source map of staging's script", mapped),
    shares("bundle-form", BUNDLE, "web/bundle",
           "staging's login form is sent to production", in_form),
    doubts("bundle-unreadable", BUNDLE, "web/bundle",
           "staging's script answers with an error", unreadable_script),
    doubts("bundle-elsewhere", BUNDLE, "web/bundle",
           "all of staging's scripts lie on another host", scripts_elsewhere),
    stands("bundle-links-production", BUNDLE,
           "staging's pages link to production's site, and nothing calls it", linked),
    stands("bundle-similar-names", BUNDLE,
           "staging's script names hosts that only look like production's", similar),
)  # fmt: skip
