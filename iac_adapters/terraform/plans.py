"""Plans of the stock tool for a correction, or for an isolation. No scan loads this module."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from iac_adapters.children.removals import removals_of
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import gathered
from iac_adapters.redaction.redactor import redacting
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.children import removal
from iac_adapters.terraform.isolating import attaching_plan, detaching_plan
from iac_adapters.terraform.new_values import recorded_objects
from iac_adapters.terraform.plan_json import PlanReader
from iac_adapters.terraform.planning import PlanOrder, saved_plan
from iac_adapters.terraform.served_providers import Running
from iac_adapters.terraform.snapshots import payload_of
from reconciler.bounded_files import apart
from reconciler.domain.added_children import children_among
from reconciler.domain.model import Engine, ResourceAddress, Snapshot
from reconciler.domain.plan import Plan

Making: TypeAlias = Callable[..., Awaitable[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Plans:
    """Whom plans are made with."""

    assembly: Assembly
    digester: SecretDigester

    async def correcting(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress],
    ) -> Plan:
        """Return the plan that puts `addresses` right, those in `anew` by making them again."""
        payload = payload_of(snapshot)
        if payload.warm is not None and children_among(addresses, payload.stack.resources):
            context, redactor = payload.context, await gathered(payload.secrets)
            asked = payload.warm.children.removable
            removals = removals_of(tuple(addresses), asked)
            schemas = await self.assembly.schemas(context)
            removing = removal.RemovalOrder(
                context, removals, payload.stack.resources, schemas, folder, redactor
            )
            return await removal.planned(removing, stack=snapshot.stack, digester=self.digester)
        making = partial(saved_plan, anew=anew)
        return await self._planned(snapshot, addresses, making, folder=folder)

    async def detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return the plan that destroys exactly `edges`."""
        return await self._planned(snapshot, edges, detaching_plan, folder=folder)

    async def attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return the plan that creates `edges` again."""
        return await self._planned(snapshot, edges, attaching_plan, folder=folder)

    async def _planned(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        making: Making,
        *,
        folder: Path,
    ) -> Plan:
        """Return the plan that `making` saves; an empty one where it saves none."""
        payload = payload_of(snapshot)
        context = payload.context
        redactor = await gathered(payload.secrets)
        targets = tuple(addresses)
        schemas = await self.assembly.schemas(context)
        order = PlanOrder(context, payload.stack, folder, redactor, schemas)
        if snapshot.obtained_by is Engine.PLUGIN:
            lend = await self.assembly.lender(context, payload.stack.recording)
            running = Running(lend, partial(self.assembly.start, context))
            order = replace(order, running=running)
        with redacting(lambda: redactor):
            document = await making(order, targets)
            if document is None:
                return Plan(stack=snapshot.stack, targets=tuple(sorted(targets)), resources=())
            reader = PlanReader(
                schemas,
                self.digester,
                redactor,
                recorded_objects(payload.stack),
                context.digests_of_file,
            )
            read = partial(reader.plan, document, stack=snapshot.stack, targets=targets)
            # It reads the files that arguments name: tens of megabytes, on any mount.
            return await apart(read, place=context.called_from)
