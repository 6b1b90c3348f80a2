"""Judge what depends on moved objects by the CLI's own preview of the world as it is.

Nothing is previewed where no other object takes a value that has moved, and nothing twice while
it stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from iac_adapters.pulumi.carried import Moved, below, carriers
from iac_adapters.pulumi.followed_outputs import (
    Fed,
    fed_outputs,
    has_outputs,
    outputs_untold,
    secretive,
    with_outputs,
)
from iac_adapters.pulumi.following import Following
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.refreshed_preview import Updates, preview_refreshed
from iac_adapters.pulumi.refusals import NOT_ALLOWED
from iac_adapters.pulumi.snapshots import Payload
from iac_adapters.pulumi.warm import Followed
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Observed, ResourceAddress


@dataclass(frozen=True, slots=True, repr=False)
class Followers:
    """What one scan saw: verdicts of each object by itself, and the moved among them."""

    payload: Payload
    held: Mapping[ResourceAddress, Observed]
    moved: Mapping[ResourceAddress, Moved]
    digester: SecretDigester

    async def judged(self) -> Mapping[ResourceAddress, Observed]:
        """Return `held`, each with what follows from what moved."""
        resources = self.payload.stack.resources
        carrying = carriers(self.moved, resources)
        fed = self._fed()
        roots = carrying | {address: self.moved[address] for address in fed.values()}
        if not roots or self.payload.warm.evaluation is None:
            return self.held
        asked = await self._asked(roots, fed)
        verdicts = {address: observed.verdict for address, observed in self.held.items()}
        following = Following(verdicts, carrying.keys(), resources, self.digester)
        return dict(self._followed(following, asked, fed))

    def _fed(self) -> Fed:
        """Return the outputs of the stack that may follow, if the scan is asked for them."""
        for address in self.held:
            if has_outputs(resource := self.payload.stack.resources[address]):
                return fed_outputs(resource, self.moved)
        return {}

    def _followed(
        self, following: Following, asked: Followed, fed: Fed
    ) -> Iterator[tuple[ResourceAddress, Observed]]:
        for address, observed in self.held.items():
            resource = self.payload.stack.resources[address]
            if has_outputs(resource) and asked.failure:
                verdict = outputs_untold(observed.verdict, fed, asked.failure)
            elif has_outputs(resource):
                own, digester = observed.verdict, self.digester
                verdict = with_outputs(own, resource, asked.updates, fed, digester)
            elif asked.failure:
                verdict = following.unknown(resource, asked.failure)
            else:
                verdict = following.verdict(resource, asked.updates)
            yield address, replace(observed, verdict=verdict)

    async def _asked(self, roots: Mapping[ResourceAddress, Moved], fed: Fed) -> Followed:
        warm = self.payload.warm
        live = {address: root.live for address, root in roots.items()}
        takers = below(roots.keys(), self.payload.stack.resources)
        own = {address: self.held[address].verdict for address in takers if address in self.held}
        known = warm.followed
        if known is not None and known.is_about(live, own, read=self.held.keys()):
            return known
        try:
            found = Followed(live, own, await self._updates(roots, fed))
        except ReconcilerError as error:
            # Not kept: credentials that are renewed, say, mend it at once.
            return Followed(live, own, {}, failure=str(error))
        warm.followed = found
        return found

    async def _updates(self, roots: Mapping[ResourceAddress, Moved], fed: Fed) -> Updates:
        resources = self.payload.stack.resources
        named = [*roots, *below(roots.keys(), resources)]
        about = [
            urn
            for address in dict.fromkeys(named)
            if resources[address].refusal != NOT_ALLOWED
            for urn in _urns(resources[address])
        ]
        stack = secretive(resources.values(), fed)
        return await preview_refreshed(self.payload.context.cli, about=about, secretive=stack)


def _urns(resource: LoadedResource) -> list[str]:
    """Return how the CLI names it: as recorded, and by the name that an alias gives it."""
    # What the record has lost has no state; its address is the URN.
    recorded = resource.state.urn if resource.state is not None else resource.recorded_as.address
    return [recorded, resource.named] if resource.named else [recorded]
