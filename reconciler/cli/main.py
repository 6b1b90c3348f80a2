"""`trueup`: finds the command, runs it, and turns every ending into words and an exit code.

Commands are imported only when they are called, so `trueup --help` costs an import of
click and nothing else.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from reconciler.domain.errors import ReconcilerError
from reconciler.version import __version__

EXIT_ERROR: Final = 1
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141
"""As a shell reports a program ended by SIGINT and by SIGPIPE."""

_COMPLETION: Final = "_TRUEUP_COMPLETE"
_COMMANDS: Final = {
    "doctor": ("reconciler.cli.doctor:doctor", "Say which tools are there, and what a lack costs."),
    "init": ("reconciler.cli.init:init", "Find stacks and write a commented trueup.toml."),
    "serve": ("reconciler.cli.serve:serve", "Watch, decide and correct; serve the API."),
    "scan": ("reconciler.cli.scan:scan", "Find drift once, in process; nothing is written."),
    "approve": ("reconciler.cli.approve:approve", "Say yes to exactly one plan."),
    "audit": ("reconciler.cli.audit:audit", "List who did what."),
    "cancel": ("reconciler.cli.decisions:cancel", "End a remediation."),
    "findings": ("reconciler.cli.findings:findings", "List what deviates, gravest first."),
    "hold": ("reconciler.cli.hold:hold", "Let nothing more be corrected."),
    "log": ("reconciler.cli.log:log", "Print what a run said."),
    "plan": ("reconciler.cli.plan:plan", "Say what a correction would do."),
    "policy": ("reconciler.cli.policy:policy", "What is to be done about which drift."),
    "reject": ("reconciler.cli.decisions:reject", "Say no to a plan."),
    "reload": ("reconciler.cli.reload:reload", "Have trueup.toml read anew."),
    "remediate": ("reconciler.cli.decisions:remediate", "Ask for a finding to be corrected."),
    "remediation": ("reconciler.cli.remediations:remediation", "Show one, with its plan."),
    "remediations": ("reconciler.cli.remediations:remediations", "List what is being done."),
    "resume": ("reconciler.cli.hold:resume", "Let corrections go on."),
    "retry": ("reconciler.cli.decisions:retry", "Let one that needs a person try again."),
    "runs": ("reconciler.cli.runs:runs", "List attempts to change the world."),
    "show": ("reconciler.cli.show:show", "Show one finding: declared, recorded, live."),
    "stack": ("reconciler.cli.stack:stack", "What is watched, and how often."),
    "status": ("reconciler.cli.status:status", "Say how each stack is."),
    "suppress": ("reconciler.cli.decisions:suppress", "Leave a drift as it is."),
    "template": ("reconciler.cli.template:template", "Declared forms of resources."),
    "token": ("reconciler.cli.token:token", "Who may ask the daemon for what."),
}
_ALONE: Final = frozenset({"doctor", "init", "scan", "serve"})
"""These ask no daemon."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order they are shown."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`; None when there is none."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        rows = [(name, _COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([row for row in rows if row[0] in _ALONE])
        with formatter.section("Commands that ask the daemon"):
            formatter.write_dl([row for row in rows if row[0] not in _ALONE])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command meant, or say which one may have been meant."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(_unknown(args[0]))
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trueup")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Settings to use instead of the nearest trueup.toml.",
)
@click.pass_context
def root(context: click.Context, config: Path | None) -> None:
    """Keep running infrastructure true to its templates."""
    context.obj = config
    if os.environ.get("NO_COLOR"):
        context.color = False


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. Nothing but `SystemExit` escapes."""
    if instruction := os.environ.get(_COMPLETION):
        from click.shell_completion import shell_complete  # noqa: PLC0415  rarely needed

        return shell_complete(root, {}, "trueup", _COMPLETION, instruction)
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return _silence()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ReconcilerError as error:
        _tell(str(error), error.remedy)
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001  a user must never see a traceback
        return _crashed(error)
    return code


def _invoke(arguments: Sequence[str]) -> int:
    """Run click without its own handling of endings; return the exit code."""
    try:
        with root.make_context("trueup", list(arguments)) as context:
            result = root.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        return EXIT_ERROR
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        # Not click's own code 2, which means drift here.
        _tell(error.format_message(), _usage_remedy(error))
        return EXIT_ERROR
    return result if isinstance(result, int) else 0


def _unknown(name: str) -> str:
    import difflib  # noqa: PLC0415  only a mistake needs it

    near = difflib.get_close_matches(name, _COMMANDS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no command {name!r}{hint}"


def _usage_remedy(error: click.ClickException) -> str | None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"see `{context.command_path} --help`" if context else None


def _tell(message: str, remedy: str | None) -> None:
    colour = False if os.environ.get("NO_COLOR") else None
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


def _crashed(error: Exception) -> int:
    from reconciler.cli.crash import write_crash_log  # noqa: PLC0415  a crash is the exception

    log = write_crash_log(error, os.environ)
    kept = f"details are in {log}" if log else "its details could not be written down"
    _tell(
        f"trueup itself failed ({type(error).__name__}); {kept}",
        "please report this with that file",
    )
    return EXIT_ERROR


if __name__ == "__main__":
    main()
