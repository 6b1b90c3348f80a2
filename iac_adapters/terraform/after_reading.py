"""The recorded plan and a scan's verdicts, brought together by the code's addresses. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.outputs import is_output, output_address
from iac_adapters.terraform.plan_check import unshown, unshown_outputs
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from reconciler.domain.model import Observed, ResourceAddress, Status, Verdict


class AfterReading:
    """Takes in each verdict of one scan; says at its end what the plan holds besides.

    Of a scan that is asked for some resources, it looks at those alone. `actions` are the
    plan's, by the code's addresses; the recorded plan's unless given.
    """

    def __init__(
        self,
        stack: LoadedStack,
        wanted: Collection[ResourceAddress] | None,
        *,
        actions: Mapping[str, str] | None = None,
    ) -> None:
        self._wanted = wanted
        self._by_code = {
            _in_code(resource): address
            for address, resource in stack.resources.items()
            if resource.recorded.status is not Status.DEPOSED
        }
        planned = stack.recording.actions if actions is None else actions
        named = {
            _in_code(stack.resources[address])
            for address in wanted or ()
            if address in stack.resources
        }
        self._actions = {
            address: action
            for address, action in planned.items()
            if wanted is None or address in named
        }
        self._verdicts: dict[str, Verdict] = {}
        self._known = {address: code for code, address in self._by_code.items()}

    def asks_for(self, address: ResourceAddress) -> bool:
        """Whether the plan would do something to what the state has at `address`."""
        return self._known.get(address) in self._actions

    def take_in(self, observed: Observed, resource: LoadedResource | None) -> None:
        """Note a verdict, by the address that the code has for its object."""
        if is_output(observed.address):
            self._verdicts[observed.address] = observed.verdict
        elif resource is not None and resource.recorded.status is not Status.DEPOSED:
            self._verdicts[_in_code(resource)] = observed.verdict

    def unshown(
        self,
        brought_about: Collection[ResourceAddress],
        *,
        outputs: Iterable[PlannedOutput] = (),
    ) -> Iterator[Observed]:
        """Yield what the plan would do and no verdict shows, by the state's addresses.

        `outputs` are those that it would change.
        """
        excused = {self._known[address] for address in brought_about if address in self._known}
        for observed in unshown(self._actions, self._verdicts, brought_about=excused):
            own = self._by_code.get(observed.address, observed.address)
            self._verdicts[observed.address] = observed.verdict
            yield Observed(own, observed.verdict, remark=observed.remark)
        asked = (
            output
            for output in outputs
            if self._wanted is None or output_address(output.name) in self._wanted
        )
        yield from unshown_outputs(asked, self._verdicts, brought_about=excused)


def _in_code(resource: LoadedResource) -> str:
    """Return where the code has it, which a move that is not applied makes another address."""
    return resource.recorded.moves_to or resource.recorded.address
