"""`trueup scan`: find drift once, in this process, read-only."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from reconciler.bootstrap.adapters import SystemClock, adapter_setup, judging, severity_overrides
from reconciler.bootstrap.baseline_file import kept_in_file
from reconciler.bootstrap.instance import instance_key
from reconciler.bootstrap.scanned_states import ScannedStates
from reconciler.bootstrap.targets import Targets, resolve_targets, unlisted_root
from reconciler.cli.completing_targets import targets
from reconciler.cli.data_options import data_options
from reconciler.cli.examples import examples
from reconciler.cli.global_options import given
from reconciler.cli.labels import counted
from reconciler.cli.paint import paint_for, safe
from reconciler.cli.progress import ScanProgress, StackProgress
from reconciler.cli.tool_options import any_option, said_to_tool
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Severity, StackName
from reconciler.domain.report import ExitCode, Judging, exit_code
from reconciler.domain.state_lineage import StateMark
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.durations import read_duration
from reconciler.engine.fleet import FleetScan, scan_repeatedly
from reconciler.engine.scan import Scanning
from reconciler.ports import IacAdapter, StackReference
from reconciler.registry import InstalledTools
from reconciler.settings_file import data_directory, load_settings
from reconciler.settings_location import nearest_settings_file, own_settings_file

_EXIT_TERMINATED: Final = 143
"""As a shell reports a program ended by SIGTERM."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for, resolved."""

    references: tuple[StackReference, ...]
    addresses: tuple[str, ...]
    scans: int
    every_s: float
    output: str | None
    verbose: bool
    fail_on: Severity


def _seconds(context: click.Context, parameter: click.Parameter, text: str) -> float:
    del context, parameter
    try:
        return read_duration(text).total_seconds()
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(
    epilog=examples(
        "trueup scan",
        "trueup scan webshop infra/network",
        "trueup scan --all --fail-on high --json",
    )
)
@click.argument("stacks", nargs=-1, metavar="[DIR|NAME]...", shell_complete=targets)
@click.option("--all", "every_stack", is_flag=True, help="All stacks of trueup.toml.")
@click.option(
    "--fail-on",
    type=click.Choice(["low", "medium", "high", "critical"]),
    default="low",
    help="End with 2 only for drift of at least this severity; default: low, any drift.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "plugin", "cli"]),
    help="How to read: through provider plugins, or the tool's own plan (cli). auto (default)"
    " takes plugins where they can be driven.",
)
@click.option(
    "--address", "addresses", multiple=True, metavar="A", help="Only this address; repeatable."
)
@click.option(
    "--var-file",
    "var_files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of variables, as terraform takes it; repeatable.",
)
@click.option("--stack", "pulumi_stack", metavar="NAME", help="Which Pulumi stack of a project.")
@click.option(
    "--dynamic-providers",
    is_flag=True,
    default=None,
    help="Run Pulumi providers whose code is in the stack's state, to read with them.",
)
@click.option("--workspace", metavar="NAME", help="Which Terraform workspace.")
@click.option(
    "--children",
    type=click.Choice(["auto", "all", "none"]),
    help="Look for children that no code declares: all (default), none, or auto: spend a tenth"
    " of the scan's calls on them (default with --repeat).",
)
@any_option
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Scan N times; default: 1."
)
@click.option(
    "--every",
    "every_s",
    default="5s",
    callback=_seconds,
    metavar="TIME",
    help="Time from the start of one scan to the next, with --repeat; default: 5s.",
)
@data_options
def scan(  # noqa: PLR0913 - one parameter per option
    *,
    stacks: tuple[str, ...],
    every_stack: bool,
    fail_on: str,
    engine: str | None,
    addresses: tuple[str, ...],
    repeat: int,
    every_s: float,
    output: str | None,
    **said: Any,
) -> int:
    """Find drift of stacks, given by directory or by their name in trueup.toml.

    Without any: the stack of the current directory; elsewhere all stacks of trueup.toml.
    Nothing is changed: not the directory, not the backend, not the cloud.

    Exit code: 0 in sync, 2 drift, 3 something was unreadable, 1 error.
    """
    if every_stack and stacks:
        raise click.UsageError("--all and names of stacks cannot be combined")
    asked = Targets(chosen=stacks, every=every_stack, engine=engine, options=said_to_tool(said))
    tools = InstalledTools()
    try:
        references, rating, data_dir = prepared(given().config, asked, tools)
    except ReconcilerError as error:
        from reconciler.cli.scan_output import write_refusal  # noqa: PLC0415  see _print

        write_refusal(error, output)
        raise
    order = _Order(
        references=references,
        addresses=addresses,
        scans=repeat,
        every_s=every_s,
        output=output,
        verbose=given().verbose,
        fail_on=Severity[fail_on.upper()],
    )
    try:
        return asyncio.run(_run(order, rating, data_dir, tools))
    except asyncio.CancelledError:
        return _EXIT_TERMINATED


