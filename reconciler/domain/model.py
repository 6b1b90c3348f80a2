"""What flows through a scan: a stack's snapshot, what was seen, what it means.

Everything here is immutable and free of I/O. The direction is one-way:
`Snapshot` -> `Verdict` -> `Finding` -> `StackReport`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, NewType, TypeAlias

from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import Value
from reconciler.domain.witness import Witness

StackName = NewType("StackName", str)
ResourceAddress = NewType("ResourceAddress", str)
Fingerprint = NewType("Fingerprint", str)

OUTPUT_TYPE: Final = "output"
"""The type of an output of Terraform's root module."""


class Origin(StrEnum):
    """Who moved: the world, the code, or both.

    `undeclared`: the world did, where the code says nothing, so that no plan would act on it.
    """

    OUT_OF_BAND = "out_of_band"
    UNAPPLIED = "unapplied"
    BOTH = "both"
    UNDECLARED = "undeclared"


class Kind(StrEnum):
    """How a resource deviates."""

    CHANGED = "changed"
    MISSING = "missing"
    UNMANAGED = "unmanaged"
    UNREADABLE = "unreadable"
    ADDED = "added"
    """A child that exists under a managed parent, and that nobody declared."""


class Severity(IntEnum):
    """How much a deviation matters; ordered, so policies can compare."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The lower-case name shown to people and on the wire."""
        return self.name.lower()


class Engine(StrEnum):
    """Which way a result was obtained."""

    PLUGIN = "plugin"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """Where a block is declared; `file` is relative to the stack's directory."""

    file: str
    line: int


class Status(StrEnum):
    """What the recorded state itself says of a resource."""

    LIVE = "live"
    TAINTED = "tainted"
    DEPOSED = "deposed"
    FORGOTTEN = "forgotten"
    NOT_APPLICABLE = "not_applicable"
    NOT_CREATED = "not_created"
    NOT_DECLARED = "not_declared"
    NOT_IMPORTED = "not_imported"


@dataclass(frozen=True, slots=True)
class RecordedResource:
    """One resource of a snapshot, without its values: those stay in the adapter."""

    address: ResourceAddress
    type: str
    status: Status
    source: SourcePosition | None = None
    dependencies: tuple[ResourceAddress, ...] = ()
    parent: ResourceAddress | None = None
    """The component that it belongs to."""
    note: str | None = None
    provider: str = ""
    """A label of the provider configuration it belongs to; empty where there is none."""
    moves_to: ResourceAddress | None = None
    """Where the code has it, where that is another address: the move is not applied."""


@dataclass(frozen=True, slots=True)
class ProviderDoubt:
    """Why the objects of one provider configuration are not corrected without a person.

    `provider` is the label of `RecordedResource.provider`; an empty one means the whole stack.
    """

    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """Children of one resource type that nobody can ask its provider for, by their types."""

    parent_type: str
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One stack as recorded and declared.

    `payload` is the adapter's own and opaque to the engine: recorded values and
    configurations may hold secrets, which never leave the adapter in plain text. `outputs` are
    those of the code: a scan may be asked for each, and one that nothing changes is no resource.
    `stopped` says that the tool's plan ended with an error, so that there may be more to list.
    """

    stack: StackName
    tool: str
    directory: str
    revision: str
    obtained_by: Engine
    resources: tuple[RecordedResource, ...]
    timing_ms: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    provider_doubts: tuple[ProviderDoubt, ...] = ()
    lineage: str = ""
    serial: int | None = None
    blind_spots: tuple[BlindSpot, ...] = ()
    outputs: tuple[ResourceAddress, ...] = ()
    stopped: bool = False
    payload: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute that deviates: declared, recorded and live side by side."""

    path: AttributePath
    declared: Value
    recorded: Value
    live: Value
    origin: Origin
    sensitive: bool = False
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True)
class NoiseItem:
    """A difference the provider itself would not act on, with the reason and both sides, masked."""

    path: AttributePath
    reason: str
    recorded: Value = None
    live: Value = None


@dataclass(frozen=True, slots=True)
class InSync:
    """Live, recorded and declared agree."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Something differs, yet nothing an apply would change."""

    items: tuple[NoiseItem, ...]


