"""Data sources that fail in the recorded world, and that the tool would not read before an apply.

A recording takes each object for what is recorded of it, and reads data sources. One that waits
for an object which somebody deleted finds nothing there. A plan of the tool looks at the object
first, plans to create it, and leaves the data source to the apply: "depends on a resource or a
module with changes pending". So the tool is asked, by a plan of these data sources alone, and what
it leaves to the apply answers in the recording as it did at the last apply, like everything else
in it. What follows from the object that is gone is told by the plan of the world as it was read.

Source: `dependenciesHavePendingChanges` in internal/terraform of Terraform 1.11; OpenTofu kept it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from iac_adapters.terraform.addresses import block_of, is_data, is_managed, parse_address
from iac_adapters.terraform.diagnostics_text import errors_in, parse_events
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import Rpc
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import Validation
from iac_adapters.terraform.recorder.attempt import attempt
from iac_adapters.terraform.recorder.failed_reads import is_failed_read, unread
from iac_adapters.terraform.recorder.order import RecordingOrder, StartProvider
from iac_adapters.terraform.recorder.plan_modes import RECORDING, PlanMode
from iac_adapters.terraform.recorder.planned import PlannedChange, moves_of, planned_changes
from iac_adapters.terraform.recorder.recalled_reads import RecordedReads, failed_requests
from iac_adapters.terraform.recorder.recorded import Recorded
from iac_adapters.terraform.schema_store import SchemaStore
from reconciler.domain.errors import ReconcilerError

_NOOP: Final = "noop"


class AnsweredReads:
    """Implements `tunnel.Answers`: data sources answer as in `answers`, by request.

    Everything else is the provider's to answer.
    """

    validation = Validation.NOTED

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = answers

    def known(self, rpc: Rpc | None, request: bytes) -> bytes | None:
        """Return the answer to a request that has one."""
        return self._answers.get(request) if rpc is Rpc.READ_DATA else None

    async def configured(self, source: str, request: bytes) -> Provider | None:
        """Return nothing: each connection configures a provider of its own."""
        del source, request
        return None

    def tolerated(self, rpc: Rpc | None, request: bytes, response: bytes) -> bytes:
        """Return the answer as it is."""
        del rpc, request
        return response


@dataclass(slots=True, repr=False)
class DeferredReads:
    """What the tool leaves to the apply in one recording, as far as it was asked."""

    order: RecordingOrder
    schemas: SchemaStore
    start: StartProvider
    awaited: dict[str, frozenset[str]] = field(default_factory=dict)
    """By data source that was left to the apply: what has changes pending. Without keys."""
    _answers: defaultdict[str, dict[bytes, bytes]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _asked: set[str] = field(default_factory=set)

    async def mode(self, stopped: Recorded) -> PlanMode | None:
        """Return how to record once more what `stopped` did not come to; None for no new way.

        One that is read behind another can fail then in its turn.
        """
        failed = {one for one in stopped.unread if is_data(one)} - self._asked
        if not any(instance.address in failed for instance in self.order.data):
            return None
        self._asked |= failed
        requests = failed_requests(stopped.captures)
        moves = moves_of(stopped.planned)
        beside = {*moves, *moves.values()}
        waiting = await self._left_to_the_apply(failed, requests, beside=beside)
        found = await self._recorded(stopped.unread, waiting, requests) if waiting else {}
        for source, answers in found.items():
            self._answers[source].update(answers)
        if not any(found.values()):
            return None
        return replace(RECORDING, answers=partial(_answered, self._answers))

    async def _recorded(
        self,
        failed: Collection[str],
        waiting: Collection[str],
        requests: Mapping[str, Collection[bytes]],
    ) -> dict[str, dict[bytes, bytes]]:
        """Return by provider source what was recorded of those of `failed` that are `waiting`."""
        known = [instance for instance in self.order.data if instance.address in failed]
        new = {*failed} - {*waiting} - {instance.address for instance in known}
        new_types = {parse_address(address).type for address in new}
        found = {}
        for provider in self.order.providers:
            own = [instance for instance in known if instance.provider.source == provider.source]
            reads = RecordedReads(
                [instance for instance in own if instance.address in waiting],
                [instance for instance in own if instance.address not in waiting],
                await self.schemas.schema(provider),
                new_types,
            )
            found[provider.source] = reads.answers(requests.get(provider.source, ()))
        return found

    async def _left_to_the_apply(
        self,
        addresses: Collection[str],
        requests: Mapping[str, Collection[bytes]],
        *,
        beside: Collection[str],
    ) -> frozenset[str]:
        """Return which of `addresses` the tool does not read while it plans them alone.

        It reads what they depend on, and no other object but those `beside`: it plans no part of
        the code that leaves out an object which has moved. What has failed is not asked for again.
        """
        targets = [f"-target={address}" for address in sorted({*addresses, *beside})]
        # OpenTofu takes no target beside an exclusion.
        alone = replace(self.order, arguments=(*self.order.arguments, *targets), exclusions=())
        failures = {source: dict.fromkeys(own, _failure()) for source, own in requests.items()}
        mode = PlanMode((), partial(_answered, failures))
        try:
            planned, run = await attempt(alone, schemas=self.schemas, start=self.start, mode=mode)
        except ReconcilerError:
            return frozenset()
        if planned is not None:
            warm = planned.warm.values()
            closing = (one.close() for one in warm)
            await asyncio.shield(asyncio.gather(*closing, return_exceptions=True))
        errors, (_, events) = errors_in(run.stdout), parse_events(run.stdout)
        if not all(map(is_failed_read, errors)) or (run.exit_code != 0 and not errors):
            return frozenset()
        waiting = frozenset(addresses) - unread(errors).keys()
        names = {*map(block_of, waiting)}
        # One that has moved is planned beside them, and may be what reads them.
        below = {
            block_of(one.address) for one in self.order.instances if names & {*one.dependencies}
        }
        pending = _pending(planned_changes(events)) - below
        self.awaited.update(dict.fromkeys(names, pending))
        return waiting


def _pending(planned: Iterable[PlannedChange]) -> frozenset[str]:
    """Return the objects that would be changed, without keys, by where the state has them."""
    return frozenset(
        block_of(change.previous or change.address)
        for change in planned
        if change.action != _NOOP and is_managed(change.address)
    )


def _answered(answers: Mapping[str, Mapping[bytes, bytes]], source: str) -> AnsweredReads:
    return AnsweredReads(answers.get(source, {}))


def _failure() -> bytes:
    answer = message("ReadDataResponse")()
    answer.diagnostics.add(severity=1, summary="It could not be read a moment ago.")
    return bytes(answer.SerializeToString())
