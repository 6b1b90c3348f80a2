"""The commands: their names, where they are, and their line in `trueup --help`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.global_options import with_global_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "accept": ("reconciler.cli.accepting:accept", "Accept a change that no code declares."),
    "agent": ("reconciler.cli.agent:agent", "Manage the agents of hosts."),
    "alert": ("reconciler.cli.alert:alert", "List alerts, and mute one until it is over."),
    "ack": ("reconciler.cli.ignore:ack", "Mark a finding as seen."),
    "approve": ("reconciler.cli.approve:approve", "Approve the plan of a remediation."),
    "assign": ("reconciler.cli.ignore:assign", "Assign a finding to a person."),
    "audit": ("reconciler.cli.audit:audit", "List who did what."),
    "baseline": ("reconciler.cli.baseline:baseline", "Manage the values that scans compare with."),
    "channel": ("reconciler.cli.channel:channel", "List and test channels of alerts."),
    "cancel": ("reconciler.cli.decisions:cancel", "Cancel a remediation."),
    "comment": ("reconciler.cli.ignore:comment", "Add a comment to a finding."),
    "completion": ("reconciler.cli.completion:completion", "Print a completion script."),
    "declare": ("reconciler.cli.accepting:declare", "Print the code that would declare a change."),
    "doctor": ("reconciler.cli.doctor:doctor", "Check tools, plugins and credentials."),
    "findings": ("reconciler.cli.findings:findings", "List drift, most severe first."),
    "help": ("reconciler.cli.help:help_command", "Show the help of a command."),
    "hold": ("reconciler.cli.hold:hold", "Pause corrections of everything, a stack or a resource."),
    "ignore": ("reconciler.cli.ignore:ignore", "Take a finding off the list."),
    "ignores": ("reconciler.cli.ignore:ignores", "List ignore rules and what they matched."),
    "init": ("reconciler.cli.init:init", "Find stacks and write trueup.toml."),
    "log": ("reconciler.cli.log:log", "Print the output of a run."),
    "plan": ("reconciler.cli.plan:plan", "Show what a correction would do."),
    "policy": ("reconciler.cli.policy:policy", "Manage policies: which drift is corrected how."),
    "reject": ("reconciler.cli.decisions:reject", "Reject the plan of a remediation."),
    "reload": ("reconciler.cli.reload:reload", "Read trueup.toml again, without a restart."),
    "remediate": ("reconciler.cli.decisions:remediate", "Request the correction of a finding."),
    "remediation": ("reconciler.cli.remediations:remediation", "Show a remediation and its plan."),
    "remediations": ("reconciler.cli.remediations:remediations", "List remediations."),
    "report": ("reconciler.cli.report:report", "Report on drift over a span of time."),
    "resume": ("reconciler.cli.hold:resume", "End a hold; corrections go on."),
    "retry": ("reconciler.cli.decisions:retry", "Retry a stuck remediation."),
    "runs": ("reconciler.cli.runs:runs", "List runs of the tools, or show one."),
    "scan": ("reconciler.cli.scan:scan", "Find drift once, without a daemon; read-only."),
    "serve": (
        "reconciler.cli.serve:serve",
        "Run the daemon.",
    ),
    "show": ("reconciler.cli.show:show", "Show one finding: declared, recorded, live."),
    "snooze": ("reconciler.cli.ignore:snooze", "Take a finding off the list for a time."),
    "stack": ("reconciler.cli.stack:stack", "Manage the stacks of the daemon."),
    "status": ("reconciler.cli.status:status", "Show stack health."),
    "suppress": ("reconciler.cli.decisions:suppress", "Leave a drift as it is."),
    "template": ("reconciler.cli.template:template", "Manage the declared forms of resources."),
    "token": ("reconciler.cli.token:token", "Manage API tokens."),
    "tui": ("reconciler.cli.tui:tui", "Open the terminal UI."),
    "quarantine": (
        "reconciler.cli.quarantine:quarantine",
        "Request that the resource of a finding be isolated.",
    ),
    "quarantines": ("reconciler.cli.quarantine:quarantines", "List what is in quarantine."),
    "release": ("reconciler.cli.quarantine:release", "Release what a quarantine isolates."),
    "unsuppress": ("reconciler.cli.decisions:unsuppress", "Make a suppressed finding open again."),
    "version": ("reconciler.cli.help:version", "Print the version."),
}
LOCAL: Final = frozenset(
    {"baseline", "completion", "doctor", "help", "init", "scan", "serve", "version"}
)
"""These need no daemon."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order they are shown."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`; None when there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return with_global_options(command, daemon=cmd_name not in LOCAL)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands without a daemon"):
            formatter.write_dl([row for row in rows if row[0] in LOCAL])
        with formatter.section("Commands that ask the daemon"):
            formatter.write_dl([row for row in rows if row[0] not in LOCAL])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin with `incomplete`, without importing them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell needs it

        return [
            CompletionItem(name, help=COMMANDS[name][1])
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command meant, or say which one may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(unknown_command(args[0]))
        return super().resolve_command(ctx, args)


def unknown_command(name: str) -> str:
    """Return the sentence about a command that does not exist."""
    from reconciler.cli.suggestions import suggestion  # noqa: PLC0415  only a mistake needs it

    near = suggestion(name, COMMANDS)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"there is no command {name!r}{hint}"
