"""Deploys a generated code base, drifts it, and holds our findings against the tool's plan."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import Finding, Kind, StackName, StackReport
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup, StackReference
from tests.generated.cloud import aws_code_of, aws_drifted
from tests.generated.code import code_of
from tests.generated.drift import Ground, drifted
from tests.providers.mirror import world_mirror
from tests.simulator import tool_environment
from tests.tool_mirrors import write_cli_configuration
from tests.worlds.oracle import of_a_plan

_KEY: Final = bytes(range(32))
_LIMIT_S: Final = 280
_NOTHING: Final = (["no-op"], ["read"])
_ACTIONS: Final = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}


Drifting = Callable[[random.Random], AbstractContextManager[list[str]]]
"""Changes the world at random, and says what it changed."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trial needs of the machine."""

    terraform: Path
    makers: Path


@dataclass(slots=True)
class Base:
    """One deployed code base."""

    seed: int
    directory: Path
    terraform: Path
    environment: dict[str, str]
    drifted: Drifting

    def run(self, *arguments: str) -> str:
        """Run terraform; return what it printed."""
        done = subprocess.run(
            [str(self.terraform), *arguments],
            cwd=self.directory,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
        assert done.returncode == 0, f"seed {self.seed}: {done.stdout}{done.stderr}"
        return done.stdout

    def plan(self) -> dict[str, Any]:
        """Return the tool's own refreshed plan as JSON."""
        file = str(self.directory.parent / "oracle")
        self.run("plan", "-lock=false", "-input=false", f"-out={file}")
        document: dict[str, Any] = json.loads(self.run("show", "-json", file))
        return document

    @asynccontextmanager
    async def scanning(self) -> AsyncIterator[Scanning]:
        """Hold an adapter open, as a daemon does."""
        cache = self.directory.parent / "cache"
        adapter = TerraformAdapter(AdapterSetup(data_dir=cache / "d", cache_dir=cache, key=_KEY))
        try:
            yield Scanning(adapter, SystemClock(), judging(_KEY))
        finally:
            await adapter.close()

    async def scan(self, scanning: Scanning) -> StackReport:
        """Return what a scan finds."""
        reference = StackReference(
            name=StackName("generated"),
            directory=self.directory,
            tool="terraform",
            engine="plugin",
            environment={**self.environment, "TRUEUP_TERRAFORM": str(self.terraform)},
        )
        return await scan_stack(reference, scanning=scanning)


def deployed(seed: int, folder: Path, parts: Parts) -> Base:
    """Write, initialise and apply the code base of `seed` below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    world_mirror(folder / "mirror")
    rc_file = write_cli_configuration(folder / "rc", [parts.makers, folder / "mirror"])
    cloud, overlays, directory = folder / "cloud.json", folder / "overlays", folder / "code"
    overlays.mkdir()
    ground = Ground(
        clouds=(cloud, Path(f"{cloud}.west")),
        files=directory / "out",
        overlays=overlays,
        state=directory / "terraform.tfstate",
    )
    environment = {
        "TF_CLI_CONFIG_FILE": str(rc_file),
        "CHECKPOINT_DISABLE": "1",
        "CORNER_DRIFT": str(overlays),
    }
    base = Base(seed, directory, parts.terraform, environment, partial(drifted, ground))
    return _applied(base, code_of(seed, cloud=str(cloud)))


def aws_deployed(seed: int, folder: Path, parts: Parts, *, endpoint: str) -> Base:
    """Do the same with a code base of AWS, on the simulated cloud at `endpoint`."""
    folder.mkdir(parents=True, exist_ok=True)
    directory = folder / "code"
    environment = tool_environment("terraform", endpoint=endpoint, folder=folder)
    drifting = partial(aws_drifted, directory / "terraform.tfstate", endpoint)
    base = Base(seed, directory, parts.terraform, environment, drifting)
    return _applied(base, aws_code_of(seed))


def _applied(base: Base, code: Mapping[str, str]) -> Base:
    for name, text in code.items():
        file = base.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    base.run("init", "-input=false")
    base.run("apply", "-auto-approve", "-input=false")
    return base


@dataclass(slots=True)
class Tally:
    """What a trial came to."""

    drifts: int = 0
    planned: int = 0
    differences: list[str] = field(default_factory=list)


async def trial(base: Base, *, drifts: int) -> Tally:
    """Drift `base` `drifts` times, each time from what was deployed; return every difference."""
    tally = Tally()
    async with base.scanning() as scanning:
        quiet = await base.scan(scanning)
        tally.differences += _compared("untouched", base, quiet, tally)
        for number in range(drifts):
            chance = random.Random(f"{base.seed}/{number}")
            with base.drifted(chance) as changed:
                report = await base.scan(scanning)
                what = f"drift {number} ({'; '.join(changed)})"
                tally.differences += _compared(what, base, report, tally)
            tally.drifts += 1
    return tally


def _compared(what: str, base: Base, report: StackReport, tally: Tally) -> list[str]:
    document = base.plan()
    planned = {**dict(_planned(document)), **dict(_planned_outputs(document))}
    tally.planned += len(planned)
    found = {str(finding.address): _told(finding) for finding in of_a_plan(report)}
    head = f"seed {base.seed}, {what}"
    said = [f"{head}: unreadable: {address}: {why}" for address, why in report.unreadable]
    for address in sorted(planned.keys() | found.keys()):
        theirs, ours = planned.get(address), found.get(address)
        if theirs is None or ours is None or not ours.covers(theirs):
            said.append(f"{head}: {address}: plan {theirs}, scan {ours}")
    return said


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one resource, and at which attributes.

    `made_anew` are those that a replacement has the provider choose again, whatever the drift.
    """

    action: str
    paths: frozenset[str]
    made_anew: frozenset[str] = frozenset()

    def covers(self, planned: Step) -> bool:
        """Whether it says what was planned; what is created or destroyed has no places."""
        if self.action != planned.action or self.action in ("create", "delete"):
            return self.action == planned.action
        return self.paths - planned.made_anew == planned.paths - planned.made_anew

    def __str__(self) -> str:
        return f"{self.action} {sorted(self.paths)}"


def _told(finding: Finding) -> Step:
    match finding.kind:
        case Kind.MISSING:
            return Step("create", frozenset())
        case Kind.UNMANAGED:
            return Step("delete", frozenset())
        case _:
            action = "replace" if finding.requires_replace else "update"
            changes = (*finding.changes, *finding.consequences)
            return Step(action, frozenset(_attribute(change.path) for change in changes))


def _attribute(path: str) -> str:
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


def _planned(document: dict[str, Any]) -> Iterator[tuple[str, Step]]:
    for entry in document.get("resource_changes", ()):
        change = entry["change"]
        if entry["mode"] != "managed" or change["actions"] in _NOTHING:
            continue
        action = _ACTIONS[tuple(change["actions"])]
        anew = _made_anew(change) if action == "replace" else frozenset()
        yield entry["address"], Step(action, frozenset(_differing(change)), anew)


def _planned_outputs(document: dict[str, Any]) -> Iterator[tuple[str, Step]]:
    """Yield the outputs that the plan would change; what only an apply tells follows from it."""
    for name, change in document.get("output_changes", {}).items():
        if change["actions"] != ["no-op"] and not _any(change.get("after_unknown")):
            yield f"output.{name}", Step("update", frozenset({"value"}))


def _made_anew(change: dict[str, Any]) -> frozenset[str]:
    forced = {path[0] for path in change.get("replace_paths", ()) if path}
    unknown = change["after_unknown"] or {}
    return frozenset(name for name, mark in unknown.items() if mark is True) - forced


def _differing(change: dict[str, Any]) -> Iterator[str]:
    before, after = change["before"] or {}, change["after"] or {}
    unknown = change["after_unknown"] or {}
    for name in before.keys() | after.keys() | unknown.keys():
        one, other = before.get(name), after.get(name)
        if _any(unknown.get(name)) or (one != other and not (_empty(one) and _empty(other))):
            yield name


def _any(marks: Any) -> bool:
    if isinstance(marks, dict):
        return any(map(_any, marks.values()))
    return any(map(_any, marks)) if isinstance(marks, list) else bool(marks)


def _empty(value: Any) -> bool:
    return value in (None, "", [], {})
