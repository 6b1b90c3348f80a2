"""A stack of things with all that is needed to correct it, and a look at what was left behind."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iac_adapters.pulumi.checkpoint import parse_checkpoint
from iac_adapters.pulumi.secrets import passphrase_decrypter
from iac_adapters.pulumi.update_job import RAW_FILE
from iac_adapters.pulumi.values import deciphered
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.domain.plan import Plan
from tests.integration.correcting import Corrector
from tests.pulumi_processes import working_on
from tests.pulumi_world import KEY, PulumiStack
from tests.worlds.pulumi.project import PulumiProject

CANARY = re.compile(rb"CANARY[-\w]*")


@asynccontextmanager
async def corrector(stack: PulumiProject, **more: Any) -> AsyncIterator[Corrector]:
    """Open an adapter on the stack; at the end nothing that works on the stack is left."""
    runs = stack.folder / "runs"
    runs.mkdir(exist_ok=True)
    try:
        async with stack.adapter() as adapter:
            yield Corrector(adapter, stack.reference(**more), runs, ProcessRunner(), KEY)
    finally:
        for process in working_on(stack):
            process.kill()


def changes_of(plan: Plan, name: str) -> dict[str, tuple[object, object]]:
    """Return what a plan would change of a thing, before and after, by path."""
    (resource,) = [one for one in plan.resources if one.address.endswith(f"::{name}")]
    return {str(change.path): (change.before, change.after) for change in resource.changes}


@dataclass(frozen=True, slots=True)
class Record:
    """What a checkpoint holds of one resource, its secrets in clear."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


def recorded(stack: PulumiStack) -> dict[str, Record]:
    """Return what the checkpoint holds, by name."""
    checkpoint = parse_checkpoint(stack.state.read_bytes(), origin="the stack")
    salt = str(checkpoint.secrets_state["salt"])
    decrypt = passphrase_decrypter(salt, stack.environment, stack="the stack")
    return {
        resource.name: Record(
            resource.id, deciphered(resource.inputs, decrypt), deciphered(resource.outputs, decrypt)
        )
        for resource in checkpoint.resources
    }


def pending(stack: PulumiStack) -> list[tuple[str, str]]:
    """Return what the checkpoint says is under way: kind and thing."""
    told = latest(stack).get("pending_operations") or ()
    return [(one["type"], one["resource"]["urn"].rpartition("::")[2]) for one in told]


def latest(stack: PulumiStack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.state.read_text())["checkpoint"]["latest"]
    return found


def locks(stack: PulumiStack) -> list[Path]:
    return sorted(stack.locks.glob("*.json"))


def canaries(*places: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each secret that stands in clear in a file below one of `places`, and where."""
    for place in places:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                yield from ((file.name, found) for found in CANARY.findall(file.read_bytes()))


def told_to_stop(run_folder: Path) -> bool:
    """Whether the CLI at work in `run_folder` has taken the request to stop.

    Asking only signals the runner. An update whose provider was let go before that reached the
    CLI ended well, and nothing was stopped.
    """
    said = run_folder / RAW_FILE
    return said.exists() and b" received; cancelling" in said.read_bytes()


@contextmanager
def update_by_somebody(stack: PulumiStack) -> Iterator[subprocess.Popen[bytes]]:
    """Let somebody update the stack by hand, and not come to an end before the block does."""
    stack.while_applying(lax="wait")
    process = subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview"),
        cwd=stack.directory,
        env=stack.cli_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stack.while_applying(lax=None)
        process.wait(60)
