"""What an infrastructure-as-code tool does for the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from reconciler.domain.model import Observed, ResourceAddress, Snapshot, StackName
from reconciler.domain.plan import Plan
from reconciler.domain.values import Json
from reconciler.ports.runs import Exited, Outcome, Progress, RunnerJob, Vanished
from reconciler.ports.stacks import StackReference

if TYPE_CHECKING:  # a scan loads no records
    from reconciler.domain.edges import Edge
    from reconciler.domain.swaps import Regrouping


@dataclass(frozen=True, slots=True)
class Declaration:
    """One resource's declared form, secrets replaced by keyed digests.

    `definition` is a JSON object: the evaluated configuration. `baseline_hash` is a keyed
    digest of what the last apply recorded; it changes when, and only when, that does.
    """

    address: ResourceAddress
    type: str
    definition: Json
    baseline_hash: str


class IacAdapter(Protocol):
    """One infrastructure-as-code tool, read-only so far as detection goes."""

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared; no cloud object is read.

        Nothing is written into the stack's directory, its backend or the cloud.

        Raises:
            RetryableError: the backend could not be reached.
            PermanentError: the code, the state or the set-up is unusable as it is.
        """
        ...

    def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge `addresses` (all when None), yielding each as it is known.

        Every address asked for is yielded exactly once; a failed read is `Unreadable`.
        """
        ...

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        """Return every resource's declared form by address; the cloud is not asked."""
        ...

    async def plan(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress] = (),
    ) -> Plan:
        """Return what correcting exactly `addresses` would do, and save the plan in `folder`.

        `folder` is private to the caller (mode 0700) and empty; what is saved holds secrets.
        Of `anew`, which are among `addresses`, what provisions is made anew although it is as
        recorded: so that what it did to a host is done again.
        The state is locked while the plan is made; nothing is changed.

        Raises:
            RetryableError: the state is locked by somebody, or a backend did not answer.
            PermanentError: the code or the set-up allows no plan.
        """
        ...

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        """Return the command that does exactly what the plan saved in `folder` says."""
        ...

    def progress(self, line: bytes, *, stack: StackName | None = None) -> Progress | None:
        """Return what one line of the run's log means; None when it is of no interest.

        `stack` is whose run it is: what a provider said is repeated without that stack's
        secrets, and not at all where they are not known.
        """
        ...

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        """Return what a run of `correction` came to, from what it left behind; reads only."""
        ...

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        """Return `text` without the secrets of `stack`; None where they are not known now."""
        ...

    async def close(self) -> None:
        """End every process that was started; closing twice is closing once."""
        ...


@runtime_checkable
class Isolating(Protocol):
    """What an `IacAdapter` offers besides where its resources can be put into quarantine.

    A plan that is saved here is carried out by `correction`, and its end told by `outcome`.
    """

    async def edges(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        named: Collection[str] = (),
    ) -> tuple[Edge, ...]:
        """Return what connects `addresses`, as `domain.edges` finds it; no cloud object is read."""
        ...

    async def plan_detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return what destroying exactly `edges` would do, and save the plan in `folder`.

        Nothing else is refreshed, so that the record keeps what it holds of drifted resources.

        Raises:
            RetryableError, PermanentError: see `IacAdapter.plan`.
        """
        ...

    async def plan_attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return what creating `edges` again would do, and save the plan in `folder`.

        What they depend on is taken as it is recorded: drift of it is not corrected by this.
        An edge that is there already, and one that the code does not declare any more, is in
        no plan.

        Raises:
            RetryableError, PermanentError: see `IacAdapter.plan`.
        """
        ...

    def forgetting(self, snapshot: Snapshot, address: ResourceAddress) -> str:
        """Return the command that takes `address` off the state and leaves the world as it is."""
        ...


@runtime_checkable
class Swapping(Protocol):
    """What an `IacAdapter` offers where a quarantine can swap the groups of its resources.

    A plan that is saved here is carried out by `correction`, and its end told by `outcome`. The
    stack's own code and state are read, and never written.
    """

    async def swaps(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress], *, group: str
    ) -> tuple[Edge, ...]:
        """Return whose groups isolate `addresses`, as `domain.swaps` finds it; reads no cloud."""
        ...

    def moved(
        self, snapshot: Snapshot, edges: Collection[Edge]
    ) -> Mapping[ResourceAddress, ResourceAddress]:
        """Return where the record has each swapped object now that it has at another address.

        What is gone from it, and what may be any of several, is left out.
        """
        ...

    async def plan_swapping(
        self, snapshot: Snapshot, regroupings: Collection[Regrouping], *, folder: Path
    ) -> Plan:
        """Return what giving exactly these groups to the objects would do, and save the plan.

        Objects are found by their identity, and planned under the address of their edge. One
        that holds these groups already is in no plan, and so is one that is gone.

        Raises:
            RetryableError, PermanentError: see `IacAdapter.plan`; a group that does not exist
                is a `PermanentError` too.
        """
        ...
