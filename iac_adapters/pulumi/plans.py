"""Plans of the stock CLI for a correction, or for an isolation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from iac_adapters.children.removals import removals_of
from iac_adapters.plugin_host.deadlines import read_deadline_s
from iac_adapters.pulumi.children.removal import RemovalOrder, planned
from iac_adapters.pulumi.isolating import detaching_plan
from iac_adapters.pulumi.plan import PlanReader
from iac_adapters.pulumi.planning import PlanOrder, preview
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.provider_config import Providers
from iac_adapters.pulumi.reader import PulumiQuestions
from iac_adapters.pulumi.snapshots import Payload, payload_of
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import redacting
from reconciler.domain.added_children import children_among
from reconciler.domain.model import ResourceAddress, Snapshot
from reconciler.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class Plans:
    """Whom plans are made with."""

    providers: Providers
    digester: SecretDigester

    async def correcting(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress] = (),
    ) -> Plan:
        """Return the plan that puts `addresses` right, those in `anew` by making them again."""
        payload = payload_of(snapshot)
        if children_among(addresses, payload.stack.resources):
            return await self._removing(snapshot, addresses, folder=folder)
        order = PlanOrder(payload.context, payload.stack.resources, folder)
        with redacting(lambda: payload.redactor):
            made = await preview(order, addresses, await self._live(payload, addresses), anew=anew)
            reader = PlanReader(payload.stack.resources, self.digester, payload.tools)
            return reader.plan(made, stack=snapshot.stack, targets=tuple(addresses))

    async def detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return the plan that destroys exactly `edges`."""
        payload = payload_of(snapshot)
        order = PlanOrder(payload.context, payload.stack.resources, folder)
        with redacting(lambda: payload.redactor):
            return await detaching_plan(
                order, edges, stack=snapshot.stack, digester=self.digester, tools=payload.tools
            )

    async def attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return the plan that creates `edges` again; an empty one where none is declared."""
        known = payload_of(snapshot).stack.resources
        declared = tuple(edge for edge in edges if edge in known)
        if not declared:
            return Plan(stack=snapshot.stack, targets=tuple(sorted(edges)), resources=())
        return await self.correcting(snapshot, declared, folder=folder)

    async def _removing(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return the plan that destroys added children, in a project apart."""
        payload = payload_of(snapshot)
        removals = removals_of(tuple(addresses), payload.look.children.removable)
        order = RemovalOrder(
            payload.context, removals, payload.stack.resources, folder, payload.tools
        )
        with redacting(lambda: payload.redactor):
            return await planned(order, stack=snapshot.stack, digester=self.digester)

    async def _live(
        self, payload: Payload, addresses: Collection[ResourceAddress]
    ) -> dict[str, ReadAnswer]:
        """Read what a correction would overwrite, so that an approval is for that too."""
        if payload.found is not None:
            return {}
        questions, live = PulumiQuestions(self.digester), {}
        deadline_s = read_deadline_s(payload.context.cli.environment)
        for address in addresses:
            resource = payload.stack.resources.get(address)
            if resource is None or questions.settled(resource) is not None:
                continue
            provider = await self.providers.get(questions.key(resource))
            answer = await questions.read(resource, provider, deadline_s=deadline_s)
            live[resource.subject.urn] = answer
        return live
