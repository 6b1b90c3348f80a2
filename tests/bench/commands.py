"""`python -m tests.bench.commands`: what short commands cost, in processor time.

Processor time, of the command and whatever it starts, says the same on a machine that others
use; the least of several runs is what the work itself takes. The limits were set for a machine
left alone, where a command that waits for nothing takes about that long. The commands ask an
API of 5,000 findings in a process of its own, whose time is not counted.

Every run finds the bytecode of the first one, as whatever is installed has it: where Python may
write none, compiling 250 modules anew takes longer than all the rest.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.terraform.executable import TERRAFORM, TOFU, locate
from reconciler.domain.principals import Role
from tests.api.desk import text_of
from tests.bench.api import served
from tests.bench.ground import ground
from tests.bench.ours import scan_environment

FINDINGS: Final = 5_000
_RUNS: Final = 9
_TRUEUP: Final = str(Path(sys.executable).with_name("trueup"))
_LIMITS: Final = (
    (("--version",), 60),
    (("status",), 120),
    (("findings", "--limit", "0"), 300),
)
_SCAN_LIMIT_MS: Final = 300
_UNTIL_THE_FIRST_READ: Final = """
import os, sys, time
from reconciler.cli.main import main
from reconciler.registry import InstalledTools
open_tool = InstalledTools.open
def observe(self, *arguments, **options):
    print(1000 * time.process_time(), flush=True)
    os._exit(0)
def measured(tools, tool, setup):
    adapter = open_tool(tools, tool, setup)
    type(adapter).observe = observe
    return adapter
InstalledTools.open = measured
sys.argv[1:1] = ["scan"]
main()
"""


def main() -> int:
    """Measure and print; 1 when a limit is missed."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name, served(FINDINGS) as url:
        environment = {
            **_compiled(scan_environment(os.environ, Path(name)), Path(name)),
            "TRUEUP_SERVER": url,
            "TRUEUP_TOKEN": text_of(Role.VIEWER),
        }
        missed = [
            _tell(" ".join(("trueup", *words)), _times(words, environment), limit)
            for words, limit in _LIMITS
        ]
    return 1 if any([*missed, _scan()]) else 0


def _times(words: Sequence[str], environment: Mapping[str, str]) -> list[float]:
    """Return the processor time of each run, in ms."""
    return [_used((_TRUEUP, *words), environment) for _ in range(_RUNS)]


def _used(command: Sequence[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=dict(environment), stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _compiled(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return `environment` with bytecode kept below `folder`."""
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    return {**environment, **kept}


def _scan() -> bool:
    """Measure a scan of a stack that was scanned before, up to its first read."""
    tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
    if tool is None:
        print("scan: neither terraform nor tofu is here")
        return False
    with ground("small5", tool) as deployed:
        way = deployed.ways[0]
        environment = _compiled(
            scan_environment(way.environment, deployed.folder / "scan"), deployed.folder
        )
        scan = [_TRUEUP, "scan", str(way.directory)]
        subprocess.run(scan, env=environment, stdout=subprocess.DEVNULL, check=True)
        times = [
            float(_printed(_UNTIL_THE_FIRST_READ, str(way.directory), environment))
            for _ in range(_RUNS)
        ]
    return _tell("trueup scan, before its first read", times, _SCAN_LIMIT_MS)


def _printed(code: str, directory: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, directory],
        env=dict(environment),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout


def _tell(what: str, times: Sequence[float], limit_ms: float) -> bool:
    missed = min(times) > limit_ms
    verdict = "NOT MET" if missed else "met"
    print(
        f"{what}: {min(times):.0f} ms of a core at least, median {statistics.median(times):.0f} ms"
        f" of {len(times)} (<= {limit_ms:.0f}: {verdict})",
        flush=True,
    )
    return missed


if __name__ == "__main__":
    sys.exit(main())
