"""`disjoint guard`: start a command only where its variables lead to nothing of production's."""

from __future__ import annotations

import click


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog="Exit codes: 78 refused, 126 CMD cannot be run, 127 there is no such program, 2 usage; "
    "once CMD runs, they are its own.",
)
@click.option(
    "--seal", metavar="FILE", help="Production's seal. [default: $DISJOINT_SEAL, then production.sealed.json]"
)
@click.option(
    "--mode",
    type=click.Choice(["enforce", "report"]),
    help="report says what would be refused, and starts. [default: $DISJOINT_GUARD_MODE, then enforce]",
)
@click.option("--deep", is_flag=True, help="Ask the servers who they are, too; within 3 s in all.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD [ARGS]...")
def command(seal: str | None, mode: str | None, deep: bool, command: tuple[str, ...]) -> int:
    """Start CMD only if this process's variables lead to nothing of production's.

    Compares them with production's seal, by digests; asks no server without --deep. CMD then takes the place
    of this process: signals, exit codes and the process's number are its own, so that it may be a container's
    entry point. A production process is never refused.

    \b
    disjoint guard -- gunicorn shop.wsgi
    ENTRYPOINT ["disjoint", "guard", "--"]

    DISJOINT_OVERRIDE="reason; by; 2026-12-31T18:00:00Z" starts CMD nevertheless, four hours ahead at most,
    and says so in the log, in the journal and in every later report.
    """
    from .starting import Call, started  # noqa: PLC0415  (--help needs none of it)

    return started(Call(command, seal, mode, deep))
