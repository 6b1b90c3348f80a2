"""Stacks on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import Duration, FilePath, StackNameText, StackSourceWord, Time, Word

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class StackBody(Body):
    """A stack to be watched. Paths are the daemon's host's; other keys are its tool's options."""

    gathered: ClassVar[str | None] = "options"

    directory: FilePath
    name: StackNameText | None = None
    tool: Word | None = None
    interval: Duration = "15m"
    adaptive: bool = False
    engine: Literal["auto", "plugin", "cli"] = "auto"
    env_file: FilePath | None = None
    options: dict[str, Any] = field(default_factory=dict)


@model
class Counts(Wire):
    """How the resources of one scan fell."""

    resources: int
    in_sync: int
    changed: int
    missing: int
    unmanaged: int
    unreadable: int
    noise: int
    not_applicable: int
    added: int = 0


@model
class OpenFindings(Wire):
    """How many are open, by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0


@model
class ProviderDoubt(Wire):
    """Why objects of a provider are not corrected without a person."""

    provider: str
    reason: str


@model
class Stack(Wire):
    """A watched stack, and how fresh our knowledge of it is.

    `own_approval` says whether who asked for one of its corrections may approve that.
    """

    name: str
    tool: str
    directory: str
    interval_s: float
    adaptive: bool
    source: StackSourceWord
    definition: dict[str, Any]
    health: Literal["never_run", "in_sync", "drifted", "incomplete", "error"]
    counts: Counts | None
    findings: OpenFindings
    suppressed: int
    obtained_by: str | None
    revision: str | None
    verified_at: Time | None
    last_scan_at: Time | None
    last_scan_ms: float | None
    error: str | None
    error_since: Time | None
    next_due_at: Time | None
    provider_doubts: list[ProviderDoubt]
    own_approval: bool = True


@model
class Queued(Wire):
    """It will be done soon."""

    stack: str
    queued: bool = True


def stack_of(
    stack: records.StackRecord,
    *,
    open_findings: Mapping[str, int],
    suppressed: int = 0,
    own_approval: bool = True,
) -> Stack:
    """Return a registered stack; `open_findings` counts its own by severity word."""
    return mapping.shown(
        Stack,
        stack,
        interval_s=stack.interval.total_seconds(),
        counts=mapping.shown(Counts, stack.counts) if stack.counts else None,
        findings=OpenFindings(**open_findings),
        suppressed=suppressed,
        own_approval=own_approval,
        provider_doubts=[mapping.shown(ProviderDoubt, doubt) for doubt in stack.provider_doubts],
    )
