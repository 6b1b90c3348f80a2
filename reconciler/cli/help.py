"""`trueup help` and `trueup version`, for those who type them as commands."""

from __future__ import annotations

import click

from reconciler.cli.commands import unknown_command
from reconciler.version import __version__


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_command(context: click.Context, *, words: tuple[str, ...]) -> None:
    """Show the help of a COMMAND, such as `policy add`; without one the list of commands."""
    shown = context.find_root()
    command: click.Command = shown.command
    for word in words:
        found = command.get_command(shown, word) if isinstance(command, click.Group) else None
        if found is None:
            path = shown.command_path
            at_root = shown is context.find_root()
            message = unknown_command(word) if at_root else f"{path} has no command {word!r}"
            shown.fail(message)
        command = found
        shown = click.Context(command, info_name=word, parent=shown)
    click.echo(command.get_help(shown))


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"trueup, version {__version__}")
