"""What stays in memory of a Terraform stack between its scans."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from iac_adapters.children.observing import StackChildren
from iac_adapters.read_files import Stamp
from iac_adapters.terraform.after_apply import Chosen
from iac_adapters.terraform.children.parents import managed_of
from iac_adapters.terraform.consequences import Ancestry
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.reader import TerraformReader
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.references import CodeText
from iac_adapters.terraform.stack_secrets import StackSecrets
from iac_adapters.terraform.witness import TerraformWitness
from reconciler.domain.model import ResourceAddress, Verdict

_EPHEMERAL_S: Final = 600.0
# Measured on 5 and 62 AWS resources: the objects around the values, and the verdicts.
_STACK_BYTES: Final = 20_000
_RESOURCE_BYTES: Final = 9_000


@dataclass(frozen=True, slots=True, repr=False)
class PlanOfTheRead:
    """What a moved world changes by the tool's own plan: of which causes, as they read then.

    `causes` has the attributes of each that the code refers to, None where that is all of it.
    """

    stack: LoadedStack
    causes: Mapping[ResourceAddress, frozenset[str] | None]
    live: Mapping[ResourceAddress, bytes]
    plan: Mapping[str, Any]
    outputs: tuple[PlannedOutput, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class NoPlanOfTheRead:
    """Why there was no plan of a moved world, and when (of the monotonic clock)."""

    world: PlanOfTheRead
    failure: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Referred:
    """Which attributes of moved objects the code refers to: of all that were `asked` about."""

    stack: LoadedStack
    asked: Mapping[ResourceAddress, frozenset[str] | None]
    found: Mapping[ResourceAddress, frozenset[str] | None]


@dataclass(slots=True)
class WarmStack:
    """What the last load of a stack left in memory.

    `drifted` holds the state in which moved objects were read. `learnt` says what of it a
    complete scan has kept already; None that there is more to be kept.
    """

    revision: str
    stack: LoadedStack
    reader: TerraformReader
    secrets: StackSecrets
    files: Mapping[str, Stamp] = field(default_factory=dict)
    """What its providers read by themselves, and as of when."""
    drifted: dict[ResourceAddress, bytes] = field(default_factory=dict)
    live: dict[ResourceAddress, LiveState] = field(default_factory=dict)
    """What was read of each object that is not as it was recorded, to the last byte."""
    brought_about: set[ResourceAddress] = field(default_factory=set)
    """What the code's plan would change, and somebody has changed by now."""
    have_read: set[ResourceAddress] = field(default_factory=set)
    """Which objects were read since the state last changed of them, an apply's changes aside."""
    followed: PlanOfTheRead | None = None
    """The tool's plan of the world as it was read, while that is as it was."""
    unplanned: NoPlanOfTheRead | None = None
    """Why the last such plan could not be made."""
    referred: Referred | None = None
    """What the code says of what has moved, so that its files are read once for each drift."""
    output_parts: tuple[LoadedStack, tuple[CodeText, ...]] | None = None
    """What of the code its outputs take values from, so that its files are read once for each."""
    learnt: Mapping[ResourceAddress, Verdict] | None = None
    witnesses: dict[ResourceAddress, TerraformWitness] = field(default_factory=dict)
    """What the last scan read, with what was decoded of it."""
    chosen: dict[ResourceAddress, Chosen] = field(default_factory=dict)
    """What applies have chosen, until a scan finds the kept baseline to hold it."""
    recorded_at_s: float = field(default_factory=time.monotonic)
    _ancestry: tuple[LoadedStack, Ancestry] | None = None
    _children: tuple[LoadedStack, StackChildren] | None = None

    @property
    def outlived(self) -> bool:
        """Whether it rests on values that were meant for one run, and that are due or old."""
        recording = self.stack.recording
        if recording.renew_at_s is not None and time.time() >= recording.renew_at_s:
            return True
        return recording.ephemeral and time.monotonic() - self.recorded_at_s > _EPHEMERAL_S

    @property
    def ancestry(self) -> Ancestry:
        """Which of its resources depend on which; worked out once for each load."""
        if self._ancestry is None or self._ancestry[0] is not self.stack:
            awaited = self.stack.recording.awaited
            self._ancestry = self.stack, Ancestry(self.stack.resources, awaited)
        return self._ancestry[1]

    @property
    def children(self) -> StackChildren:
        """What may be asked about children of its resources; worked out once for each load."""
        if self._children is None or self._children[0] is not self.stack:
            self._children = self.stack, StackChildren(managed_of(self.stack))
        return self._children[1]

    def weight(self) -> int:
        """Estimate the bytes that it holds of its own."""
        return _weight(self.stack)


def _weight(stack: LoadedStack) -> int:
    """Estimate the bytes that a stack holds of its own; schemas are shared with others."""
    recording = stack.recording
    configured = sum(len(connection.configure) for connection in recording.connections)
    data = sum(len(read.request) + len(read.state) for _, read in recording.data_reads)
    return _STACK_BYTES + configured + data + sum(map(_resource, stack.resources.values()))


def _resource(resource: LoadedResource) -> int:
    instance, wire = resource.instance, resource.wire
    size = _RESOURCE_BYTES
    if instance is not None:
        size += len(instance.attributes_json or b"") + len(instance.private)
    if wire is not None:
        # The reader keeps what it read last, which is about as large as what was recorded.
        size += (
            2 * len(wire.upgraded)
            + len(wire.config or b"")
            + len(wire.planned)
            + sum(map(len, wire.validated))
        )
    return size
