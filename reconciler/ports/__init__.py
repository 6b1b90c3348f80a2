"""What the engine asks of the outside, and what it may rely on."""

from __future__ import annotations

from reconciler.ports.adapters import Declaration, IacAdapter, Isolating, Swapping
from reconciler.ports.clock import Clock
from reconciler.ports.factories import AdapterFactory, AdapterSetup, Claim, DiscoveredStack, LeftOut
from reconciler.ports.notifiers import ChannelBusyError, Notifier, PartlyShownError
from reconciler.ports.runners import ApplyLocks, RunLogs, Runner, Scripts
from reconciler.ports.runs import (
    Done,
    Exited,
    Failed,
    InDoubt,
    NeverBegun,
    Outcome,
    Progress,
    RunnerJob,
    RunnerProcess,
    RunnerState,
    Running,
    Step,
    Vanished,
)
from reconciler.ports.stacks import StackReference

__all__ = [
    "AdapterFactory",
    "AdapterSetup",
    "ApplyLocks",
    "ChannelBusyError",
    "Claim",
    "Clock",
    "Declaration",
    "DiscoveredStack",
    "Done",
    "Exited",
    "Failed",
    "IacAdapter",
    "InDoubt",
    "Isolating",
    "LeftOut",
    "NeverBegun",
    "Notifier",
    "Outcome",
    "PartlyShownError",
    "Progress",
    "RunLogs",
    "Runner",
    "RunnerJob",
    "RunnerProcess",
    "RunnerState",
    "Running",
    "Scripts",
    "StackReference",
    "Step",
    "Swapping",
    "Vanished",
]
