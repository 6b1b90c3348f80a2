"""What its code declares, what its state records, what is there."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass, field

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    Unmanaged,
    Unreadable,
    Unseen,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import NewValue
from reconciler.domain.values import Attributes
from tests.seen_objects import Seen

Resources = dict[ResourceAddress, Attributes]


@dataclass(slots=True)
class World:
    """One stack: what its code declares, what its state records, what is there.

    `effects` names every apply that changed something, in order.
    """

    declared: Resources = field(default_factory=dict)
    recorded: Resources = field(default_factory=dict)
    live: Resources = field(default_factory=dict)
    unreadable: set[ResourceAddress] = field(default_factory=set)
    unseen: set[ResourceAddress] = field(default_factory=set)
    refuses_load: ReconcilerError | Exception | None = None
    refuses_plan: ReconcilerError | Exception | None = None
    lost: set[ResourceAddress] = field(default_factory=set)
    providers: dict[ResourceAddress, str] = field(default_factory=dict)
    depends: dict[ResourceAddress, tuple[ResourceAddress, ...]] = field(default_factory=dict)
    doubts: tuple[ProviderDoubt, ...] = ()
    before_failure: Resources = field(default_factory=dict)
    """What was recorded before a run of ours failed half-way, as adapters remember it."""
    beyond: dict[ResourceAddress, tuple[Attributes, Attributes]] = field(default_factory=dict)
    """What no code declares: as it is recorded, and as it is."""
    edges: dict[ResourceAddress, ResourceAddress] = field(default_factory=dict)
    """What connects another resource, and which."""
    moved: dict[ResourceAddress, ResourceAddress] = field(default_factory=dict)
    """Where the state has what it had elsewhere before."""
    stopped: bool = False
    """Whether the tool's plan ends with an error, and does not tell what is declared."""
    lineage: str = "first"
    serial: int = 1
    effects: list[str] = field(default_factory=list)

    @classmethod
    def in_sync(cls, **resources: Attributes) -> World:
        """Return a world where everything is as declared; names become `thing.NAME`."""
        declared = {ResourceAddress(f"thing.{name}"): values for name, values in resources.items()}
        return cls(deepcopy(declared), deepcopy(declared), deepcopy(declared))

    @property
    def addresses(self) -> list[ResourceAddress]:
        return sorted({*self.declared, *self.recorded} - self.lost)

    @property
    def revision(self) -> str:
        told = json.dumps([self.serial, self.declared], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def verdict(self, address: ResourceAddress) -> Verdict:
        if address in self.unreadable:
            return Unreadable("denied")
        if address in self.unseen:
            return Unseen(ResourceAddress("thing.parent"), "thing", "throttled")
        declared, kept = self.declared.get(address), self.kept(address)
        live = self.live.get(address)
        if kept is None:
            return Missing(Origin.UNAPPLIED)
        if live is None:
            if declared is None:
                return InSync()
            return Missing() if declared == kept else Missing(Origin.BOTH)
        if declared is None:
            return Unmanaged()
        changes = tuple(_changes(declared, kept, live))
        return Drifted(changes) if changes else InSync()

    def witness(self, address: ResourceAddress) -> Seen | None:
        if address not in self.beyond or address not in self.live or address in self.unreadable:
            return None
        recorded, live = ({"id": address, **values} for values in self.beyond[address])
        return Seen("thing", recorded, live)

    def kept(self, address: ResourceAddress) -> Attributes | None:
        return self.before_failure.get(address) or self.recorded.get(address)

    def new_values(self, address: ResourceAddress) -> tuple[NewValue, ...]:
        """Return what a plan of the declared form would write that is not recorded."""
        declared, kept = self.declared.get(address, {}), self.kept(address)
        if kept is None:
            return (NewValue(AttributePath(""), None, None),)
        return tuple(
            NewValue(AttributePath(name), kept.get(name), declared[name])
            for name in sorted(declared)
            if declared[name] != kept.get(name)
        )

    def rename(self, before: ResourceAddress, after: ResourceAddress) -> None:
        """Give an object another address in code and state, as `state mv` does."""
        for place in (self.declared, self.recorded, self.live):
            place[after] = place.pop(before)
        self.moved[before] = after
        self.serial += 1

    def detach(self, address: ResourceAddress) -> None:
        """Destroy an edge, as the tool does."""
        self.live.pop(address, None)
        self.recorded.pop(address, None)
        self.serial += 1

    def correct(self, address: ResourceAddress) -> None:
        """Make live and recorded what is declared."""
        declared = self.declared.get(address)
        self.before_failure.pop(address, None)
        for place in (self.live, self.recorded):
            if declared is None:
                place.pop(address, None)
            else:
                place[address] = deepcopy(declared)
        self.serial += 1


def _changes(declared: Attributes, kept: Attributes, live: Attributes) -> list[Change]:
    found = []
    for name in sorted({*declared, *kept, *live}):
        want, was, now = declared.get(name), kept.get(name), live.get(name)
        if want == now:
            continue
        origin = (
            Origin.OUT_OF_BAND if want == was else Origin.UNAPPLIED if was == now else Origin.BOTH
        )
        found.append(Change(AttributePath(name), want, was, now, origin))
    return found
