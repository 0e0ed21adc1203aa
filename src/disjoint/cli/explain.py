"""`disjoint explain`: a rule's page, or the list of all rules."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from .exits import Exit
from .spoken import show


@click.command()
@click.argument("rule", required=False)
@click.option("--grants", metavar="KIND", help="Print the least privilege that a kind of resource needs.")
@click.option("--split", is_flag=True, help="With --grants: only what `disjoint look` needs on production.")
def command(rule: str | None, grants: str | None, *, split: bool) -> int:
    """Say what a rule asks, reads, proves and cannot see, and the remedy.

    Without RULE, list them all; with a kind's name, its own. Rules are named as reports name them:
    postgres/same-server.

    \b
    disjoint explain postgres                         what is asked about a database, a line each
    disjoint explain postgres/same-server             a rule's page
    disjoint explain --grants postgres                what to grant for what, as text to copy
    disjoint explain --grants redis --split           for the side that only looks
    """
    if grants is not None:
        return _granted(grants, rule, split=split)
    if split:
        raise click.UsageError("--split is for --grants: say of which KIND")
    found = pages()
    if rule is None:
        show("\n".join(_listed(found)))
    elif rule in found:
        show(found[rule].read_text("utf-8").rstrip("\n"))
    elif of_kind := {known: page for known, page in found.items() if rule and known.startswith(f"{rule}/")}:
        show("\n".join(_listed(of_kind)))
    else:
        raise click.UsageError(_unknown(rule, found))
    return Exit.HOLDS


def _granted(kind: str, rule: str | None, *, split: bool) -> int:
    from disjoint import pipeline  # noqa: PLC0415  (a rule's page needs none of it)

    if rule is not None:
        raise click.UsageError("give a RULE or --grants KIND, not both")
    recipes = pipeline.recipes(kind)
    wanted = {
        for_what: text for for_what, text in recipes.items() if for_what.startswith("look") or not split
    }
    show("\n\n".join(f"-- {for_what}\n{text}" for for_what, text in wanted.items()))
    return Exit.HOLDS


def pages() -> Mapping[str, Traversable]:
    """Every rule's page by its id, in alphabetical order: of the installed package, or of the checkout."""
    packaged = importlib.resources.files("disjoint") / "pages" / "rules"
    place = packaged if packaged.is_dir() else Path(__file__).parents[3] / "docs" / "rules"
    return dict(sorted(_pages(place, "")))


def _pages(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _pages(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".md"):
            yield prefix + entry.name.removesuffix(".md"), entry


def _listed(found: Mapping[str, Traversable]) -> Iterator[str]:
    """Each id with its question: the first line under the page's title."""
    width = max(map(len, found), default=0)
    for rule, page in found.items():
        lines = page.read_text("utf-8").splitlines()
        yield f"{rule:{width}}  {next(filter(None, lines[1:]), '')}"


def _unknown(rule: str, found: Mapping[str, Traversable]) -> str:
    """What to try in place of a name that no rule has: the nearest ids, or those of the same last part."""
    import difflib  # noqa: PLC0415

    tails = [known for known in found if known.rpartition("/")[2] == rule]
    near = tails or difflib.get_close_matches(rule, found, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`disjoint explain` lists them all."
    return f"no rule is called {rule!r}. {hint}"
