"""`trueup tui`: the terminal UI, found when it is called; nothing else here draws."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import click

from reconciler.cli.client.endpoint import Wanted, find_daemon
from reconciler.cli.examples import examples
from reconciler.cli.global_options import given
from reconciler.cli.starting import Start
from reconciler.client.errors import UnreachableError


@click.command(
    epilog=examples(
        "trueup tui",
        "trueup tui --read-only",
        "trueup tui --environment prod --view 'sev:high !kind:missing'",
    )
)
@click.option("--read-only", is_flag=True, help="Change nothing; TRUEUP_READ_ONLY=1 does the same.")
@click.option(
    "--environment",
    envvar="TRUEUP_ENVIRONMENT",
    default="",
    metavar="NAME",
    help="What is behind the daemon; of prod... approvals, releases and cancels ask for a name.",
)
@click.option(
    "--view",
    default="",
    metavar="FILTER",
    help="Show what passes FILTER, or a view of tui.toml, first.",
)
@click.option(
    "--theme",
    type=click.Choice(["terminal", "colour-blind", "mono"]),
    default=None,
    envvar="TRUEUP_THEME",
    help="Colours; default: the terminal's own, and none with NO_COLOR.",
)
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw the frame in ASCII.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
def tui(
    read_only: bool,  # noqa: FBT001 - click passes them by name
    environment: str,
    view: str,
    theme: str | None,
    ascii_only: bool,  # noqa: FBT001
    no_mouse: bool,  # noqa: FBT001
) -> None:
    """Show the fleet's drift, plans and runs, and decide, in the terminal.

    The daemon does the work: leaving the terminal UI stops nothing.
    """
    said = given()
    wanted = Wanted(server=said.server, token_file=said.token_file, config=said.config)
    here = Path.cwd()
    # Only this machine's own daemon, as its settings say it, is one that can be started here.
    named = said.server or os.environ.get("TRUEUP_SERVER")
    start = None if named else Start(said.config, here, os.environ)
    read_only = read_only or bool(os.environ.get("TRUEUP_READ_ONLY"))
    try:
        daemon = find_daemon(wanted, environment=os.environ, here=here)
    except UnreachableError as error:
        if start is None or read_only or not _is_seen():
            raise
        # Before anybody is asked: one that is started for nothing corrects what a policy allows.
        if not import_module("tui.main").may_start(environment) or not _wants_one(error):
            raise
        click.echo("starting trueup serve", err=True)
        click.echo(start(), err=True)
        daemon = find_daemon(wanted, environment=os.environ, here=here)
    colourless = bool(os.environ.get("NO_COLOR")) or said.no_color
    # By name: an import would make the command line depend on what draws.
    options = import_module("tui.session").Options(
        read_only=read_only,
        environment=environment,
        theme=theme or ("mono" if colourless else ""),
        ascii_only=ascii_only,
        mouse=not no_mouse,
        view=view,
        start=start,
    )
    import_module("tui.main").run(daemon, options)


def _is_seen() -> bool:
    """Whether there is a terminal: without one nobody is asked."""
    return all(os.isatty(number) for number in (0, 1, 2))


def _wants_one(error: UnreachableError) -> bool:
    """Ask whether to start the daemon that is not there."""
    click.echo(str(error), err=True)
    return click.confirm("Start one now, in the background? (trueup serve)", err=True)
