"""Judge what depends on a moved object by the tool's own plan of the world as it was read.

Nothing is planned where no code refers to what has moved, and nothing twice while it stays as
it is.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.addresses import parse_address
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.consequences import Cause, Moved, with_consequences
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.output_reach import feeder_among, parts_of_outputs, reaches_outputs
from iac_adapters.terraform.outputs import blocks_that_change
from iac_adapters.terraform.read_alike import reads_alike
from iac_adapters.terraform.recorder.changed_outputs import changed_outputs
from iac_adapters.terraform.recorder.planned import planned_in
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.refreshed import ReadObject, RefreshedPlan
from iac_adapters.terraform.references import CodeText, code_text, referred_to
from iac_adapters.terraform.warm import NoPlanOfTheRead, PlanOfTheRead, Referred, WarmStack
from reconciler.bounded_files import apart, read_text
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    InSync,
    Noise,
    NotApplicable,
    Observed,
    ResourceAddress,
    Unreadable,
    Verdict,
)

# A tool's own failure may end by itself: a registry, a rate limit.
_FAILED_S: Final = 600.0
_WITH_ACTION: Final = frozenset({"create", "update", "delete", "forget"})


@dataclass(frozen=True, slots=True, repr=False)
class Followed:
    """What follows from moved objects: verdicts, and the outputs by the plan that was made.

    `outputs` are None where no moved object can feed one: then what is recorded holds. Where one
    can, and no plan could be made, `failure` says why.
    """

    verdicts: list[Observed]
    causes: Mapping[ResourceAddress, Moved] = field(default_factory=dict)
    outputs: tuple[PlannedOutput, ...] | None = None
    changing: frozenset[str] = frozenset()
    """The resources, without instance keys, that the plan would change."""
    failure: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Following:
    """One scan's view of a stack: what it read, and who plans it.

    `with_outputs` says that the scan is asked for outputs of the root module as well.
    """

    context: Context
    warm: WarmStack
    assembly: Assembly
    digester: SecretDigester
    with_outputs: bool = False

    async def judged(
        self, held: Sequence[Observed], moved: Mapping[ResourceAddress, Moved]
    ) -> Followed:
        """Return `held`, each with what follows from `moved`, and the outputs that do."""
        with_outputs = self.with_outputs and bool(self.context.source.outputs)
        causes = await self._causes(moved) if held or with_outputs else {}
        below = [
            observed.address
            for observed in held
            if self.warm.ancestry.nearest(observed.address, causes) is not None
        ]
        feeding = with_outputs and bool(causes) and await self._reaches_outputs(causes)
        if not below and not feeding:
            return Followed(list(held))
        plan, outputs = await self._plan(causes, below, feeding=feeding)
        verdicts = [
            replace(observed, verdict=self._verdict(observed, causes, plan)) for observed in held
        ]
        if not feeding:
            return Followed(verdicts)
        if plan.document is None:
            return Followed(verdicts, causes, failure=plan.failure)
        planned = planned_in(plan.document["resource_changes"])
        changing = blocks_that_change((change.address, change.action) for change in planned)
        return Followed(verdicts, causes, outputs, changing)

    def _verdict(
        self, seen: Observed, causes: Mapping[ResourceAddress, Moved], plan: RefreshedPlan
    ) -> Verdict:
        nearest = self.warm.ancestry.nearest(seen.address, causes)
        if nearest is None:
            return seen.verdict
        cause = Cause(nearest, causes[nearest])
        if plan.document is None:
            if not isinstance(seen.verdict, InSync | Noise | NotApplicable):
                return seen.verdict
            return Unreadable(f"{cause.sentence()}, and no plan can be made: {plan.failure}")
        resource = self.warm.stack.resources[seen.address]
        return with_consequences(
            seen.verdict, resource, plan.document, cause, digester=self.digester
        )

    async def _causes(self, moved: Mapping[ResourceAddress, Moved]) -> dict[ResourceAddress, Moved]:
        """Return what of `moved` the code refers to."""
        if not moved:
            return {}
        known = self.warm.referred
        asked = {address: move.attributes for address, move in moved.items()}
        if known is None or known.stack is not self.warm.stack or known.asked != asked:
            found = await referred(self.context, moved)
            known = Referred(self.warm.stack, asked, {k: v.attributes for k, v in found.items()})
            self.warm.referred = known
        return {
            address: replace(moved[address], attributes=attributes)
            for address, attributes in known.found.items()
        }

    async def feeder_among(self, unread: Collection[ResourceAddress]) -> ResourceAddress | None:
        """Return one of `unread` that may feed an output of the root module, directly or not."""
        resources, ancestry = self.warm.stack.resources, self.warm.ancestry
        return feeder_among(await self._output_parts(), unread, resources, ancestry)

    async def _reaches_outputs(self, causes: Mapping[ResourceAddress, Moved]) -> bool:
        """Whether an output of the root module may be another because of `causes`."""
        resources, ancestry = self.warm.stack.resources, self.warm.ancestry
        return reaches_outputs(await self._output_parts(), causes, resources, ancestry)

    async def _output_parts(self) -> tuple[CodeText, ...]:
        parts = self.warm.output_parts
        if parts is None or parts[0] is not self.warm.stack:
            parts = self.warm.output_parts = self.warm.stack, await output_parts(self.context)
        return parts[1]

    async def _plan(
        self,
        causes: Mapping[ResourceAddress, Moved],
        below: Collection[ResourceAddress],
        *,
        feeding: bool,
    ) -> tuple[RefreshedPlan, tuple[PlannedOutput, ...]]:
        """Return the plan of the world as it was read, of which `below` counts.

        Where moved objects are `feeding` outputs, all that moved counts.
        """
        live = self._live(causes)
        stack, known, unplanned = self.warm.stack, self.warm.followed, self.warm.unplanned
        if known is not None and self._reads_alike(known, causes, live, below, feeding=feeding):
            return RefreshedPlan(known.plan), known.outputs
        if (
            unplanned is not None
            and time.monotonic() - unplanned.at_s < _FAILED_S
            and self._reads_alike(unplanned.world, causes, live, below, feeding=feeding)
        ):
            return RefreshedPlan(None, unplanned.failure), ()
        referred_to = {address: cause.attributes for address, cause in causes.items()}
        try:
            plan = await self.assembly.refreshed(self.context, stack, self._objects(live))
            if plan.document is None:
                world = PlanOfTheRead(stack, referred_to, live, {})
                self.warm.unplanned = NoPlanOfTheRead(world, plan.failure, time.monotonic())
                return plan, ()
            outputs = await changed_outputs(
                plan.document, self.context.source.files, place=self.context.directory
            )
        except ReconcilerError as error:
            return RefreshedPlan(None, str(error)), ()
        kept = _with_actions(plan.document)
        self.warm.followed = PlanOfTheRead(stack, referred_to, live, kept, outputs)
        return RefreshedPlan(kept), outputs

    def _reads_alike(
        self,
        known: PlanOfTheRead,
        causes: Mapping[ResourceAddress, Moved],
        live: Mapping[ResourceAddress, bytes],
        below: Collection[ResourceAddress],
        *,
        feeding: bool,
    ) -> bool:
        relevant = known.causes.keys() | causes.keys()
        if not feeding:
            relevant = relevant & self.warm.ancestry.closure(below)
        # What the plan would put right of a follower is in it as well, and may have been by now.
        relevant = relevant | set(below)
        # One that follows another is judged by the plan itself, by all that is read of it.
        nearest = self.warm.ancestry.nearest
        first = {a: cause for a, cause in causes.items() if nearest(a, causes) is None}
        return reads_alike(known, self.warm.stack, relevant, live=live, causes=first)

    def _live(self, causes: Mapping[ResourceAddress, Moved]) -> dict[ResourceAddress, bytes]:
        """Return what was last read of each object that is not as it was recorded."""
        read = {address: state.state for address, state in self.warm.live.items()}
        return read | {address: cause.live for address, cause in causes.items()}

    def _objects(self, live: Mapping[ResourceAddress, bytes]) -> list[ReadObject]:
        resources = self.warm.stack.resources.items()
        return [
            _read_object(resource, live.get(address), self.warm.live.get(address))
            for address, resource in resources
            if resource.wire is not None and resource.instance is not None
        ]


async def referred(
    context: Context, moved: Mapping[ResourceAddress, Moved]
) -> dict[ResourceAddress, Moved]:
    """Return what of `moved` the code refers to; its files are read."""

    def look() -> dict[ResourceAddress, Moved]:
        files = context.source.files
        texts = [code_text(read_text(file, errors="replace")) for file in files]
        seen = {address: _as_referred(texts, address, move) for address, move in moved.items()}
        return {
            address: moved for address, moved in seen.items() if moved.attributes != frozenset()
        }

    return await apart(look, place=context.directory)


async def output_parts(context: Context) -> tuple[CodeText, ...]:
    """Return what the outputs of the root module take values from; the code's files are read."""

    def look() -> tuple[CodeText, ...]:
        files = context.source.files
        texts = {file: read_text(file, errors="replace") for file in files}
        return parts_of_outputs(texts, context.source.directory)

    return await apart(look, place=context.directory)


