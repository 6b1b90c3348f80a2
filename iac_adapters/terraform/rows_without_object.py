"""What a scan tells of that has no object: outputs, and data sources that could not be read."""

from __future__ import annotations

from collections.abc import Iterator

from iac_adapters.terraform.addresses import MANAGED, block_of, parse_address
from iac_adapters.terraform.context import BUILT_IN, Context
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.outputs import blocks_that_change, output_address, shown_by_itself
from iac_adapters.terraform.provider_settings import label_of
from iac_adapters.terraform.recorder.recording import Recording
from reconciler.domain.model import (
    OUTPUT_TYPE,
    RecordedResource,
    ResourceAddress,
    SourcePosition,
    Status,
)


def output_rows(context: Context, recording: Recording) -> Iterator[LoadedResource]:
    """Yield the outputs that the plan changes and that follow from nothing that is shown anyway."""
    announced = ((change.address, change.action) for change in recording.planned)
    changing = blocks_that_change((*announced, *recording.actions.items()))
    for output in recording.outputs:
        if not shown_by_itself(output, changing):
            continue
        recorded = RecordedResource(
            address=output_address(output.name),
            type=OUTPUT_TYPE,
            status=Status.NOT_APPLICABLE,
            source=context.source.outputs.get(output.name),
        )
        yield LoadedResource(recorded, output=output)


def data_rows(context: Context, recording: Recording) -> Iterator[LoadedResource]:
    """Yield the data sources that could not be read: without them no plan comes to its end.

    Their providers are told by the state, which holds what was read at the last apply.
    """
    labels = {
        block_of(instance.address): label_of(instance.provider)
        for instance in context.state.instances
        if recording.unread and instance.mode != MANAGED and instance.provider.source != BUILT_IN
    }
    for address, words in recording.unread.items():
        block = context.source.block(address)
        recorded = RecordedResource(
            address=ResourceAddress(address),
            type=parse_address(address).type,
            status=Status.NOT_APPLICABLE,
            source=SourcePosition(block.file, block.line) if block is not None else None,
            provider=labels.get(block_of(address), ""),
        )
        yield LoadedResource(recorded, unread=words)
