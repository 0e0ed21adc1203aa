"""What a watched connection costs, and what each socket event costs an interpreter that is watched."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from measuring import PYTHON

from disjoint import split
from disjoint.certification.seal import Wish, seal
from disjoint.certify.keys import ProjectKey
from disjoint.certify.sign import machine_signer
from disjoint.demo import stack
from disjoint.demo.supervisor import Supervisor
from disjoint.demo.world import clean, database_url
from disjoint.sealed.remembering import open_journal

PHRASE = "0f" * 32
BLIND = "blind.sealed.json"
EVENT_MICROSECONDS = 2.0
ROUNDS, CONNECTIONS = 5, 60
_CONNECTS = """
import json, sys, time, statistics
from disjoint.guard import hooks
driver, url, watched, count = sys.argv[1], sys.argv[2], sys.argv[3] == "watched", int(sys.argv[4])
if watched:
    assert hooks.install(driver), "not watched"
module = __import__(driver)
def once():
    if driver == "psycopg":
        module.connect(url).close()
    else:
        connection = module.Redis.from_url(url).connection_pool.make_connection()
        connection.connect()
        connection.disconnect()
taken = []
for _ in range(count + 5):
    started = time.perf_counter()
    once()
    taken.append(time.perf_counter() - started)
assert not watched or hooks.counts() == {(driver, "ISOLATED"): count + 5}, hooks.counts()
print(statistics.median(taken[5:]) * 1000)
"""
_EVENTS = """
import sys, time
from disjoint.guard import tripwire
def each(event, *arguments, n=200_000):
    audit = sys.audit
    started = time.perf_counter()
    for _ in range(n):
        audit(event, *arguments)
    return (time.perf_counter() - started) / n * 1e6
events = {"socket.connect": (None, ("10.1.2.3", 5432)), "open": ("name", "r", 0),
          "socket.getaddrinfo": ("db.staging.example", 5432, 0, 0, 0)}
bare = {event: min(each(event, *of) for _ in range(5)) for event, of in events.items()}
assert tripwire.install(), "not watched"
for event, of in events.items():
    print(event, min(each(event, *of) for _ in range(5)) - bare[event])
def fresh(batch):
    addresses = [(None, (f"10.{batch}.{n // 250}.{n % 250}", 5432)) for n in range(600)]
    started = time.perf_counter()
    for of in addresses:
        sys.audit("socket.connect", *of)
    return (time.perf_counter() - started) / 600 * 1e6
print("first", min(map(fresh, range(5))) - bare["socket.connect"])
"""


def measure() -> dict[str, dict[str, object]]:
    """Ratios of watched connections to bare ones, and of one event to two microseconds."""
    with tempfile.TemporaryDirectory() as folder, Supervisor() as supervisor:
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", DISJOINT_SEAL_KEY=PHRASE)
        running = stack.start(supervisor, lambda _part: None)
        _settle(running)
        variables = _sealed(running, Path(folder))
        mine = running.staging
        urls = {
            "psycopg": database_url(f"127.0.0.1:{mine.postgres.port}", mine.login),
            "redis": mine.cache.url(f"127.0.0.1:{mine.cache.port}"),
        }
        found = {f"guard/hook-{driver}": _connects(driver, url, variables) for driver, url in urls.items()}
        return {**found, **_events(variables)}


def _settle(running: stack.Stack) -> None:
    """Every Redis is older than the seal: the ids of a younger one prove nothing."""
    with closing(running.staging.cache.admin()) as cache:
        while int(cache.info("server")["uptime_in_seconds"]) < 6:
            time.sleep(0.2)


def _sealed(running: stack.Stack, folder: Path) -> dict[str, str]:
    world, key = clean(running), ProjectKey(bytes.fromhex(PHRASE), "DISJOINT_SEAL_KEY")
    declared = split.load_side(world.write(folder), protected=True)
    wish = Wish(timedelta(days=1), False)
    for name, blind in (("production.sealed.json", False), (BLIND, True)):
        made = seal(
            declared, "production", key, machine_signer(), open_journal(key), wish._replace(blind=blind)
        )
        (folder / name).write_text(made.text)
    own = {"DISJOINT_SEAL_KEY": PHRASE, "DISJOINT_SEAL": str(folder / "production.sealed.json")}
    return {"PATH": os.environ["PATH"], "HOME": str(folder), **world.staging.variables, **own}


def _told(variables: dict[str, str], program: str, *words: str) -> str:
    call = [PYTHON, "-c", program, *words]
    return subprocess.run(call, env=variables, capture_output=True, text=True, check=True).stdout


def _connects(driver: str, url: str, variables: dict[str, str]) -> dict[str, object]:
    """In turn, each in a process of its own; a connection that is watched says so."""
    taken: dict[str, list[float]] = {"bare": [], "watched": []}
    for _ in range(ROUNDS):
        for mode, times in taken.items():
            times.append(float(_told(variables, _CONNECTS, driver, url, mode, str(CONNECTIONS))))
    ours, bare = (statistics.median(taken[mode]) for mode in ("watched", "bare"))
    return {
        "ours_ms": round(ours, 2),
        "reference_ms": round(bare, 2),
        "ratio": round(ours / bare, 2),
        "against": f"a new {driver} connection to the same server, on loopback",
    }


def _events(variables: dict[str, str]) -> dict[str, dict[str, object]]:
    blind = variables | {"DISJOINT_SEAL": str(Path(variables["DISJOINT_SEAL"]).with_name(BLIND))}
    *_, first = _told(blind, _EVENTS).splitlines()
    said = [*_told(variables, _EVENTS).splitlines(), first.replace("first", "first-blind")]
    lines = (line.rsplit(" ", 1) for line in said)
    return {
        f"guard/event-{event}": {
            "ours_us": round(float(microseconds), 2),
            "reference_us": EVENT_MICROSECONDS,
            "ratio": round(float(microseconds) / EVENT_MICROSECONDS, 2),
            "against": "two microseconds"
            if not event.startswith("first")
            else "two microseconds (first sight of an address)",
        }
        for event, microseconds in lines
    }


if __name__ == "__main__":
    sys.exit(print(json.dumps(measure(), indent=2)))
