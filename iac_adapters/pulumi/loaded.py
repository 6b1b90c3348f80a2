"""One loaded stack, as the Pulumi adapter keeps it behind a snapshot.

Holds recorded and declared values in plain text; it never leaves the adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.provider import Subject
from iac_adapters.pulumi.provider_config import ProviderKey
from iac_adapters.pulumi.provider_edits import ProviderEdit
from iac_adapters.pulumi.values import RawProperties
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.model import ProviderDoubt, RecordedResource, ResourceAddress


@dataclass(frozen=True, slots=True, repr=False)
class Recorded:
    """What the last update left of a resource; a refresh by somebody else does not touch it."""

    id: str
    inputs: RawProperties
    outputs: RawProperties
    provider: str = ""
    """The provider's reference; empty where an earlier release remembered none."""


@dataclass(frozen=True, slots=True, repr=False, eq=False, weakref_slot=True)
class LoadedResource:
    """Everything needed to read and judge one resource; equal to itself alone.

    `state` is what stands in the checkpoint now, `recorded` what the last update left there,
    `wanted` the inputs that the program asks for, `step` what an update would do about it.
    """

    recorded_as: RecordedResource
    state: StateResource | None = None
    recorded: Recorded | None = None
    wanted: RawProperties | None = None
    step: Step | None = None
    ignored: tuple[str, ...] = ()
    """The property paths that an update leaves alone, as the program says now."""
    named: str = ""
    """What the program names it where that is not applied yet: the URN it gets by an alias."""
    asked_of: str = ""
    """The reference of the provider that the program asks for it."""
    awaited: tuple[str, ...] | None = None
    """The URNs that the program registers before it; None where it does not ask for it."""
    imported: str = ""
    """The id of the object that the next update takes into the stack."""
    refused: str = ""
    """Why the engine refuses what the code does about it."""
    recorded_only: tuple[RawProperties, RawProperties] | None = None
    """Recorded and wanted values that an update changes in the record alone.

    Of an import they are the values of the object that is taken in, and those it is given.
    """
    followed: bool = False
    """Whether an update acts on it for what is shown elsewhere: below it, or a lost object."""
    provider: ProviderKey | None = None
    edit: ProviderEdit | None = None
    """How the code differs from the provider's record; of a provider itself, and of its objects."""
    refusal: str | None = None
    """Why it cannot be read at all."""
    redactor: Redactor = field(default_factory=Redactor)

    @property
    def subject(self) -> Subject:
        """Return which resource a call to its provider is about."""
        assert self.state is not None  # noqa: S101 - what is read stands in the checkpoint
        state = self.state
        return Subject(urn=state.urn, id=state.id, type=state.type, name=state.name)


@dataclass(frozen=True, slots=True, repr=False)
class LoadedStack:
    """A stack's resources by address; `doubts` are what the code changes of their providers.

    `identities` tell of each provider where it looks, `recorded_in` where its objects are.
    """

    resources: Mapping[ResourceAddress, LoadedResource]
    doubts: tuple[ProviderDoubt, ...] = ()
    identities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    recorded_in: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