def _read_object(
    resource: LoadedResource, state: bytes | None, read: LiveState | None
) -> ReadObject:
    wire, instance = resource.wire, resource.instance
    assert wire is not None and instance is not None  # noqa: S101, PT018 - the caller checks
    gone = state == NULL
    return ReadObject(
        type_name=wire.type_name,
        recorded=wire.upgraded,
        private=instance.private,
        live=wire.upgraded if state is None else state,
        live_private=instance.private if read is None or gone else read.private,
    )


def _as_referred(texts: Sequence[CodeText], address: str, moved: Moved) -> Moved:
    """Return `moved` with the attributes that the code refers to alone."""
    if moved.attributes is None:
        return moved
    try:
        named = parse_address(address)
    except ValueError:
        return moved
    modules = {step.name for step in named.module}
    found = referred_to(texts, named.type, named.name, moved.attributes, modules=modules)
    return replace(moved, attributes=found)


def _with_actions(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a plan is worth keeping: what it would do, and to what it saw change."""
    changes = [
        entry
        for entry in document.get("resource_changes", ())
        if entry["mode"] == "managed" and not _WITH_ACTION.isdisjoint(entry["change"]["actions"])
    ]
    addresses = {entry["address"] for entry in changes}
    drift = [entry for entry in document.get("resource_drift", ()) if entry["address"] in addresses]
    return {"resource_changes": changes, "resource_drift": drift}
