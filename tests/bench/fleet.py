"""All beds as the modules of one stack: many plugins at once, warm, beside the stock refresh."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Sequence
from typing import Final

import psutil

from tests.bed.bed import STACKS
from tests.bed.session import SERVERS, Beds
from tests.bench.figures import Sample, faster, table
from tests.bench.ours import warm_stack
from tests.bench.peer import REFRESH
from tests.makers import MakersStack

_PASSES: Final = 9
_PEER_RUNS: Final = 3
_AT_LEAST: Final = 10.0
_MEGABYTE: Final = 1e6
_VARIABLE: Final = "TF_VAR_"


async def fleet_rows(beds: Beds, names: Sequence[str]) -> Sequence[str]:
    """Return the lines that say what a warm pass over all of them takes, and our memory.

    What the beds have on servers is destroyed first: these have the same names.
    """
    stack, environment = _deployed(beds, names)
    state = json.loads((stack.directory / "terraform.tfstate").read_text())
    resources = sum(len(r["instances"]) for r in state["resources"] if r["mode"] == "managed")
    plugins = len({r["provider"] for r in state["resources"] if "builtin" not in r["provider"]})
    before = psutil.Process().memory_info().rss
    async with warm_stack(stack.directory, environment, beds.folder / "fleet-ours") as ours:
        seconds = [await ours.check() for _ in range(_PASSES)]
        grown = psutil.Process().memory_info().rss - before
    peer = []
    for _ in range(_PEER_RUNS):
        started = time.perf_counter()
        stack.run(*REFRESH, **_variables(environment))
        peer.append(time.perf_counter() - started)
    what = f"{plugins} plugins, {resources} resources, warm"
    row = faster(what, Sample(tuple(seconds)), Sample(tuple(peer)), at_least=_AT_LEAST)
    return [*table("beside plan -refresh-only", [row]), f"  our memory: {_memory(grown)}"]


def _memory(grown: int) -> str:
    resident = psutil.Process().memory_info().rss / _MEGABYTE
    return f"{resident:.0f} MB resident, {grown / _MEGABYTE:.0f} MB of it since before this stack"


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
    stack = MakersStack.made(
        beds.folder / "fleet", mirror=beds.mirror, terraform=beds.terraform, code="\n".join(code)
    )
    stack.apply(**environment)
    everything = {**os.environ, **stack.environment, **environment}
    return stack, {**everything, "TRUEUP_TERRAFORM": str(beds.terraform)}


def _module(name: str, given: dict[str, str]) -> str:
    arguments = "".join(f"  {to} = var.{of}\n" for to, of in given.items())
    variables = "".join(
        f'variable "{of}" {{ sensitive = {str(bool(re.search("secret", of))).lower()} }}\n'
        for of in given.values()
    )
    return f'{variables}module "{name}" {{\n  source = "./{name}"\n{arguments}}}\n'


def _variables(environment: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if k not in os.environ}
