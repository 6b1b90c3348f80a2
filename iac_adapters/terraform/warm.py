"""What stays in memory of a stack between its passes, within a budget.

Losing it costs the next pass a reload from the recordings on disk and what the last pass
learnt about speed; it never changes a verdict.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.reader import TerraformReader
from reconciler.domain.model import StackName

WARM_BYTES: Final = 256 * 2**20
# Measured on 5 and 62 AWS resources: the objects around the values, and the verdicts.
_STACK_BYTES: Final = 20_000
_RESOURCE_BYTES: Final = 9_000


@dataclass(slots=True)
class WarmStack:
    """What the last load of a stack left in memory."""

    revision: str
    stack: LoadedStack
    reader: TerraformReader


class WarmStacks:
    """Stacks by name. Beyond `max_bytes` the longest unused go; the last used one stays."""

    def __init__(self, *, max_bytes: int = WARM_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._stacks: OrderedDict[StackName, tuple[WarmStack, int]] = OrderedDict()

    def get(self, name: StackName) -> WarmStack | None:
        """Return what is known of `name`, which counts as used now."""
        if name not in self._stacks:
            return None
        self._stacks.move_to_end(name)
        return self._stacks[name][0]

    def put(self, name: StackName, warm: WarmStack) -> None:
        """Keep `warm` in place of what was known of `name`."""
        self._drop(name)
        weight = _weight(warm.stack)
        self._stacks[name] = warm, weight
        self._bytes += weight
        while self._bytes > self._max_bytes and len(self._stacks) > 1:
            self._drop(next(iter(self._stacks)))

    def __len__(self) -> int:
        return len(self._stacks)

    def _drop(self, name: StackName) -> None:
        _, weight = self._stacks.pop(name, (None, 0))
        self._bytes -= weight


def _weight(stack: LoadedStack) -> int:
    """Estimate the bytes that a stack holds of its own; schemas are shared with others."""
    recording = stack.recording
    configured = sum(len(one.configure) for one in recording.connections)
    data = sum(len(read.request) + len(read.state) for _, read in recording.data_reads)
    return _STACK_BYTES + configured + data + sum(map(_resource, stack.resources.values()))


def _resource(resource: LoadedResource) -> int:
    instance, wire = resource.instance, resource.wire
    size = _RESOURCE_BYTES
    if instance is not None:
        size += len(instance.attributes_json or b"") + len(instance.private)
    if wire is not None:
        # The reader keeps what it read last, which is about as large as what was recorded.
        size += 2 * len(wire.upgraded) + len(wire.config or b"") + sum(map(len, wire.validated))
    return size
