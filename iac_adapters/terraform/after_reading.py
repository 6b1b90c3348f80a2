"""What only all verdicts of a scan together say: what follows, and what is not shown. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.plan_check import unshown
from iac_adapters.terraform.rearranged import with_trigger
from iac_adapters.terraform.source import Source
from iac_adapters.terraform.triggers import Reference, sources_of, triggered
from reconciler.domain.model import Observed, ResourceAddress, Status


class AfterReading:
    """Goes by the code's addresses, as the code's references and the plan do."""

    def __init__(self, source: Source, resources: Mapping[ResourceAddress, LoadedResource]) -> None:
        self._by_code = {
            code_address(one): one
            for one in resources.values()
            if one.recorded.status is not Status.DEPOSED
        }
        self._references: dict[str, tuple[Reference, ...]] = {
            address: block.triggers
            for address in self._by_code
            if (block := source.block(address)) is not None and block.triggers
        }

    def also_needed(self, chosen: Iterable[LoadedResource]) -> list[LoadedResource]:
        """Return what must be read besides `chosen`, to know whether they are set off."""
        known = {code_address(one) for one in chosen}
        more: set[str] = set()
        waiting = list(known)
        while waiting:
            address = waiting.pop()
            references = self._references.get(address, ())
            for source in sources_of(address, references, self._by_code) - known - more:
                more.add(source)
                waiting.append(source)
        return [self._by_code[address] for address in sorted(more)]

    def waits(self, resource: LoadedResource) -> bool:
        """Whether the verdict on `resource` hangs on others."""
        return code_address(resource) in self._references

    def followers(self, seen: Mapping[ResourceAddress, Observed]) -> Iterator[Observed]:
        """Yield what waited, as replaced where a change that was seen sets that off."""
        verdicts = {
            address: seen[one.recorded.address].verdict
            for address, one in self._by_code.items()
            if one.recorded.address in seen
        }
        waiting = {k: v for k, v in self._references.items() if k in verdicts}
        found = triggered(waiting, verdicts)
        for address in sorted(waiting):
            observed = seen[self._by_code[address].recorded.address]
            trigger = found.get(address)
            if trigger is None:
                yield observed
            else:
                yield replace(observed, verdict=with_trigger(observed.verdict, trigger))

    def unshown(
        self,
        actions: Mapping[str, str],
        seen: Mapping[ResourceAddress, Observed],
        *,
        chosen: Sequence[LoadedResource] | None,
        brought_about: Collection[ResourceAddress],
    ) -> Iterator[Observed]:
        """Yield what the plan would do and `seen` does not show; of all where `chosen` is None."""
        if chosen is not None:
            wanted = {code_address(one) for one in chosen}
            actions = {k: v for k, v in actions.items() if k in wanted}
        verdicts = {}
        excused = []
        for address, one in self._by_code.items():
            if one.recorded.address in seen:
                verdicts[address] = seen[one.recorded.address].verdict
            if one.recorded.address in brought_about:
                excused.append(address)
        for observed in unshown(actions, verdicts, brought_about=excused):
            known = self._by_code.get(observed.address)
            own = known.recorded.address if known is not None else observed.address
            yield replace(observed, address=own)


def code_address(resource: LoadedResource) -> str:
    """Return where the code has it, which a move that is not applied makes another address."""
    return resource.recorded.moves_to or resource.recorded.address
