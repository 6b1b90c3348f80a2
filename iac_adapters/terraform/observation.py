"""How one scan of a Terraform stack sees it by reading each object."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.after_apply import Chosen
from iac_adapters.terraform.after_reading import AfterReading
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.consequences import moved
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.outputs import is_output
from iac_adapters.terraform.rearranged import with_rearrangement
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.recording import NOTHING_RECORDED
from iac_adapters.terraform.snapshots import Payload
from iac_adapters.terraform.waiting import Waiting
from iac_adapters.terraform.witness import TerraformWitness, witness_of
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Drifted,
    InSync,
    Noise,
    NotApplicable,
    Observed,
    ResourceAddress,
    Unreadable,
    Verdict,
)

if TYPE_CHECKING:  # no scan of what has not moved loads it
    from iac_adapters.terraform.following import Following

Wanted = Collection[ResourceAddress] | None
"""The addresses that a scan is asked for; None for all."""


class ObservationByReading:
    """One scan through the providers. `found` then has the verdicts of what was read alone."""

    def __init__(
        self, payload: Payload, wanted: Wanted, *, assembly: Assembly, digester: SecretDigester
    ) -> None:
        assert payload.warm is not None  # noqa: S101 - made together, where no plan was
        self.found: dict[ResourceAddress, Verdict] = {}
        self._payload = payload
        self._warm = payload.warm
        self._wanted = wanted
        self._assembly = assembly
        self._digester = digester
        self._planned_outputs: tuple[PlannedOutput, ...] = ()

    async def observed(self) -> AsyncGenerator[Observed, None]:
        """Yield the verdicts of a read, and at last what the code's plan would do unseen."""
        after = AfterReading(self._payload.stack, self._wanted)
        silent: dict[ResourceAddress, Observed] = {}
        async with contextlib.aclosing(self._followed()) as observing:
            async for read in observing:
                resource = self._payload.stack.resources.get(read.address)
                verdict = read.verdict
                if resource is not None:
                    verdict = with_rearrangement(verdict, resource)
                # What feeds an output may stand for it, be it wanted or not.
                after.take_in(replace(read, verdict=verdict), resource)
                if not self._is_wanted(read):
                    continue
                observed = replace(read, verdict=verdict, witness=self._witness(read, resource))
                hides = isinstance(verdict, InSync | Noise | NotApplicable)
                if hides and (after.asks_for(observed.address) or is_output(observed.address)):
                    silent[observed.address] = observed
                else:
                    yield observed
        hidden = {
            observed.address: observed
            for observed in after.unshown(self._warm.brought_about, outputs=self._planned_outputs)
        }
        for address in sorted({*silent, *hidden}):
            yield hidden.get(address) or silent[address]

    async def _followed(self) -> AsyncGenerator[Observed, None]:
        """Observe what is needed, with what follows from moved objects; `found` is without.

        What the wanted ones depend on is needed as well: else they look as recorded. It is judged
        by itself alone where no output is wanted.
        """
        warm = self._warm
        ancestry = warm.ancestry
        # What feeds an output no state tells: all is read that might.
        with_outputs = self._wanted is None or self._names_outputs()
        needed = None if self._wanted is None or with_outputs else ancestry.closure(self._wanted)
        objects = objects_of(self._payload.stack, needed)
        chosen = [resource for resource in objects if resource.output is None]
        waiting = Waiting(ancestry, [resource.recorded.address for resource in chosen])
        async with contextlib.aclosing(self._read(chosen)) as observing:
            async for observed in observing:
                address = observed.address
                self.found[address] = observed.verdict
                live = warm.live.get(address)
                resource = warm.stack.resources.get(address)
                other = (
                    moved(resource, live.state if live else None, observed.verdict)
                    if resource is not None
                    else None
                )
                for ready in waiting.seen(observed, other):
                    yield ready
        # Not before everything is read: it may plan, with all that a recording takes.
        from iac_adapters.terraform.seen_outputs import outputs_unread, seen_outputs  # noqa: PLC0415

        rest = waiting.rest()
        held = [observed for observed in rest if with_outputs or self._is_wanted(observed)]
        following = self._following(with_outputs=with_outputs)
        unread = outputs_unread(warm.followed, warm.stack, self._unreadable(), ancestry=ancestry)
        followed = await following.judged(held, waiting.moved)
        outputs = seen_outputs(
            warm.stack,
            followed,
            declared=self._payload.context.source.outputs,
            ancestry=ancestry,
            digester=self._digester,
            unread=unread,
        )
        planned = followed.outputs
        self._planned_outputs = warm.stack.recording.outputs if planned is None else planned
        for observed in (*followed.verdicts, *outputs):
            yield observed

    async def outputs_unread(self) -> str:
        """Return why an output that was asked for and is not shown may change all the same.

        Nothing where all was read that may feed one. For the end of a scan.
        """
        unreadable = self._unreadable()
        if not unreadable or not self._names_outputs():
            return ""
        feeder = await self._following(with_outputs=True).feeder_among(unreadable)
        return f"{feeder}, which may feed it, could not be read" if feeder is not None else ""

    def _following(self, *, with_outputs: bool) -> Following:
        from iac_adapters.terraform.following import Following  # noqa: PLC0415  as it plans

        context, warm = self._payload.context, self._warm
        return Following(context, warm, self._assembly, self._digester, with_outputs=with_outputs)

    def _names_outputs(self) -> bool:
        return any(map(is_output, self._wanted or ()))

    def _unreadable(self) -> set[ResourceAddress]:
        return {
            address for address, verdict in self.found.items() if isinstance(verdict, Unreadable)
        }

    async def _read(self, chosen: Sequence[LoadedResource]) -> AsyncGenerator[Observed, None]:
        """Observe `chosen`; what refuses ephemeral credentials is recorded anew, once."""
        warm = self._warm
        refused: list[Observed] = []
        async with contextlib.aclosing(warm.reader.observe(chosen)) as observing:
            async for observed in observing:
                if warm.stack.recording.ephemeral and observed.address in warm.reader.refused:
                    refused.append(observed)
                else:
                    yield observed
        if not refused:
            return
        try:
            recording = await self._assembly.record(self._payload.context)
            stack = await self._assembly.stack(self._payload.context, recording)
        except ReconcilerError:
            stack = LoadedStack(NOTHING_RECORDED, {})  # the refusals stand
        else:
            warm.stack, warm.recorded_at_s = stack, time.monotonic()
        again = [stack.resources[o.address] for o in refused if o.address in stack.resources]
        for observed in refused:
            if observed.address not in stack.resources:
                yield observed
        async with contextlib.aclosing(warm.reader.observe(again)) as observing:
            async for observed in observing:
                yield observed

    def _witness(self, read: Observed, resource: LoadedResource | None) -> TerraformWitness | None:
        if resource is None or not isinstance(read.verdict, InSync | Noise | Drifted):
            return None
        warm, address = self._warm, read.address

        def forget_chosen(held: Chosen) -> None:
            if warm.chosen.get(address) is held:
                del warm.chosen[address]

        found = witness_of(
            resource,
            warm.live.get(address),
            secrets=warm.secrets,
            digester=self._digester,
            beside=self._recorded,
            before=warm.witnesses.get(address),
            chosen=warm.chosen.get(address),
            forget_chosen=forget_chosen,
        )
        if found is not None:
            warm.witnesses[address] = found
        return found

    def _recorded(self) -> Mapping[str, TerraformWitness]:
        """Return every resource that was not read as it is recorded, by address."""
        warm = self._warm
        found = {
            address: witness_of(resource, None, secrets=warm.secrets, digester=self._digester)
            for address, resource in warm.stack.resources.items()
            if address not in warm.witnesses
        }
        read: dict[str, TerraformWitness] = dict(warm.witnesses.items())
        return read | {
            address: witness for address, witness in found.items() if witness is not None
        }

    def _is_wanted(self, observed: Observed) -> bool:
        return self._wanted is None or observed.address in self._wanted


def objects_of(stack: LoadedStack, wanted: Wanted) -> list[LoadedResource]:
    """Return the objects that a scan is asked for."""
    return [
        resource
        for address, resource in stack.resources.items()
        if wanted is None or address in wanted
    ]
