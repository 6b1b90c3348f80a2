"""One scan of a loaded stack: what was read, and what an update would change with it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, replace

from iac_adapters.pulumi.carried import Moved, moved, sources_of, with_sources
from iac_adapters.pulumi.cli_engine import verdicts
from iac_adapters.pulumi.followed_outputs import has_outputs
from iac_adapters.pulumi.followers import Followers
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.snapshots import Payload
from iac_adapters.pulumi.witness import Choices, Witnesses
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import Observed, ResourceAddress


@dataclass(frozen=True, slots=True)
class Observation:
    """A scan of what is `wanted`, or of everything."""

    payload: Payload
    wanted: Collection[ResourceAddress] | None

    async def observed(self, digester: SecretDigester) -> AsyncGenerator[Observed, None]:
        """Yield a verdict for each; what depends on others waits for theirs."""
        if self.payload.found is not None:
            for observed in verdicts(self.payload.found, self._chosen(None), digester):
                if self._is_wanted(observed):
                    yield observed
            return
        resources = self.payload.stack.resources
        needed = self._needed()
        warm = self.payload.warm
        witnesses = Witnesses(
            resources,
            self.payload.redactor,
            digester,
            self.payload.look.children.resources,
            Choices(warm.chosen, warm.forget_chosen),
        )
        live = warm.questions.live
        held: dict[ResourceAddress, Observed] = {}
        moves: dict[ResourceAddress, Moved] = {}
        reading = warm.reader.observe(self._chosen(needed))
        async with contextlib.aclosing(reading) as observations:
            async for read in observations:
                resource = resources[read.address]
                answer = live.pop(resource, None)
                warm.note(resource, answer)
                witness = witnesses.of(resource, answer)
                observed = held[read.address] = replace(read, witness=witness)
                if (move := moved(resource, read.verdict, answer)) is not None:
                    moves[read.address] = move
                if self._is_wanted(observed) and not _waits(resource):
                    yield observed
        followers = Followers(self.payload, held, moves, digester)
        for address, observed in (await followers.judged()).items():
            if self._is_wanted(observed) and _waits(resources[address]):
                yield observed

    def _needed(self) -> Collection[ResourceAddress] | None:
        """Return what has to be read: nothing tells what the outputs of a stack come from."""
        resources = self.payload.stack.resources
        if self.wanted is None:
            return None
        if any(has_outputs(resources[address]) for address in self.wanted if address in resources):
            return None
        return with_sources(self.wanted, resources)

    def _chosen(self, wanted: Collection[ResourceAddress] | None) -> Sequence[LoadedResource]:
        return [
            resource
            for address, resource in self.payload.stack.resources.items()
            if wanted is None or address in wanted
        ]

    def _is_wanted(self, observed: Observed) -> bool:
        return self.wanted is None or observed.address in self.wanted


def _waits(resource: LoadedResource) -> bool:
    """Whether what others are may change the verdict on it."""
    return has_outputs(resource) or bool(sources_of(resource))
