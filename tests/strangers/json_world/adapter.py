"""Reads, judges, plans and corrects things that are objects of a JSON file."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import (
    Change,
    Drifted,
    Engine,
    InSync,
    Missing,
    Observed,
    Origin,
    RecordedResource,
    ResourceAddress,
    Snapshot,
    StackName,
    Status,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.ports import (
    AdapterSetup,
    Declaration,
    Done,
    Exited,
    Failed,
    InDoubt,
    Outcome,
    Progress,
    RunnerJob,
    StackReference,
    Vanished,
)

from .factory import PROJECT_FILE, WorldOptions

PLAN = "plan.json"
APPLY = Path(__file__).with_name("apply.py")
Things = Mapping[str, Any]
_GONE = object()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a snapshot carries: the declared things and the file of the live ones."""

    declared: Things
    cloud: Path


class WorldAdapter:
    """Implements `reconciler.ports.IacAdapter`."""

    def __init__(self, setup: AdapterSetup) -> None:
        self._key = setup.key

    async def load(self, reference: StackReference) -> Snapshot:
        options = reference.options_as(WorldOptions)
        declared = _things(reference.directory / PROJECT_FILE)
        chosen = {name: declared[name] for name in declared if name.startswith(options.only)}
        return Snapshot(
            stack=reference.name,
            tool=reference.tool,
            directory=str(reference.directory),
            revision=self._digest(chosen),
            obtained_by=Engine.PLUGIN,
            resources=tuple(
                RecordedResource(_address(name), "thing", Status.LIVE) for name in sorted(chosen)
            ),
            timing_ms={"load": 0.0},
            payload=Loaded(chosen, options.cloud or reference.directory / "cloud.json"),
        )

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        loaded = _loaded(snapshot)
        for resource in snapshot.resources:
            if addresses is None or resource.address in addresses:
                yield Observed(resource.address, self.read(loaded, resource.address), 0.0, 0.0)

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        return tuple(
            Declaration(_address(name), "thing", dict(values), self._digest(values))
            for name, values in sorted(_loaded(snapshot).declared.items())
        )

    async def plan(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress] = (),
    ) -> Plan:
        del anew  # nothing here is provisioned
        loaded = _loaded(snapshot)
        verdicts = {address: self.read(loaded, address) for address in sorted(addresses)}
        planned = [
            verdict for verdict in verdicts if isinstance(verdicts[verdict], Drifted | Missing)
        ]
        things = {name: loaded.declared[name] for name in map(_name, planned)}
        content = {"cloud": str(loaded.cloud), "things": things}
        (folder / PLAN).write_text(json.dumps(content))
        resources = tuple(_planned(one, verdicts[one]) for one in planned)
        return Plan(snapshot.stack, tuple(sorted(addresses)), resources)

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        argv = (sys.executable, "-I", "-S", str(APPLY), str(folder / PLAN))
        return RunnerJob(argv, Path(snapshot.directory), {})

    def progress(self, line: bytes, *, stack: StackName | None = None) -> Progress | None:
        del stack
        return Progress(line.decode()) if line.startswith(b"set ") else None

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        del snapshot, log
        if isinstance(ended, Vanished):
            return InDoubt("the command left no record of its end")
        return Done("done") if ended.exit_code == 0 else Failed(f"exit code {ended.exit_code}")

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        del stack  # nothing here is secret
        return text

    async def close(self) -> None:
        return

    def read(self, loaded: Loaded, address: ResourceAddress) -> Verdict:
        """Read one thing of the cloud and judge it."""
        name = _name(address)
        return _verdict(loaded.declared[name], _things(loaded.cloud).get(name, _GONE))

    def _digest(self, value: object) -> str:
        text = json.dumps(value, sort_keys=True).encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def _things(file: Path) -> Things:
    try:
        things: Things = json.loads(read_bytes(file))["things"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f"{file}: holds no things", remedy='write {"things": {"NAME": {...}}}'
        ) from error
    return things


def _verdict(declared: Mapping[str, Any], live: object) -> Verdict:
    if live is _GONE:
        return Missing()
    if not isinstance(live, dict):
        return Unreadable("what is there is no object")
    changes = tuple(
        Change(
            AttributePath(key),
            declared.get(key),
            declared.get(key),
            live.get(key),
            Origin.OUT_OF_BAND,
        )
        for key in sorted({*declared, *live})
        if declared.get(key) != live.get(key)
    )
    return Drifted(changes) if changes else InSync()


def _planned(address: ResourceAddress, verdict: Verdict) -> PlannedResource:
    if not isinstance(verdict, Drifted):
        return PlannedResource(address, "thing", Action.CREATE)
    changes = tuple(
        PlannedChange(change.path, change.live, change.declared) for change in verdict.changes
    )
    return PlannedResource(address, "thing", Action.UPDATE, changes)


def _address(name: str) -> ResourceAddress:
    return ResourceAddress(f"thing.{name}")


def _name(address: ResourceAddress) -> str:
    return address.removeprefix("thing.")


def _loaded(snapshot: Snapshot) -> Loaded:
    assert isinstance(snapshot.payload, Loaded)
    return snapshot.payload
