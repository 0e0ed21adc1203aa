"""What the guard's pages show of web servers is what they print, and how they end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from guard_web_world import Sealed, sealed_in, situations
from web_processes import Ran, Server, ran

from disjoint.demo import stack

pytestmark = pytest.mark.live
DOCS = Path(__file__).parents[2] / "docs" / "guard"
PAGES = ("fastapi", "flask")
_CONSOLE = re.compile(r"```console\n\$ (?P<command>.+)\n(?P<output>[^`]*)\$ echo \$\?\n(?P<code>\d+)\n```")
_ROW = re.compile(r"^\| `(?P<command>[^`]+)` \| (?P<codes>\d[\d or]*) \|$", re.MULTILINE)
_PROCESS = re.compile(r"\[(\d{2,})\]")
_PLAIN = {
    re.compile(r"\[\d{4}-\d\d-\d\d [^\]]+\]"): "[2026-11-26 09:30:00 +0000]",
    re.compile(r"http://127\.0\.0\.1:\d+"): "http://127.0.0.1:8000",
}
"""What differs each time, and how the pages write it."""


class Shown(NamedTuple):
    """A command that a page shows, and how it says that this ends."""

    command: str
    output: str
    codes: frozenset[int]


@pytest.fixture(scope="module")
def sealed(running: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return sealed_in(tmp_path_factory.mktemp("sealed"), running)


def consoles(page: str) -> Iterator[Shown]:
    """Every command with its output."""
    for found in _CONSOLE.finditer(page):
        yield Shown(found["command"], found["output"], frozenset({int(found["code"])}))


def rows(page: str) -> Iterator[Shown]:
    """Every command of the table of codes."""
    for found in _ROW.finditer(page):
        yield Shown(found["command"], "", frozenset(map(int, found["codes"].split(" or "))))


def refusal(shown: Shown, page: str, sealed: Sealed, folder: Path) -> Ran:
    """What becomes of the page's own application, where production's database is named."""
    program = page.partition("```python\n")[2].partition("```")[0]
    (folder / "shop.py").write_text(program)
    anywhere = {
        "UVICORN_PORT": "0",
        "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:0 --no-control-socket",
        "FLASK_RUN_PORT": "0",
    }
    variables = {**situations(sealed)["shared"][0], **anywhere, "PYTHONPATH": str(folder)}
    return ran(Server(tuple(shown.command.split()), shown.codes), variables, folder)


def plain(said: str) -> str:
    """Without what differs each time."""
    for number, process in enumerate(dict.fromkeys(_PROCESS.findall(said)), 4711):
        said = re.sub(rf"\b{process}\b", str(number), said)
    for pattern, instead in _PLAIN.items():
        said = pattern.sub(instead, said)
    return said


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_a_refusal_prints(name: str, sealed: Sealed, tmp_path: Path) -> None:
    """To the letter, but for numbers of processes and times."""
    page = (DOCS / f"{name}.md").read_text()
    shown = list(consoles(page))
    assert len(shown) == page.count("```console") >= 1
    for each in shown:
        result = refusal(each, page, sealed, tmp_path)
        assert plain(result.said) == each.output, result.said
        assert result.code in each.codes


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_how_each_server_ends(name: str, sealed: Sealed, tmp_path: Path) -> None:
    page = (DOCS / f"{name}.md").read_text()
    shown = list(rows(page))
    assert len(shown) >= 6
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda each: refusal(each, page, sealed, tmp_path), shown))
    for each, result in zip(shown, found, strict=True):
        assert result.status is None
        assert result.code in each.codes, (each.command, result.code, result.said)
        assert not result.left