@dataclass(frozen=True, slots=True)
class Drifted:
    """An apply would change this resource.

    `changes` are causes; they are empty only when `reason` says what else an apply
    would act on, such as a tainted mark. `origin` then says who moved, where that is known.
    `follows` names the object whose change is the only reason for this one: nobody touched it.
    `readdressed` says that an apply would only keep it under another address.
    """

    changes: tuple[Change, ...]
    consequences: tuple[Change, ...] = ()
    noise: tuple[NoiseItem, ...] = ()
    requires_replace: bool = False
    reason: str | None = None
    origin: Origin | None = None
    follows: ResourceAddress | None = None
    readdressed: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Recorded but gone (`out_of_band`), or declared and not yet created (`unapplied`).

    `both` is one that is gone while the code asks for another object than the recorded one.
    """

    origin: Origin = Origin.OUT_OF_BAND


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """It exists, and no code declares it any more."""

    origin: Origin = Origin.UNAPPLIED


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nobody knows: the read failed. Never in sync, never missing."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """There is no remote object to drift."""

    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """A child of `parent` that no code declares exists; `changes` say what it holds."""

    parent: ResourceAddress
    type: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Unseen:
    """Whether `parent` has such a child is unknown in this scan; what was known stays as it is.

    `asked` says that its provider was asked, and gave no answer.
    """

    parent: ResourceAddress
    type: str
    reason: str
    asked: bool = True


Verdict: TypeAlias = (
    InSync | Noise | Drifted | Missing | Unmanaged | Unreadable | NotApplicable | Added | Unseen
)


@dataclass(frozen=True, slots=True)
class Observed:
    """One resource's verdict and what it cost, in milliseconds.

    `remark` is what the whole report must say about it as well. `witness` holds what was read,
    for the comparison with a baseline; None where the adapter read nothing that compares.
    """

    address: ResourceAddress
    verdict: Verdict
    read_ms: float = 0.0
    judge_ms: float = 0.0
    remark: str | None = None
    witness: Witness | None = field(default=None, repr=False, compare=False)
    undeclared: tuple[Change, ...] = ()
    """What differs from the baseline and no plan would act on."""
    undeclared_reason: str | None = None
    added_as: tuple[ResourceAddress, ...] = ()
    """The added children that alone make up `undeclared`."""
    source: SourcePosition | None = None
    """Where it is declared, of what the snapshot does not hold."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviating resource as a person reads it."""

    address: ResourceAddress
    type: str
    kind: Kind
    severity: Severity
    origin: Origin | None
    requires_replace: bool
    fingerprint: Fingerprint
    source: SourcePosition | None
    changes: tuple[Change, ...] = ()
    consequences: tuple[Change, ...] = ()
    consequence_of: ResourceAddress | None = None
    reason: str | None = None
    provider: str = ""
    parent: ResourceAddress | None = None
    """The managed resource that an added child belongs to."""
    severity_reason: str | None = None
    """Why it is as severe as it is: the sentence of the rule; None where a source gave none."""
    added_as: tuple[ResourceAddress, ...] = ()
    """The added children that alone make up its changes: a plan that destroys them undoes it."""
    account: str = ""
    """The account, subscription or project that the object says it is in; empty: it says none."""
    region: str = ""

    @property
    def targets(self) -> tuple[ResourceAddress, ...]:
        """What a plan that undoes it is about."""
        return self.added_as or (self.address,)


@dataclass(frozen=True, slots=True)
class Counts:
    """How the resources of one scan fell; the kinds but `added` add up to `resources`.

    `outputs` says how many of `resources` are outputs of the root module, or data sources that
    could not be read; None where it was not counted: an earlier release kept it.
    """

    resources: int
    in_sync: int
    changed: int
    missing: int
    unmanaged: int
    unreadable: int
    noise: int
    not_applicable: int
    added: int = 0
    outputs: int | None = None


@dataclass(frozen=True, slots=True)
class StackReport:
    """One scan of one stack; sorted by address, so equal worlds give equal reports.

    `together` divides the addresses of the findings into those that one plan would touch anyway.
    `uncompared` were not held against a baseline: undeclared changes of them may be there.
    """

    stack: StackName
    tool: str
    directory: str
    obtained_by: Engine
    observed_at: datetime
    counts: Counts
    findings: tuple[Finding, ...]
    noise: tuple[tuple[ResourceAddress, NoiseItem], ...]
    unreadable: tuple[tuple[ResourceAddress, str], ...]
    timing_ms: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    provider_doubts: tuple[ProviderDoubt, ...] = ()
    together: tuple[frozenset[ResourceAddress], ...] = ()
    unseen: tuple[tuple[ResourceAddress, Unseen], ...] = ()
    """Children that were not asked for or gave no answer; nothing is known of them."""
    blind_spots: tuple[BlindSpot, ...] = ()
    uncompared: frozenset[ResourceAddress] = frozenset()
    listed: frozenset[ResourceAddress] | None = None
    """All that the stack is known to hold, where it may hold more: a plan ended with an error."""
    begun: tuple[KeptBaseline, ...] = field(default=(), repr=False, compare=False)
    """The baselines of objects that had none, where baselines are kept."""

    @property
    def incomplete(self) -> bool:
        """Whether there may be more than was seen: the stack is not in sync, whatever was."""
        return bool(self.unreadable) or self.listed is not None
