"""What the adapter keeps behind a snapshot, and what of it the engine sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iac_adapters.pulumi.children.looking import NO_LOOK, Look
from iac_adapters.pulumi.cli_engine import CliRefresh
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.identities import Identities, doubts_of
from iac_adapters.pulumi.loaded import LoadedResource, LoadedStack
from iac_adapters.pulumi.warm import WarmStack
from iac_adapters.redaction.edge import doubted, said
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.timing import Timing
from reconciler.domain.model import Engine, ProviderDoubt, Snapshot
from reconciler.domain.state_lineage import CHECKPOINT
from reconciler.ports import StackReference

TOOL: Final = "pulumi"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Payload:
    """What a snapshot of ours carries. `found` is what the CLI saw, where it was asked.

    `kept` is where each provider looked when its objects were last found.
    """

    context: Context
    stack: LoadedStack
    warm: WarmStack
    kept: Identities
    found: CliRefresh | None = None
    look: Look = NO_LOOK

    @property
    def doubts(self) -> tuple[ProviderDoubt, ...]:
        """Why providers may look elsewhere than where the objects were recorded."""
        return (*self.stack.doubts, *doubts_of(self.expected, self.stack.identities))

    @property
    def expected(self) -> Identities:
        """Where the objects of each provider are, as far as anything tells."""
        return {**self.stack.recorded_in, **self.kept}

    @property
    def tools(self) -> str:
        """What an approval's plan is made and applied with."""
        keys = [
            resource.provider
            for resource in self.stack.resources.values()
            if resource.provider is not None
        ]
        plugins = sorted({" ".join((key.package, key.version or "", *key.argv)) for key in keys})
        return "\n".join((self.context.cli_version, *plugins))

    @property
    def redactor(self) -> Redactor:
        """What takes the stack's secrets out of a text."""
        return self.context.redactor


def payload_of(snapshot: Snapshot) -> Payload:
    """Return what a snapshot of ours carries; nobody else's comes back."""
    payload = snapshot.payload
    assert isinstance(payload, Payload)  # noqa: S101 - only our own snapshots come back
    return payload


def snapshot_of(reference: StackReference, payload: Payload, timing: Timing) -> Snapshot:
    """Return the loaded stack as the engine sees it: no value of a resource is in it."""
    resources: tuple[LoadedResource, ...] = tuple(payload.stack.resources.values())
    timing.lap("load")
    return Snapshot(
        stack=reference.name,
        tool=TOOL,
        directory=str(reference.directory),
        revision=payload.context.revision,
        obtained_by=Engine.PLUGIN if payload.found is None else Engine.CLI,
        resources=tuple(resource.recorded_as for resource in resources),
        timing_ms=dict(timing.ms),
        warnings=said(payload.context.warnings, payload),
        provider_doubts=doubted(payload.doubts, payload),
        lineage=_lineage(payload.context),
        serial=payload.context.checkpoint.written_s,
        payload=payload,
        blind_spots=payload.look.children.blind_spots if payload.found is None else (),
    )


def _lineage(context: Context) -> str:
    """Name the record, which has no lineage of its own; nothing for one that says no time."""
    return CHECKPOINT + context.place.label if context.checkpoint.written_s is not None else ""
