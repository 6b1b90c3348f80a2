"""Plans on the wire."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from reconciler.wire.model import Wire, model


@model
class PlannedChange(Wire):
    """One attribute: from what to what."""

    path: str
    before: Any = None
    after: Any = None


@model
class PlannedResource(Wire):
    """One resource that would be touched."""

    address: str
    type: str
    action: Literal["create", "update", "replace", "delete", "forget", "script", "invoke", "other"]
    changes: list[PlannedChange]


@model
class PlannedScript(Wire):
    """The script that runs instead of the tool: the file, its limits, and what it is given.

    Sizes are bytes. `lack` says why this host cannot isolate it; it does not run then.
    """

    name: str
    path: str
    sha256: str
    seconds: float
    memory: int
    processes: int
    open_files: int
    file_size: int
    network: bool
    isolated: bool
    environment: list[str]
    given: dict[str, Any]
    lack: str | None = None
    disk: int | None = None
    """None in a plan of an earlier version, which had no such limit."""


@model
class Plan(Wire):
    """What a correction would do, and the digest an approval is bound to."""

    stack: str
    targets: list[str]
    summary: str
    digest: str
    resources: list[PlannedResource]
    outputs: list[str] = field(default_factory=list)
    concerns: list[str] = field(default_factory=list)
    script: PlannedScript | None = None
