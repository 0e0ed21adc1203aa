"""`disjoint`: find the command, run it, turn every error into one line and one exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

import click

from disjoint import __version__
from disjoint.errors import (
    BarredError,
    DemoError,
    DisjointError,
    TamperedError,
    UnprovenError,
    UsageError,
    WriteError,
)

from .exits import Exit
from .spoken import abandon_output, spoken

_SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Prove": {
        "verify": "Prove two environments disjoint. The main job.",
        "demo": "Watch it work on two embedded environments, and break one on purpose.",
        "init": "Write disjoint.toml from two files of variables.",
        "check": "Check a manifest without a network, for a commit hook.",
        "report": "Show a report that was written as JSON in another format.",
        "explain": "Say what a rule asks, reads, proves, and cannot see.",
        "selftest": "Break isolation in memory, and see that every row notices.",
        "compare": "Say whether two addresses may reach one thing.",
    },
    "Where no process may hold both sides' credentials": {
        "hold": "Hold staging's marks, for production to look for.",
        "look": "Look for them from production's side.",
        "join": "Judge what both sides saw.",
        "seal": "Seal production, inside it, for a staging that may hold no credential of it.",
    },
    "Whose rows are they": {
        "census": "Read staging's rows as digests, to be compared on production's side.",
        "overlap": "Look for production's rows among them, on production's side.",
        "private": "Compare by private set intersection, where neither side may test guesses.",
        "exports": "Look for production's rows where a side is an export in Parquet.",
        "baseline": "Learn the values that every fresh database holds, for people to review.",
    },
    "Evidence for others": {
        "certify": "Prove, and sign what was proven for others to hold on to.",
        "sign-off": "Sign a certificate as a person: what was read, what is accepted, until when.",
        "gate": "Let no deploy pass without a certificate about staging as it is.",
        "verify-certificate": "Say whether a certificate holds, for this, now; offline.",
        "journal": "Read what happened, see that nobody changed it; freeze and lift.",
        "keygen": "Make the key that certificates and seals are signed with.",
    },
    "In the application": {
        "guard": "Start a command only if its variables lead to nothing of production's.",
    },
}
COMMANDS = {name: does for section in _SECTIONS.values() for name, does in section.items()}
"""Each command lives in the module of its name and loads when it is called."""


class Lazy(click.Group):
    """A group whose commands are modules, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"disjoint.cli.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest names where there is no such command."""
        asked = args[0]
        if asked not in COMMANDS and not asked.startswith("-"):
            import difflib  # noqa: PLC0415

            near = difflib.get_close_matches(asked, COMMANDS, n=1, cutoff=0.5) or COMMANDS
            raise click.UsageError(f"there is no command {asked!r}; did you mean {' or '.join(near)}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, COMMANDS))
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), does) for name, does in commands.items()])


@click.group(
    cls=Lazy, context_settings={"auto_envvar_prefix": "DISJOINT", "help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, message="disjoint %(version)s")
def cli() -> None:
    """Prove that a staging environment touches no production data and no production resource.

    \b
    Try it on nothing of yours:      disjoint demo
    On two files of variables:       disjoint verify --staging .env.staging --production .env.production
    Write that down and refine it:   disjoint init   --staging .env.staging --production .env.production

    Exit codes: 0 isolated, 1 shared, 2 usage or manifest, 3 unproven, 4 could not write, 70 internal error.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code. No traceback ever shows: its locals hold secrets."""
    try:
        return _exit_code(cli.main(arguments, prog_name="disjoint", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return Exit.USAGE
    except click.ClickException as error:
        _refuse(error)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted: nothing was proven", err=True)
        return 130
    except BrokenPipeError:
        abandon_output()  # whoever read our output left
        return Exit.UNWRITTEN
    except DisjointError as error:
        click.echo(f"error: {_told(error)}", err=True)
        return _code_of(error)
    except Exception as error:  # noqa: BLE001  (the last resort; an exception's text may hold a secret)
        _internal(error)
        return Exit.INTERNAL


def _refuse(error: click.ClickException) -> None:
    """A refusal as our own errors look, without the words it quotes where they may hold a password."""
    said = " ".join(error.format_message().split())
    click.echo(f"error: {spoken(said[:1].lower() + said[1:])}", err=True)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(f"try:   {error.ctx.command_path} --help", err=True)


def _told(error: DisjointError) -> str:
    """The error in one line; a server's log below it keeps its lines."""
    lines = str(error).split("\n") if isinstance(error, DemoError) else [str(error)]
    return "\n".join(map(spoken, lines))


def _exit_code(returned: object) -> int:
    return returned if isinstance(returned, int) else Exit.HOLDS


def _code_of(error: DisjointError) -> int:
    match error:
        case UsageError():
            return Exit.USAGE
        case WriteError():
            return Exit.UNWRITTEN
        case TamperedError() | BarredError():
            return Exit.BAD
        case UnprovenError():
            return Exit.UNPROVEN
        case _:
            return Exit.INTERNAL


def _internal(error: Exception) -> None:
    """Name the defect by type and place; never by its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"
    click.echo(f"internal error: {type(error).__name__} in {place}; please report it", err=True)
