"""What the adapter keeps behind a snapshot, and what of it the engine sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iac_adapters.children.observing import ChildOptions
from iac_adapters.redaction.edge import doubted, said
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.left_state import left_state
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.outputs import output_address
from iac_adapters.terraform.stack_secrets import StackSecrets
from iac_adapters.terraform.stopped_plans import doubts_of_stopped
from iac_adapters.terraform.warm import WarmStack
from iac_adapters.timing import Timing
from reconciler.domain.model import Engine, Snapshot
from reconciler.ports import StackReference

if TYPE_CHECKING:  # it runs a whole plan, which few scans do
    from iac_adapters.terraform.cli_engine import CliPlan


@dataclass(frozen=True, slots=True, repr=False)
class Payload:
    """What a snapshot of ours carries."""

    context: Context
    stack: LoadedStack
    secrets: StackSecrets
    plan: CliPlan | None = None
    warm: WarmStack | None = None
    children: ChildOptions = field(default_factory=lambda: ChildOptions("auto"))


def payload_of(snapshot: Snapshot) -> Payload:
    """Return what a snapshot of ours carries; nobody else's comes back."""
    payload = snapshot.payload
    assert isinstance(payload, Payload)  # noqa: S101 - only our own snapshots come back
    return payload


def snapshot_of(reference: StackReference, payload: Payload, timing: Timing) -> Snapshot:
    """Return the loaded stack as the engine sees it: no value of a resource is in it."""
    context = payload.context
    resources: tuple[LoadedResource, ...] = tuple(payload.stack.resources.values())
    recording = payload.stack.recording
    stopping = (*recording.conditions, *recording.refused)
    timing.lap("load")
    return Snapshot(
        stack=reference.name,
        tool=context.tool,
        directory=str(reference.directory),
        revision=context.revision,
        obtained_by=Engine.PLUGIN if payload.plan is None else Engine.CLI,
        resources=tuple(resource.recorded for resource in resources),
        timing_ms=dict(timing.ms),
        warnings=said(
            (
                *context.warnings,
                *stopping,
                *recording.checks,
                *payload.stack.providers.warnings,
            ),
            payload.secrets,
        ),
        provider_doubts=(
            *doubted(payload.stack.providers.doubts, payload.secrets),
            *doubted(tuple(doubts_of_stopped(stopping, resources)), payload.secrets),
            *left_state(context.directory, context.state, tool=context.tool),
        ),
        lineage=context.state.lineage,
        serial=context.state.serial,
        blind_spots=payload.warm.children.blind_spots if payload.warm is not None else (),
        outputs=tuple(map(output_address, sorted(context.source.outputs))),
        stopped=bool(stopping),
        payload=payload,
    )
