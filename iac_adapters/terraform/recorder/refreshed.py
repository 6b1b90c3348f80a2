"""Plan once more, with what was read of the world in the place of a refresh.

The tool's own refresh would ask the cloud for every object again. Here each ReadResource is
answered with what the scan has read already, each data source with what the recording holds,
and the providers that judge are those that run warm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.diagnostics_text import failed_plan
from iac_adapters.terraform.messages import NULL, message
from iac_adapters.terraform.protocol import Rpc
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import Validation
from iac_adapters.terraform.recorder.capture import DataRead
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.data_answers import DataAnswers
from iac_adapters.terraform.recorder.order import RecordingOrder, StartProvider
from iac_adapters.terraform.recorder.record import MISSING_TYPE
from iac_adapters.terraform.schema_store import SchemaStore
from iac_adapters.terraform.served_providers import LendProvider, served_providers
from iac_adapters.terraform.shown_plan import document_in

_PLAN: Final = "plan"
_TIMEOUT_S: Final = 900.0
_ERROR: Final = 1


@dataclass(frozen=True, slots=True, repr=False)
class ReadObject:
    """One object as the state has it (msgpack, in the provider's schema) and as it was read."""

    type_name: str
    recorded: bytes
    private: bytes
    live: bytes
    live_private: bytes


@dataclass(frozen=True, slots=True, repr=False)
class RefreshedPlan:
    """The plan as `show -json` prints it, or why there is none."""

    document: Mapping[str, Any] | None
    failure: str = ""


class WorldAsRead:
    """Implements `tunnel.Answers`: what a refresh would find out, without asking the cloud.

    What is not among `objects` reads as it is recorded. `lend` returns the warm provider that
    was configured with a request; None where there is none.
    """

    validation = Validation.NONE

    def __init__(
        self,
        objects: Iterable[ReadObject],
        *,
        data_reads: Iterable[DataRead],
        lend: LendProvider,
    ) -> None:
        self._objects: dict[tuple[str, bytes], list[ReadObject]] = defaultdict(list)
        for member in objects:
            self._objects[member.type_name, content_of(member.recorded)].append(member)
        self._data = DataAnswers(data_reads)
        self._lend = lend

    def known(self, rpc: Rpc | None, request: bytes) -> bytes | None:
        """Return the answer to a call that no provider need be asked for."""
        match rpc:
            case Rpc.READ:
                return self._read(request)
            case Rpc.READ_DATA:
                return self._data.to(request)
            case _:
                return None

    async def configured(self, source: str, request: bytes) -> Provider | None:
        """Return a provider that was configured with this very request, if one is warm."""
        return await self._lend(source, request)

    def tolerated(self, rpc: Rpc | None, request: bytes, response: bytes) -> bytes:
        """Return `response`; where a provider refuses to plan an object, leave that as it is.

        The scan has asked the same question and shows the refusal there. An error here would
        hide what follows everywhere else.
        """
        if rpc is not Rpc.PLAN:
            return response
        answer = message("PlanResponse").FromString(response)
        if not any(diagnostic.severity == _ERROR for diagnostic in answer.diagnostics):
            return response
        asked = message("PlanRequest").FromString(request)
        prior = asked.prior_state.msgpack
        kept = message("PlanResponse")(planned_private=asked.prior_private, legacy_type_system=True)
        kept.planned_state.msgpack = asked.proposed_new_state.msgpack if prior == NULL else prior
        return bytes(kept.SerializeToString())

    def _read(self, request: bytes) -> bytes | None:
        asked = message("ReadRequest").FromString(request)
        state = asked.current_state.msgpack
        found = self._found(asked.type_name, state, asked.private)
        if found is None:
            return None
        answer = message("ReadResponse")(
            private=found.live_private, new_identity=asked.current_identity
        )
        answer.new_state.msgpack = found.live
        return bytes(answer.SerializeToString())

    def _found(self, type_name: str, state: bytes, private: bytes) -> ReadObject | None:
        """Return what was read; None where two objects look alike and only one has moved."""
        candidates = self._objects.get((type_name, content_of(state)), ())
        own = [candidate for candidate in candidates if candidate.private == private] or list(
            candidates
        )
        if not own:
            return ReadObject(type_name, state, private, state, private)
        return own[0] if len({read.live for read in own}) == 1 else None


async def refreshed_plan(
    order: RecordingOrder, world: WorldAsRead, *, schemas: SchemaStore, start: StartProvider
) -> RefreshedPlan:
    """Return what the tool would do about the world as it was read. Nothing is written."""
    plan = await _attempt(order, order.types, world, schemas=schemas, start=start)
    if plan.document is None and MISSING_TYPE.decode() in plan.failure:
        plan = await _attempt(order, None, world, schemas=schemas, start=start)
    return plan


async def _attempt(
    order: RecordingOrder,
    types: frozenset[str] | None,
    world: WorldAsRead,
    *,
    schemas: SchemaStore,
    start: StartProvider,
) -> RefreshedPlan:
    installed = {provider.source: provider for provider in order.providers}
    known = {source: await schemas.schema(provider) for source, provider in installed.items()}
    async with served_providers(
        known,
        types=types,
        start=lambda source: start(installed[source]),
        answers=world,
        configure_deadline_s=order.configure_deadline_s,
    ) as served:
        environment = {**order.environment, **served.variables}
        return await _planned(order, served.folder / _PLAN, environment)


async def _planned(
    order: RecordingOrder, file: Path, environment: Mapping[str, str]
) -> RefreshedPlan:
    # Not `-refresh=false`: then core would evaluate references with what is recorded.
    asked = ["plan", "-lock=false", "-input=false", "-json", f"-out={file}", *order.arguments,
             *order.exclusions]  # fmt: skip
    run = await _run(order, asked, environment)
    if run.exit_code != 0:
        return RefreshedPlan(None, failed_plan(run.stdout, run.exit_code))
    shown = await _run(order, ["show", "-json", str(file)], environment)
    document = document_in(shown)
    if document is None:
        return RefreshedPlan(None, failed_plan(shown.stdout, shown.exit_code))
    return RefreshedPlan(document)


async def _run(
    order: RecordingOrder, arguments: Sequence[str], environment: Mapping[str, str]
) -> ToolRun:
    return await run_tool(
        order.executable,
        list(arguments),
        directory=order.directory,
        called_from=order.called_from,
        environment=environment,
        timeout_s=_TIMEOUT_S,
    )