def _settings_file(targets: Targets) -> Path | None:
    """Return the nearest trueup.toml, seen from here, else from the directory that is named.

    `cd / && trueup scan DIR` has to mean what `cd DIR && trueup scan` means.
    """
    places = (Path.cwd(), *(Path(chosen) for chosen in targets.chosen))
    found = (nearest_settings_file(place) for place in places if place.is_dir())
    return next((file for file in found if file is not None), own_settings_file(os.environ))


def prepared(
    config: Path | None, targets: Targets, tools: InstalledTools
) -> tuple[tuple[StackReference, ...], Judging, Path]:
    """Return which stacks are meant, how they are judged, and where our data is.

    Where those do not include the stack of the current directory, a warning on stderr says so.

    Raises:
        ReconcilerError: the settings or the targets are not usable.
    """
    settings = load_settings(config or _settings_file(targets), os.environ, tools=tools)
    references = resolve_targets(targets, tools=tools, stacks=settings.stacks, here=Path.cwd())
    passed_over = unlisted_root(targets, tools=tools, stacks=settings.stacks, here=Path.cwd())
    if passed_over is not None:
        _warn_of_unlisted(passed_over, len(references))
    data_dir = data_directory(settings, os.environ)
    rating = judging(instance_key(data_dir), severity_overrides(settings))
    return references, rating, data_dir


def _warn_of_unlisted(directory: Path, scanned: int) -> None:
    """Say that `directory` is not scanned: `No drift.` of others would read as of this one."""
    command = click.get_current_context().command_path
    paint = paint_for(sys.stderr)
    click.echo(
        f"{paint('medium', 'warning: ')}{safe(directory.name)} is not in trueup.toml; scanning its"
        f" {counted(scanned, 'stack')}. `{command} .` scans this directory.",
        err=True,
        color=paint.colour,
    )


async def _run(order: _Order, rating: Judging, data_dir: Path, tools: InstalledTools) -> int:
    """Make the scans; every adapter is closed on every way out."""
    _end_on_sigterm()
    code = ExitCode.IN_SYNC
    states_before = ScannedStates(data_dir, key=rating.key)
    async with AsyncExitStack() as opened:
        adapters: dict[str, IacAdapter] = {}
        progress = ScanProgress(sys.stderr)
        opened.callback(progress.clear)
        listeners: dict[StackName, StackProgress] = {}

        def scanning_for(reference: StackReference) -> Scanning:
            if reference.tool not in adapters:
                setup = adapter_setup(
                    data_dir=data_dir,
                    key=rating.key,
                    progress=progress.say,
                    repeats=order.scans > 1,
                )
                adapter = tools.open(reference.tool, setup)
                opened.push_async_callback(adapter.close)
                adapters[reference.tool] = adapter
            listeners[reference.name] = progress.watch(reference.name)
            return Scanning(
                adapter=adapters[reference.tool],
                clock=SystemClock(),
                judging=rating,
                listener=listeners[reference.name],
                yardstick=Yardstick(kept_in_file(reference, key=rating.key)),
            )

        scans = scan_repeatedly(
            order.references,
            scanning_for=scanning_for,
            addresses=order.addresses,
            scans=order.scans,
            every_s=order.every_s,
        )
        for number in range(order.scans):
            # The wait before a scan belongs to no progress; it begins with the first stack.
            done = await anext(scans)
            progress.clear()
            states = {name: listener.state for name, listener in listeners.items()}
            done = _warned(done, order.references, states, states_before)
            _print(done, order, number + 1)
            failed = bool(done.failures)
            code = exit_code(done.reports, failed=failed, fail_on=order.fail_on)
        await scans.aclose()
    return code


def _warned(
    done: FleetScan,
    references: Iterable[StackReference],
    states: Mapping[StackName, StateMark],
    states_before: ScannedStates,
) -> FleetScan:
    """Return the scan with a warning for each state that cannot follow the one read before."""
    by_name = {reference.name: reference for reference in references}
    reports = []
    for report in done.reports:
        warning = states_before.warning(by_name[report.stack], states[report.stack])
        warnings = report.warnings if warning is None else (warning, *report.warnings)
        reports.append(replace(report, warnings=warnings))
    return replace(done, reports=tuple(reports))


def _end_on_sigterm() -> None:
    """Let SIGTERM unwind as SIGINT does, so that no provider process is left behind."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _print(done: FleetScan, order: _Order, number: int) -> None:
    # Imported when there is something to print: no read has to wait for it.
    from reconciler.cli.scan_output import ScanOutput  # noqa: PLC0415

    output = ScanOutput(
        stacks=len(order.references),
        scans=order.scans,
        output=order.output,
        verbose=order.verbose,
    )
    output.write(done, number)
