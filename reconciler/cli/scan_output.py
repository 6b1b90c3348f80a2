"""What `trueup scan` prints: words for a person, or data for a program."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from typing import Any, Final

import click

from reconciler.cli.crash import write_crash_log
from reconciler.cli.data_options import write_data
from reconciler.cli.paint import paint_for, safe
from reconciler.cli.render import error_lines, report_lines
from reconciler.cli.totals import fleet_line
from reconciler.domain.errors import ReconcilerError
from reconciler.engine.defects import DefectError
from reconciler.engine.fleet import FleetScan
from reconciler.wire.scan import json_bytes, scan_object

_WIDE: Final = 10_000


@dataclass(frozen=True, slots=True)
class ScanOutput:
    """How the scans of one command are printed.

    `output` is `json` or `yaml` for data, `wide` for lines that are not fitted, else None.
    """

    stacks: int
    scans: int
    output: str | None
    verbose: bool

    def write(self, done: FleetScan, number: int) -> None:
        """Print scan `number` on stdout, and on stderr what failed."""
        if self.output in {"json", "yaml"}:
            _write(scan_object(done.reports, errors=done.failures), self.output)
        else:
            self._write_words(done, number)
        paint = paint_for(sys.stderr)
        for stack, error in done.failures:
            _keep_details(error)
            for line in error_lines(error, paint=paint, stack=stack):
                click.echo(line, err=True, color=paint.colour)
        sys.stdout.flush()

    def _write_words(self, done: FleetScan, number: int) -> None:
        paint = paint_for(sys.stdout)
        if self.output == "wide":
            paint = replace(paint, width=_WIDE)
        lines: list[str] = []
        if self.scans > 1:
            lines.append(paint("dim", f"scan {number} of {self.scans}"))
        for report in done.reports:
            lines += report_lines(report, paint=paint, verbose=self.verbose)
            lines.append("")
        if self.stacks > 1:
            lines.append(fleet_line(done.reports, failed=len(done.failures), paint=paint))
        elif self.scans == 1:
            lines = lines[:-1]
        for line in lines:
            click.echo(line, color=paint.colour)


def write_refusal(error: ReconcilerError, output: str | None) -> None:
    """Write, for a program, that nothing could be scanned; for a person nothing."""
    if output in {"json", "yaml"}:
        _write(scan_object((), errors=[(None, error)]), output)


def _write(body: dict[str, Any], output: str) -> None:
    """Write what a program reads; in JSON's one line the escapes of `safe` are its own."""
    encoded = json_bytes(body)
    if output == "json":
        click.echo(safe(encoded.decode()))
    else:
        write_data(json.loads(encoded), output)


def _keep_details(error: ReconcilerError) -> None:
    if isinstance(error, DefectError) and error.__cause__ is not None:
        log = write_crash_log(error.__cause__, os.environ)
        if log is not None:
            error.remedy = f"please report this with {log}"
