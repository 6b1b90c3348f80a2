"""`trueup baseline`: what scans without a daemon hold the live values against."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from reconciler.bootstrap.adapters import SystemClock, adapter_setup
from reconciler.bootstrap.baseline_file import file_of, kept_in_file, write_file
from reconciler.bootstrap.targets import Targets
from reconciler.cli.change_lines import change_lines
from reconciler.cli.completing_targets import targets
from reconciler.cli.data_options import data_options, write_data
from reconciler.cli.examples import examples
from reconciler.cli.global_options import given
from reconciler.cli.labels import text_of
from reconciler.cli.paint import paint_for
from reconciler.cli.progress import ScanProgress
from reconciler.cli.scan import prepared
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Origin, StackReport
from reconciler.domain.report import ExitCode, Judging
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import IacAdapter, StackReference
from reconciler.registry import InstalledTools
from reconciler.wire.lossless import lossless
from reconciler.wire.scan import finding_object
from reconciler.wire.times import timestamp

_STACKS: Final = click.argument("stacks", nargs=-1, metavar="[DIR|NAME]...", shell_complete=targets)
YardstickFor = Callable[[StackReference, Judging], Yardstick]


@click.group()
def baseline() -> None:
    """Write, show and compare trueup.baseline.json, which scans without a daemon compare with.

    The file lies beside the stack's code and may be committed. It holds what was live when it was
    written, secrets as keyed digests. Without it a scan goes by the recorded state.
    """


@baseline.command(
    "write", epilog=examples("trueup baseline write", "trueup baseline write webshop")
)
@_STACKS
@data_options
def write(*, stacks: tuple[str, ...], output: str | None) -> int:
    """Write what is live now as the baseline of stacks. Nothing else is changed."""
    references, rating, reports = _scanned(stacks, _renewing)
    written = []
    for reference, report in zip(references, reports, strict=True):
        _refuse_incomplete(report)
        at = report.observed_at
        file = write_file(reference, report.begun, key=rating.key, at=at)
        written.append({"stack": report.stack, "file": str(file), "resources": len(report.begun)})
    lines = [
        f"{entry['stack']}: {entry['resources']} resources in {entry['file']}" for entry in written
    ]
    _answer({"written": written}, lines, output)
    return ExitCode.IN_SYNC


@baseline.command("show", epilog=examples("trueup baseline show", "trueup baseline show --json"))
@_STACKS
@data_options
def show(*, stacks: tuple[str, ...], output: str | None) -> int:
    """Show the baselines of stacks as they were written."""
    references, rating, _ = _prepared(stacks)
    body, lines = [], []
    for reference in references:
        kept = kept_in_file(reference, key=rating.key)
        lines.append(_headline(reference, len(kept)))
        for address in sorted(kept):
            kept_baseline = kept[address]
            body.append(
                {
                    "stack": reference.name,
                    "address": address,
                    "written_at": timestamp(kept_baseline.kept_at),
                    "values": lossless(kept_baseline.values),
                }
            )
            lines.append(f"  {text_of(address)}")
    _answer({"baselines": body}, lines, output)
    return ExitCode.IN_SYNC


@baseline.command("diff", epilog=examples("trueup baseline diff", "trueup baseline diff webshop"))
@_STACKS
@data_options
def diff(*, stacks: tuple[str, ...], output: str | None) -> int:
    """Show what differs from the baselines and no plan would act on.

    Exit code: 0 nothing, 2 something, 3 something was unreadable, 1 error.
    """
    _, _, reports = _scanned(stacks, _of_file)
    found = [
        (report, finding)
        for report in reports
        for finding in report.findings
        if finding.origin is Origin.UNDECLARED
    ]
    body = [{"stack": report.stack, **finding_object(finding)} for report, finding in found]
    paint = paint_for(sys.stdout)
    lines: list[str] = []
    for report, finding in found:
        lines.append(f"{text_of(report.stack)}  {text_of(finding.address)}")
        for change in finding.changes:
            lines += change_lines(change, indent="    ", paint=paint)
    _answer({"findings": body}, lines or ["nothing differs from the baselines"], output)
    if any(report.incomplete for report in reports):
        return ExitCode.INCOMPLETE
    return ExitCode.DRIFT if found else ExitCode.IN_SYNC


def _renewing(_reference: StackReference, _rating: Judging) -> Yardstick:
    return Yardstick(renew=True)


def _of_file(reference: StackReference, rating: Judging) -> Yardstick:
    return Yardstick(kept_in_file(reference, key=rating.key))


def _headline(reference: StackReference, kept: int) -> str:
    file = file_of(reference)
    if not kept:
        return f"{text_of(reference.name)}: no baseline in {file}; scans use the recorded state"
    return f"{text_of(reference.name)}: {kept} resources in {file}"


def _prepared(stacks: Sequence[str]) -> tuple[tuple[StackReference, ...], Judging, Path]:
    targets = Targets(chosen=tuple(stacks), every=False, engine=None, options={})
    return prepared(given().config, targets, InstalledTools())


def _scanned(
    stacks: Sequence[str], yardstick_for: YardstickFor
) -> tuple[tuple[StackReference, ...], Judging, list[StackReport]]:
    references, rating, data_dir = _prepared(stacks)
    return references, rating, asyncio.run(_scan(references, rating, data_dir, yardstick_for))


async def _scan(
    references: Sequence[StackReference],
    rating: Judging,
    data_dir: Path,
    yardstick_for: YardstickFor,
) -> list[StackReport]:
    progress = ScanProgress(sys.stderr)
    tools = InstalledTools()
    async with AsyncExitStack() as opened:
        opened.callback(progress.clear)
        adapters: dict[str, IacAdapter] = {}
        reports = []
        for reference in references:
            if reference.tool not in adapters:
                setup = adapter_setup(data_dir=data_dir, key=rating.key, progress=progress.say)
                adapters[reference.tool] = tools.open(reference.tool, setup)
                opened.push_async_callback(adapters[reference.tool].close)
            scanning = Scanning(
                adapter=adapters[reference.tool],
                clock=SystemClock(),
                judging=rating,
                listener=progress.watch(reference.name),
            )
            scanning = replace(scanning, yardstick=yardstick_for(reference, rating))
            reports.append(await scan_stack(reference, scanning=scanning))
        return reports


def _refuse_incomplete(report: StackReport) -> None:
    """Raise where a resource was not read: its live values would be missing from the file."""
    if not report.unreadable:
        return
    address, reason = report.unreadable[0]
    raise PermanentError(
        f"stack {report.stack}: {address} cannot be read: {reason}; no baseline was written",
        remedy="make it readable, then write the baseline again",
    )


def _answer(body: dict[str, Any], lines: Sequence[str], output: str | None) -> None:
    if output in (None, "wide"):
        for line in lines:
            click.echo(line)
        return
    write_data(body, output)
