"""Scripts that may correct drift: what the settings allow, and one planned run of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.values import Attributes, Json


class ScriptTask(StrEnum):
    """What the script of a quarantine is to do: `action` of its input.

    A script that corrects is told none.
    """

    ISOLATE = "isolate"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class ScriptLimits:
    """What one run may use. The sizes are bytes; `memory` is that of each of its processes.

    `disk` is what all files of its working directory may take.
    """

    time: timedelta = timedelta(minutes=1)
    memory: int = 512 * 2**20
    processes: int = 64
    open_files: int = 256
    file_size: int = 16 * 2**20
    disk: int = 256 * 2**20


@dataclass(frozen=True, slots=True)
class ScriptRule:
    """One `[[script]]`: the file at `path` may run while its content has exactly this `sha256`.

    `isolated` means process, user and network namespaces of its own; with `network` it keeps the
    daemon's network. `environment` names the variables of the stack that it gets.
    """

    name: str
    path: str
    sha256: str
    limits: ScriptLimits = field(default_factory=ScriptLimits)
    network: bool = False
    isolated: bool = True
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedScript:
    """One run of a script as it is approved: `given` is its standard input, without secrets.

    `lack` says why it cannot be isolated as its rule asks; it must not run then.
    """

    rule: ScriptRule
    given: Json
    lack: str | None = None

    @property
    def mark(self) -> bytes:
        """What tells two runs apart that would not do the same; the host's `lack` is no part."""
        return hashlib.sha256(canonical_bytes(self.stated())).digest()

    def stated(self) -> Attributes:
        """Return what would run, within which limits, and what it would be given."""
        rule = self.rule
        limits = rule.limits
        return {
            "name": rule.name,
            "path": rule.path,
            "sha256": rule.sha256,
            "seconds": limits.time.total_seconds(),
            "memory": limits.memory,
            "processes": limits.processes,
            "open_files": limits.open_files,
            "file_size": limits.file_size,
            "disk": limits.disk,
            "network": rule.network,
            "isolated": rule.isolated,
            "environment": list(rule.environment),
            "given": dict(self.given),
        }


@dataclass(frozen=True, slots=True)
class ScriptIsolation:
    """By which script a quarantine isolates, and what it takes to release that again.

    `given` is the whole input of the run that releases. `before` is what was known of the resources
    when the script began, and `left` what they showed when it had isolated them, None until that
    was read; `engine.quarantine.leaving` writes and reads both.
    """

    name: str
    sha256: str
    given: Json
    before: Json = field(default_factory=dict)
    left: Json | None = None


def isolation_by(script: PlannedScript) -> ScriptIsolation:
    """Return what undoes the run of `script` that isolates: the same script, told to release."""
    given: dict[str, Any] = {**script.given, "action": ScriptTask.RELEASE.value}
    return ScriptIsolation(script.rule.name, script.rule.sha256, given)
