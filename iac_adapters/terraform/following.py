"""Judge what depends on a moved object by the tool's own plan of the world as it was read.

Nothing is planned where no code refers to what has moved, and nothing twice while it stays as
it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.addresses import parse_address
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.consequences import Cause, Moved, with_consequences
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.recorder.refreshed import ReadObject, RefreshedPlan
from iac_adapters.terraform.references import CodeText, code_text, referred_to
from iac_adapters.terraform.warm import Followed, Referred, WarmStack
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

_WITH_ACTION = frozenset({"create", "update", "delete", "forget"})


@dataclass(frozen=True, slots=True, repr=False)
class Following:
    """One scan's view of a stack: what it read, and who plans it."""

    context: Context
    warm: WarmStack
    assembly: Assembly
    digester: SecretDigester

    async def judged(
        self, held: Sequence[Observed], moved: Mapping[ResourceAddress, Moved]
    ) -> list[Observed]:
        """Return `held`, each with what follows from `moved`."""
        causes = await self._causes(moved) if held else {}
        below = [
            observed
            for observed in held
            if self.warm.ancestry.nearest(observed.address, causes) is not None
        ]
        if not below:
            return list(held)
        plan = await self._plan(causes, [observed.address for observed in below])
        return [
            replace(observed, verdict=self._verdict(observed, causes, plan)) for observed in held
        ]

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

    async def _plan(
        self, causes: Mapping[ResourceAddress, Moved], below: Collection[ResourceAddress]
    ) -> RefreshedPlan:
        known = self.warm.followed
        live = self._live(causes)
        if known is not None and known.stack is self.warm.stack:
            closure = self.warm.ancestry.closure(below)
            relevant = (known.causes | causes.keys()) & closure | set(below)
            if all(known.live.get(address) == live.get(address) for address in relevant):
                return RefreshedPlan(known.plan)
        stack = self.warm.stack
        try:
            plan = await self.assembly.refreshed(self.context, stack, self._objects(live))
        except ReconcilerError as error:
            return RefreshedPlan(None, str(error))
        if plan.document is not None:
            plan = RefreshedPlan(_with_actions(plan.document))
            self.warm.followed = Followed(stack, frozenset(causes), live, plan.document or {})
        return plan

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
