"""One loaded stack, as the Terraform adapter keeps it behind a snapshot.

Holds recorded values and evaluated configurations in plain text; it never leaves the adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.provider_settings import ProviderSettings
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.recording import RecordedInstance, Recording
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.state import StateInstance
from reconciler.domain.model import Origin, ProviderDoubt, RecordedResource, ResourceAddress
from reconciler.domain.paths import Steps

LEFT_OUT: Final = "-exclude in the environment leaves it out of every plan"


@dataclass(frozen=True, slots=True, repr=False)
class ProviderKey:
    """One provider configuration: which plugin, told what, in which environment and where.

    `digest` is keyed, so it may be used as a name; `configure` holds credentials.
    """

    digest: str
    installed: InstalledProvider
    configure: bytes
    environment: Mapping[str, str]
    directory: Path


@dataclass(frozen=True, slots=True, repr=False)
class Baseline:
    """What the last good apply recorded of an object, msgpack, and what the code said of it.

    `gone` says who moved an object that no state holds any more.
    """

    state: bytes
    config: bytes | None = None
    gone: Origin = Origin.UNAPPLIED


@dataclass(frozen=True, slots=True, repr=False)
class LoadedResource:
    """Everything needed to read and judge one resource.

    `wire` is None where nothing passed on the wire for it: built-in types, resources
    that do not exist yet, and those the recording could not match. `read_as_recorded` says
    that `provider` is not what the code asks for: that was never applied. `baseline` is there
    where the state does not hold what the last good apply recorded. `rearranged` says what the
    code asks for besides changes of values: a move, an import, a replacement. `output` is there
    instead of a resource where the plan would change an output of the root module.
    `planned_change` is what the plan tells of a built-in one, as JSON. `read_when_forgotten`
    says that the tool reads the object once more before it takes it out of the state. `left_out`
    says that the user leaves it out of every plan, `unevaluated` that a condition of the code
    fails and nothing tells what the code asks of it, and `stopped` that it has no block of its
    own besides: nothing tells what becomes of it. `unread` is there instead of a resource where
    a data source could not be read: its provider's words.
    """

    recorded: RecordedResource
    instance: StateInstance | None = None
    wire: RecordedInstance | None = None
    provider: ProviderKey | None = None
    schema: ProviderSchema | None = None
    ignored: IgnoreRules = field(default_factory=IgnoreRules)
    planned_action: str | None = None
    planned_secrets: tuple[Steps, ...] = ()
    planned_change: bytes | None = None
    read_as_recorded: bool = False
    read_when_forgotten: bool = False
    left_out: bool = False
    unevaluated: bool = False
    stopped: bool = False
    unread: str = ""
    baseline: Baseline | None = None
    rearranged: str | None = None
    imported_private: bytes = field(default=b"", repr=False)
    output: PlannedOutput | None = field(default=None, repr=False)

    @property
    def private(self) -> bytes:
        """What the provider keeps of the object for itself."""
        return self.instance.private if self.instance is not None else self.imported_private

    @property
    def secret_paths(self) -> tuple[Steps, ...]:
        """The places that the state marks as secret, and those that the plan does."""
        recorded = self.instance.sensitive_paths if self.instance is not None else ()
        return (*recorded, *self.planned_secrets)


@dataclass(frozen=True, slots=True, repr=False)
class ProviderFacts:
    """What is known of a stack's provider configurations.

    `code` holds by label what the code says, where that is what the objects are read with.
    """

    doubts: tuple[ProviderDoubt, ...] = ()
    warnings: tuple[str, ...] = ()
    code: Mapping[str, ProviderSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class LoadedStack:
    """A stack's resources by address, and the recording they were joined with."""

    recording: Recording
    resources: Mapping[ResourceAddress, LoadedResource]
    providers: ProviderFacts = field(default_factory=ProviderFacts)
