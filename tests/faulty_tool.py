"""A tool of which one command goes wrong: it fails, says too little, or is killed."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import StackReport
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import IacAdapter, StackReference

NOTHING: Final = ":"
FAULTS: Final = {
    "fails": "exit 1",
    "says nothing": "exit 0",
    "says half": '"$0" half "$@"; exit 0',
    "killed": "kill -9 $$",
    "killed at its end": '"$0" whole "$@"; kill -9 $$',
}
_PROGRAM: Final = """#!/bin/sh
case "$1" in
  half) shift; {tool} "$@" > {log}.said; exec head -c $(($(wc -c < {log}.said) / 2)) {log}.said ;;
  whole) shift; exec {tool} "$@" ;;
esac
echo "$1" >> {log}
if [ "$(wc -l < {log})" -eq {which} ]; then {fault}; fi
exec {tool} "$@"
"""


def faulty(tool: Path, folder: Path, which: int, fault: str) -> Path:
    """Return a program in the new `folder` that is `tool`, but for its command number `which`.

    What stands beside `tool` stands beside it as well.
    """
    folder.mkdir()
    tool = tool.resolve()
    for beside in tool.parent.iterdir():
        (folder / beside.name).symlink_to(beside)
    program = folder / tool.name
    program.unlink()
    words = {"tool": tool, "log": _log(program), "which": which, "fault": fault}
    program.write_text(_PROGRAM.format(**words))
    program.chmod(0o755)
    return program


def commands(program: Path) -> list[str]:
    """Return what a faulty tool was asked for, in order."""
    return _log(program).read_text().split()


class Stack(Protocol):
    """A stack of either tool."""

    def adapter(self) -> AbstractAsyncContextManager[IacAdapter]:
        """Open an adapter with a memory of the stack's own."""
        ...

    def reference(self) -> StackReference:
        """Return the stack as configuration would name it."""
        ...


async def scans(stack: Stack, times: int) -> list[StackReport | ReconcilerError]:
    """Scan with one adapter; return what came of each scan."""
    seen: list[StackReport | ReconcilerError] = []
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(bytes(range(32))))
        for _ in range(times):
            try:
                seen.append(await scan_stack(stack.reference(), scanning=scanning))
            except ReconcilerError as error:
                seen.append(error)
    return seen


def found(report: StackReport | ReconcilerError) -> set[str]:
    """Return the addresses of the findings; there has to be a report."""
    assert isinstance(report, StackReport), report
    return {str(finding.address) for finding in report.findings}


def _log(program: Path) -> Path:
    return program.with_name("commands.log")
