"""`trueup doctor`: which tools are there, and what a missing one means."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from reconciler.cli.data_options import data_options, write_data
from reconciler.cli.doctor_channels import Channels, survey_channels
from reconciler.cli.examples import examples
from reconciler.cli.global_options import given
from reconciler.domain.errors import PermanentError
from reconciler.inventory.credentials import CredentialSource, survey_credentials
from reconciler.inventory.obtaining import (
    OBTAINABLE,
    lacking,
    obtain,
    require_obtained,
    unneeded,
)
from reconciler.inventory.survey import survey_tools
from reconciler.registry import InstalledTools
from reconciler.settings import Settings
from reconciler.settings_file import load_settings
from reconciler.settings_location import find_settings_file
from reconciler.tools import Tool

_NAME_WIDTH: Final = 34


@click.command(epilog=examples("trueup doctor", "trueup doctor --fix"))
@click.option("--fix", is_flag=True, help="Obtain what is missing, or each TOOL named.")
@click.argument("names", metavar="[TOOL]...", nargs=-1, type=click.Choice(OBTAINABLE))
@data_options
def doctor(*, names: tuple[str, ...], fix: bool, output: str | None) -> None:
    """Check which tools, plugins and credential sources are there, and which channels fail.

    For each that is missing, doctor says what does not work without it. How the channels of
    trueup.toml stand it asks the daemon, if one runs.

    With --fix it obtains what the stacks of trueup.toml, or of this directory, need: tofu
    where there is no terraform, and pulumi for a Pulumi project. It runs Pulumi's own
    installer; what no installer provides is built from pinned Go modules, once, in some minutes.
    """
    if names and not fix:
        raise click.UsageError("a TOOL is named to obtain it: add --fix")
    file = given().config or find_settings_file(Path.cwd(), os.environ)
    settings, broken = _settings(file)
    tools: Sequence[Tool] = survey_tools(settings.stacks, os.environ)
    if fix:
        tools = _fix(names, tools, settings)
    credentials = survey_credentials(settings.stacks, os.environ)
    channels = survey_channels(settings)
    document = {**_document(file, settings, tools, credentials), "channels": channels.document()}
    if output == "json":
        click.echo(json.dumps(document, indent=2))
    elif output == "yaml":
        write_data(document, output)
    else:
        _show(file, settings, tools, credentials)
        _show_channels(channels)
        if wanted := lacking(tools, _directories(settings)):
            click.echo(f"obtain {' and '.join(wanted)}: trueup doctor --fix")
    if broken:
        raise broken


def _fix(names: Sequence[str], tools: Sequence[Tool], settings: Settings) -> Sequence[Tool]:
    """Obtain `names`, or what is lacking; return every tool as it is afterwards.

    Raises:
        PermanentError: one of them could not be obtained.
    """
    wanted = tuple(names) or lacking(tools, _directories(settings))
    if not wanted:
        click.echo("nothing is missing that can be obtained", err=True)
        return tools
    obtain(wanted)
    tools = survey_tools(settings.stacks, os.environ)
    require_obtained(wanted, tools)
    return tools


def _directories(settings: Settings) -> list[Path]:
    return [stack.directory for stack in settings.stacks] or [Path.cwd()]


def _settings(file: Path | None) -> tuple[Settings, PermanentError | None]:
    """Return the settings, or defaults and what is wrong: the tools are listed either way."""
    try:
        return load_settings(file, os.environ, tools=InstalledTools()), None
    except PermanentError as error:
        return Settings(), error


def _document(
    file: Path | None,
    settings: Settings,
    tools: Sequence[Tool],
    credentials: Sequence[CredentialSource],
) -> dict[str, object]:
    return {
        "tools": [
            {
                "name": tool.name,
                "found": tool.found,
                "path": str(tool.path) if tool.path else None,
                "version": tool.version,
                "lack": tool.lack,
                "note": tool.note,
            }
            for tool in tools
        ],
        "credentials": [
            {"provider": source.provider, "name": source.name, "found": source.found}
            for source in credentials
        ],
        "configuration": {
            "file": str(file) if file else None,
            "stacks": [stack.name for stack in settings.stacks],
        },
    }


def _show_channels(channels: Channels) -> None:
    if channels.lines or channels.unknown:
        click.echo("channels")
    for line in (*channels.lines, *([channels.unknown] if channels.unknown else [])):
        click.echo(f"  {line}")


def _show(
    file: Path | None,
    settings: Settings,
    tools: Sequence[Tool],
    credentials: Sequence[CredentialSource],
) -> None:
    click.echo(
        f"configuration  {file or 'no trueup.toml found here or above; write one: trueup init'}"
    )
    for stack in settings.stacks:
        click.echo(f"  {stack.name:<24} {stack.directory}")
    click.echo("tools")
    noted: set[str] = set()
    idle = unneeded(tools, _directories(settings))
    listed = [tool for tool in tools if tool not in idle]
    for tool in listed:
        mark = (
            click.style("found  ", fg="green")
            if tool.found
            else click.style("missing", fg="yellow")
        )
        detail = tool.lack or f"{tool.version or ''}  {tool.path or ''}".strip()
        click.echo(f"  {mark} {tool.name:<{_NAME_WIDTH}} {detail}")
        if tool.note and tool.note not in noted:
            noted.add(tool.note)
            click.echo(f"          {'':<{_NAME_WIDTH}} {tool.note}")
    if idle:
        click.echo("  not needed here, where no Pulumi project is:")
        click.echo(f"          {', '.join(tool.name for tool in idle)}")
    click.echo("credentials (names only)")
    for provider in dict.fromkeys(source.provider for source in credentials):
        names = [s.name for s in credentials if s.provider == provider and s.found]
        click.echo(f"  {provider:<8} {', '.join(names) or 'no source found'}")
    missing = sum(not tool.found for tool in listed)
    click.echo(f"{len(listed) - missing} found, {missing} missing")
