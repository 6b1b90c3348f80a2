"""What stays in memory of a stack between its scans."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from iac_adapters.children.observing import StackChildren
from iac_adapters.pulumi.after_update import Chosen
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation
from iac_adapters.pulumi.loaded import LoadedResource, LoadedStack
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.reader import PulumiQuestions, PulumiReader
from iac_adapters.pulumi.refreshed_preview import Updates
from reconciler.domain.model import ResourceAddress, Verdict

_STACK_BYTES: Final = 20_000
_FILE_BYTES: Final = 300


@dataclass(frozen=True, slots=True, repr=False)
class Followed:
    """What an update does after a refresh, and of which moved objects that holds.

    `live` is what was read of each, None where it is gone; `own` is what was said of each that
    takes their values: the preview shows its own drift too. `failure` says why nobody knows.
    """

    live: Mapping[ResourceAddress, ReadAnswer | None]
    own: Mapping[ResourceAddress, Verdict]
    updates: Updates
    failure: str = ""

    def is_about(
        self,
        live: Mapping[ResourceAddress, ReadAnswer | None],
        own: Mapping[ResourceAddress, Verdict],
        *,
        read: Collection[ResourceAddress],
    ) -> bool:
        """Whether nothing of what was `read` has moved otherwise since."""
        return live == {
            address: answer for address, answer in self.live.items() if address in read
        } and own == {address: verdict for address, verdict in self.own.items() if address in read}


@dataclass(slots=True)
class WarmStack:
    """What the last load of a stack left in memory.

    Losing it never changes a verdict, but for what updates have chosen: without the read before
    them nothing tells that from a change by hand.
    """

    context: Context
    evaluation: Evaluation | None
    evaluated_at_s: float
    stack: LoadedStack
    questions: PulumiQuestions
    reader: PulumiReader
    followed: Followed | None = None
    live: dict[ResourceAddress, ReadAnswer] = field(default_factory=dict)
    """What was read of each object that is not as it is recorded."""
    have_read: set[ResourceAddress] = field(default_factory=set)
    """Which objects were read since the record last changed of them."""
    chosen: dict[ResourceAddress, Chosen] = field(default_factory=dict)
    """What updates have chosen, until a scan finds the kept baseline to hold it."""
    children: StackChildren | None = None
    """What may be asked about children of its resources; worked out once for each load."""

    def note(self, resource: LoadedResource, answer: ReadAnswer | None) -> None:
        """Remember what was read of an object, for when an update has changed it."""
        address, state = resource.recorded_as.address, resource.state
        if answer is None or state is None:
            return
        self.have_read.add(address)
        if answer.gone or answer.outputs != state.outputs:
            self.live[address] = answer
        else:
            self.live.pop(address, None)

    def forget_chosen(self, address: ResourceAddress, held: Chosen) -> None:
        """Take note that the kept baseline holds what the update chose."""
        if self.chosen.get(address) is held:
            del self.chosen[address]

    def weight(self) -> int:
        """Estimate the bytes that it holds of its own.

        The record is held as it stands and deciphered, the baseline and what was read last
        are each about as large again.
        """
        files = _FILE_BYTES * len(self.context.sources)
        return _STACK_BYTES + 5 * len(self.context.content) + files
