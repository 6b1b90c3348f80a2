"""`trueup`: runs a command, and turns every ending into words and an exit code.

Commands are imported only when they are called, so `trueup --help` costs an import of
click and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from reconciler.cli.commands import LazyGroup
from reconciler.cli.garbage import collect_rarely
from reconciler.cli.global_options import Given, given, global_options
from reconciler.domain.errors import ReconcilerError
from reconciler.version import __version__

_AFTER_COMMAND: Final = frozenset({"-o", "--output", "--json"})
"""Options of commands that other tools take before the command as well."""

EXIT_ERROR: Final = 1
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141
"""As a shell reports a program ended by SIGINT and by SIGPIPE."""

_COMPLETION: Final = "_TRUEUP_COMPLETE"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[*global_options()],
    epilog="`trueup help COMMAND` shows the options and examples of a command.",
)
@click.version_option(__version__, prog_name="trueup")
def root() -> None:
    """Find and correct drift of Terraform, OpenTofu and Pulumi stacks."""
    context = click.get_current_context()
    if os.environ.get("NO_COLOR") or given().no_color:
        context.color = False


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    collect_rarely()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. Nothing but `SystemExit` escapes."""
    options = Given()
    if instruction := os.environ.get(_COMPLETION):
        from click.shell_completion import shell_complete  # noqa: PLC0415  rarely needed

        return shell_complete(root, {"obj": options}, "trueup", _COMPLETION, instruction)
    try:
        code = _invoke(arguments, options)
        sys.stdout.flush()
    except BrokenPipeError:
        return _silence()
    except KeyboardInterrupt:
        return _interrupted()
    except ReconcilerError as error:
        _tell(str(error), error.remedy, options)
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001  a user must never see a traceback
        return _crashed(error, options)
    return code


def _invoke(arguments: Sequence[str], options: Given) -> int:
    """Run click without its own handling of endings; return the exit code."""
    try:
        with root.make_context("trueup", list(arguments), obj=options) as context:
            result = root.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        return EXIT_ERROR
    except click.Abort:
        return _interrupted()
    except click.ClickException as error:
        # Not click's own code 2, which means drift here.
        # click lists the choices of a missing option one below the other.
        _tell(" ".join(error.format_message().split()), _usage_remedy(error), options)
        return EXIT_ERROR
    return result if isinstance(result, int) else 0


def _interrupted() -> int:
    """End the line that the terminal wrote `^C` on, so that the prompt has one of its own."""
    if sys.stderr.isatty():
        click.echo(err=True)
    return EXIT_INTERRUPTED


def _usage_remedy(error: click.ClickException) -> str | None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    of_root = context is not None and context.parent is None
    if of_root and isinstance(error, click.NoSuchOption) and error.option_name in _AFTER_COMMAND:
        return f"write {error.option_name} after the command: trueup status -o json"
    return f"see `{context.command_path} --help`" if context else None


def _tell(message: str, remedy: str | None, options: Given) -> None:
    colour = False if os.environ.get("NO_COLOR") or options.no_color else None
    try:
        click.echo(click.style("error: ", fg="red", bold=True) + message, err=True, color=colour)
        if remedy:
            click.echo(f"  help: {remedy}", err=True, color=colour)
    except BrokenPipeError:
        _silence()


def _silence() -> int:
    """Point both outputs to nowhere, so that closing them at exit says nothing either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    return EXIT_BROKEN_PIPE


def _crashed(error: Exception, options: Given) -> int:
    from reconciler.cli.crash import write_crash_log  # noqa: PLC0415  a crash is the exception

    log = write_crash_log(error, os.environ)
    kept = f"details are in {log}" if log else "its details could not be written down"
    _tell(
        f"trueup itself failed ({type(error).__name__}); {kept}",
        "please report this with that file",
        options,
    )
    return EXIT_ERROR


if __name__ == "__main__":
    main()
