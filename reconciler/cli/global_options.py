"""The options that are taken before and after every command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class Given:
    """What they say, wherever they stood; of two the later one counts.

    Not a dataclass: that import alone would be a fifth of what `trueup --version` may take.
    """

    def __init__(self) -> None:
        self.config: Path | None = None
        self.server: str | None = None
        self.token_file: Path | None = None
        self.verbose = False
        self.no_color = False


def given() -> Given:
    """Return the global options of the command that runs."""
    return click.get_current_context().find_root().ensure_object(Given)


def global_options(*, daemon: bool = True) -> list[click.Option]:
    """Return the options anew; without `daemon` those that name one are taken and not shown."""
    return [
        _option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Settings file; default: the nearest trueup.toml.",
        ),
        _option(
            "--server",
            metavar="URL",
            hidden=not daemon,
            help="URL of the daemon; default: TRUEUP_SERVER, then `listen` of trueup.toml.",
        ),
        _option(
            "--token-file",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            hidden=not daemon,
            help="File with the token; default: TRUEUP_TOKEN, then the local daemon's admin token.",
        ),
        _option(
            "-v", "--verbose", is_flag=True, help="Show whole ids, exact times and all details."
        ),
        _option("--no-color", is_flag=True, help="Print without colour, as NO_COLOR=1 does."),
    ]


def with_global_options(command: click.Command, *, daemon: bool) -> click.Command:
    """Let `command`, and each command below it, take the global options too."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_global_options(below, daemon=daemon)
    own = {flag for param in command.params for flag in param.opts}
    command.params += [
        option for option in global_options(daemon=daemon) if not own & set(option.opts)
    ]
    return command


def _option(*names: str, **attributes: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_keep, **attributes)


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and not context.resilient_parsing:
        setattr(context.find_root().ensure_object(Given), parameter.name or "", value)
