"""Scan a loaded stack: stream what is seen of each resource, with no secret in plain text."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from dataclasses import dataclass

from iac_adapters.children.managed import Managed
from iac_adapters.children.memory import ChildMemory
from iac_adapters.children.observing import ChildScan
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import Verdicts
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.children.reads import TerraformReads
from iac_adapters.terraform.observation import ObservationByReading
from iac_adapters.terraform.recorded_providers import RecordedProviders
from iac_adapters.terraform.snapshots import Payload, payload_of
from iac_adapters.terraform.stack_memory import stack_memory_name
from reconciler.domain.model import (
    Drifted,
    Engine,
    InSync,
    Missing,
    Observed,
    ResourceAddress,
    Snapshot,
    Unreadable,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Observing:
    """Whom scans are made with, and what is remembered of them."""

    assembly: Assembly
    recorded: RecordedProviders
    children: ChildMemory
    digester: SecretDigester
    key: bytes

    async def observed(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncGenerator[Observed, None]:
        """Yield what is seen of `addresses`, or of everything. See `IacAdapter.observe`."""
        payload = payload_of(snapshot)
        safe = Verdicts(payload.secrets, self.digester)
        wanted = set(addresses) if addresses is not None else None
        told: set[ResourceAddress] = set()
        if snapshot.obtained_by is Engine.CLI:
            # Few scans need what makes a whole plan; the others start without it.
            from iac_adapters.terraform.observation_by_plan import (  # noqa: PLC0415
                observed_by_plan,
            )

            seen = {}
            plan = payload.plan
            unread = plan.failure if plan is not None and plan.content is None else ""
            async for observed in observed_by_plan(payload, wanted, digester=self.digester):
                seen[observed.address] = observed.verdict
                told.add(observed.address)
                yield await safe.seen(observed)
        else:
            scan = ObservationByReading(
                payload, wanted, assembly=self.assembly, digester=self.digester
            )
            seen = scan.found
            async with contextlib.aclosing(scan.observed()) as observing:
                async for observed in observing:
                    told.add(observed.address)
                    yield await safe.seen(observed)
            async for observed in self._children_of(payload, seen, wanted):
                yield await safe.seen(observed)
            unread = await scan.outputs_unread()
        # Nothing changes it and no plan speaks of it, as far as all that feeds it was read.
        verdict = Unreadable(unread) if unread else InSync()
        for address in (wanted or set()) & set(snapshot.outputs) - told:
            yield await safe.seen(Observed(address, verdict))
        if wanted is None:
            await self._learn(payload, seen)

    async def _children_of(
        self,
        payload: Payload,
        found: Mapping[ResourceAddress, Verdict],
        wanted: Collection[ResourceAddress] | None,
    ) -> AsyncIterator[Observed]:
        warm = payload.warm
        if warm is None:
            return

        def reads(parent: Managed) -> TerraformReads:
            resource = payload.stack.resources[parent.address]
            key, schema = resource.provider, resource.schema
            assert key is not None and schema is not None  # noqa: S101, PT018 - `can_be_asked`
            return TerraformReads(warm.reader, key, schema)

        scan = ChildScan(
            children=warm.children,
            reads=reads,
            memory=self.children,
            name=stack_memory_name(payload.context, key=self.key),
            options=payload.children,
            digester=self.digester,
        )
        async for observed in scan.observed(found, wanted):
            yield observed

    async def _learn(self, payload: Payload, found: Mapping[ResourceAddress, Verdict]) -> None:
        """Keep what a complete scan found out, where it is another thing than before."""
        warm = payload.warm
        moved = {k: v for k, v in found.items() if isinstance(v, Drifted | Missing)}
        if warm is not None and warm.learnt == moved:
            return
        drifted = warm.drifted if warm is not None else {}
        done = await self.recorded.learn(
            payload.context, payload.stack, found, drifted=drifted, secrets=payload.secrets
        )
        if warm is not None:
            warm.learnt = moved if done else None
