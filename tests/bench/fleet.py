"""All beds as the modules of one stack: many plugins at once, warm, beside the stock refresh."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Final

from reconciler.mirrors import provider_mirrors
from tests.bed.bed import STACKS
from tests.bed.session import SERVERS, Beds
from tests.bench.figures import Sample, faster, table
from tests.bench.memory import peak
from tests.bench.ours import scan_command, scan_environment, warm_stack
from tests.bench.peer import REFRESH
from tests.makers import MakersStack
from tests.simulator import running_simulator

_PASSES: Final = 9
_PEER_RUNS: Final = 3
_AT_LEAST: Final = 10.0
_PYTHON: Final = "import asyncio, click, time; time.sleep(1)"
_IMPORTS: Final = (
    "import reconciler.cli.scan, iac_adapters.terraform.adapter, reconciler.bootstrap.adapters,"
    " time; time.sleep(1)"
)
_MORE: Final = "more"
_VARIABLE: Final = "TF_VAR_"


async def fleet_rows(beds: Beds, names: Sequence[str]) -> Sequence[str]:
    """Return the lines that say what a warm pass over all of them takes, and our memory.

    What the beds have on servers is destroyed first: these have the same names.
    """
    stack, environment = _deployed(beds, names)
    state = json.loads((stack.directory / "terraform.tfstate").read_text())
    resources = sum(len(r["instances"]) for r in state["resources"] if r["mode"] == "managed")
    plugins = len({r["provider"] for r in state["resources"] if "builtin" not in r["provider"]})
    async with warm_stack(stack.directory, environment, beds.folder / "fleet-ours") as ours:
        seconds = [await ours.check() for _ in range(_PASSES)]
    peer = []
    for _ in range(_PEER_RUNS):
        started = time.perf_counter()
        stack.run(*REFRESH, **_variables(environment))
        peer.append(time.perf_counter() - started)
    what = f"{plugins} plugins, {resources} resources, warm"
    row = faster(what, Sample(tuple(seconds)), Sample(tuple(peer)), at_least=_AT_LEAST)
    own = scan_environment(environment, beds.folder / "fleet-memory")
    command = scan_command(stack.directory, "--json", "--repeat", "3", "--every", "1s")
    first = await peak(command, stack.directory, own)
    again = await peak(command, stack.directory, own)
    loaded = await peak((sys.executable, "-c", _PYTHON), stack.directory, own)
    imported = await peak((sys.executable, "-c", _IMPORTS), stack.directory, own)
    memory = (
        f"  `trueup scan --repeat 3` of it, resident: {again.last:.0f} MB ({again.program:.0f} at"
        f" most), where it is recorded first {first.last:.0f} MB ({first.program:.0f} at most);"
        f" Python with asyncio alone {loaded.last:.0f} MB, with all that a scan imports"
        f" {imported.last:.0f} MB; the plugins: {again.providers:.0f} MB"
    )
    return [*table("beside plan -refresh-only", [row]), memory]


def _deployed(beds: Beds, names: Sequence[str]) -> tuple[MakersStack, dict[str, str]]:
    environment: dict[str, str] = {}
    code = []
    for name in names:
        bed = beds.made(name)
        if name in SERVERS:
            bed.stack.run("destroy", "-auto-approve", "-input=false", **bed.variables)
        shutil.copytree(STACKS / name, beds.folder / "fleet" / "code" / name)
        given = {}
        for key, value in bed.variables.items():
            if not key.startswith(_VARIABLE):
                environment[key] = value
                continue
            variable = key.removeprefix(_VARIABLE)
            environment[f"{_VARIABLE}{name}_{variable}"] = value
            given[variable] = f"{name}_{variable}"
        code.append(_module(name, given))
    if "postgresql" in names:
        # Two more of AWS, and of two makers once more: plugins of other configurations.
        simulator = beds.open.enter_context(running_simulator())
        environment |= simulator.environment
        shutil.copytree(STACKS / _MORE, beds.folder / "fleet" / "code" / _MORE)
        code.append(
            f'module "{_MORE}" {{\n  source = "./{_MORE}"\n  port = var.postgresql_port\n}}\n'
        )
    stack = MakersStack.made(
        beds.folder / "fleet", mirror=beds.mirror, terraform=beds.terraform, code="\n".join(code),
        also=provider_mirrors(os.environ),
    )  # fmt: skip
    stack.apply(**environment)
    everything = {**os.environ, **stack.environment, **environment}
    return stack, {**everything, "TRUEUP_TERRAFORM": str(beds.terraform)}


def _module(name: str, given: dict[str, str], *, declared: bool = False) -> str:
    arguments = "".join(f"  {to} = var.{of}\n" for to, of in given.items())
    variables = "".join(
        f'variable "{of}" {{ sensitive = {str(bool(re.search("secret", of))).lower()} }}\n'
        for of in given.values()
        if not declared
    )
    return f'{variables}module "{name}" {{\n  source = "./{name}"\n{arguments}}}\n'


def _variables(environment: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if k not in os.environ}
