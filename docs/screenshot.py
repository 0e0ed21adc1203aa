"""Take the README's picture: what a terminal really shows of a real run, as one SVG without outside assets.

.venv/bin/python docs/screenshot.py
"""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).resolve().parent
COLUMNS = 100
LINES = 29
COMMAND = ("demo", "--leak", "same-redis-other-db")


def shown(arguments: tuple[str, ...]) -> str:
    """What the command writes to a terminal of its own."""
    program = str(HERE.parent / ".venv/bin/disjoint")
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), PYTHONIOENCODING="utf-8")
        os.execv(program, [program, *arguments])  # noqa: S606  (our own program, no shell wanted)
    chunks = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # the child closed its end
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.waitpid(child, 0)
    return b"".join(chunks).decode("utf-8").replace("\r\n", "\n")


def main() -> None:
    """Write docs/demo.svg."""
    text = shown(COMMAND)
    started = text.index("leak ")
    report = text[text.index("\n", started) + 1 :]
    lines = re.sub(r"/\S*/(\S+\.toml)", r"\1", report).split("\n")[:LINES]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ disjoint {' '.join(COMMAND)}", style="bold"))
    console.print(Text.from_ansi("\n".join(lines)))
    svg = console.export_svg(title="disjoint", theme=MONOKAI)
    svg = re.sub(r"@font-face \{[^}]*\}", "", svg)
    (HERE / "demo.svg").write_text(svg)
    sys.stdout.write(f"docs/demo.svg: {len(svg) // 1024} KiB\n")


if __name__ == "__main__":
    main()
