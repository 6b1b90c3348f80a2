"""One evaluation of a stack's code: what is asked for, and what it says of the stack.

Imported where there is something to record, since the recorder takes a while to load.
"""

from __future__ import annotations

import time
from dataclasses import replace

from iac_adapters.plugin_host.deadlines import configure_deadline_s
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.named_files import named_files
from iac_adapters.terraform.recorder.conditions import with_stopped
from iac_adapters.terraform.recorder.join import join
from iac_adapters.terraform.recorder.order import RecordingOrder
from iac_adapters.terraform.recorder.recorded import Recorded
from iac_adapters.terraform.recorder.recording import Recording
from iac_adapters.terraform.recorder.refused import told_of_refused
from reconciler.bounded_files import apart


def order_of(context: Context) -> RecordingOrder:
    """Return what is to be recorded of a context."""
    return RecordingOrder(
        directory=context.directory,
        executable=context.executable,
        providers=context.providers,
        types=context.types,
        instances=context.managed_instances,
        data=tuple(one for one in context.state.instances if one.mode == "data"),
        arguments=context.plan_arguments,
        exclusions=context.exclusions,
        environment=context.environment,
        configure_deadline_s=configure_deadline_s(context.environment),
        called_from=context.called_from,
        files=context.source.files,
        ephemerals=context.source.ephemerals,
    )


async def joined(context: Context, recorded: Recorded) -> Recording:
    """Return what was `recorded`, by the addresses of the state."""
    recording = join(
        recorded.captures,
        context.managed_instances,
        planned=recorded.planned,
        outputs=recorded.outputs,
        whole=not recorded.unread,
    )
    configurations = [
        instance.config for instance in recording.instances.values() if instance.config
    ]
    files = await apart(
        lambda: named_files(configurations, context.directory), place=context.directory
    )
    recording = replace(
        recording, secrets=recorded.secrets, built_in=recorded.built_in,
        files=files, conditions=recorded.conditions, unread=recorded.unread,
        checks=recorded.checks, awaited=recorded.awaited,
        refused=told_of_refused(recorded.refused, recording.instances, context.source),
        # A data source that could not be read is asked again by each scan.
        recorded_at=0.0 if recorded.unread or recorded.awaited else time.time(),
    )  # fmt: skip
    if recording.conditions:
        untold = context.source.outputs.keys() - recorded.outputs_told
        recording = with_stopped(recording, untold=untold)
    return recording
