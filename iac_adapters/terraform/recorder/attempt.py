"""One plan of the tool, with our tunnels in the place of its providers.

Nothing is written but a private temporary folder for the sockets and the plan, which says
what is secret in it and goes with the folder; no lock is taken. The providers that were
configured on the way stay warm and are handed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from iac_adapters.plugin_host.command import cut_short
from iac_adapters.plugin_host.private_folder import private_folder
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.diagnostics_text import ERROR, Diagnostic, parse_events
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import filter_schema
from iac_adapters.terraform.recorder.built_in import built_in_changes
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.changed_outputs import changed_outputs
from iac_adapters.terraform.recorder.conditions import (
    SUMMARIES,
    failed_checks,
    failed_conditions,
)
from iac_adapters.terraform.recorder.failed_reads import (
    failed_reads,
    is_failed_read,
    of_ephemerals,
    unread,
)
from iac_adapters.terraform.recorder.head_start import HeadStart
from iac_adapters.terraform.recorder.imported import refusals
from iac_adapters.terraform.recorder.order import RecordingOrder, StartProvider
from iac_adapters.terraform.recorder.plan_modes import RECORDING, PlanMode
from iac_adapters.terraform.recorder.planned import (
    PlannedChange,
    came_to_its_end,
    planned_changes,
)
from iac_adapters.terraform.recorder.planned_outputs import (
    changes_outputs,
    outputs_told,
)
from iac_adapters.terraform.recorder.planned_secrets import (
    planned_secrets,
    secret_values,
    with_values,
)
from iac_adapters.terraform.recorder.read_words import run_without_secrets, without_secrets
from iac_adapters.terraform.recorder.recorded import Recorded
from iac_adapters.terraform.recorder.refused import blank_refusals, refused_in
from iac_adapters.terraform.recorder.shown import NOTHING, shown_plan
from iac_adapters.terraform.recorder.tunnel import Tunnel
from iac_adapters.terraform.recorder.tunnels import (
    clear,
    numbered,
    open_tunnel,
    raise_when_provider_died,
    reattach,
)
from iac_adapters.terraform.recorder.write_only import drop_write_only
from iac_adapters.terraform.schema_store import SchemaStore

_PLAN: Final = "plan"
_TIMEOUT_S: Final = 900.0
_HARMLESS: Final = "Instance cannot be destroyed"


async def attempt(
    order: RecordingOrder,
    *,
    schemas: SchemaStore,
    start: StartProvider,
    mode: PlanMode = RECORDING,
) -> tuple[Recorded | None, ToolRun]:
    """Plan once, in `mode`; None where the plan ended too early to say anything.

    Raises:
        PluginStartError: a provider could not be started.
        RetryableError: a provider or the tool died, the plan took longer than 15 minutes, or it
            did not tell, or could not show, all that it had planned.
    """
    kept: dict[int, Provider] = {}
    try:
        async with private_folder() as folder:
            return await _Attempt(order, schemas, start, mode, folder, kept).ended()
    except asyncio.CancelledError:
        # It may come while the rest is cleared away: what was kept is in nobody's hands then.
        closing = (provider.close() for provider in kept.values())
        await asyncio.shield(asyncio.gather(*closing, return_exceptions=True))
        raise


@dataclass(frozen=True, slots=True, repr=False)
class _Attempt:
    """One plan under way; its sockets and what it writes lie in `folder`.

    `kept` has the providers by capture that outlive it, once it has ended.
    """

    order: RecordingOrder
    schemas: SchemaStore
    start: StartProvider
    mode: PlanMode
    folder: Path
    kept: dict[int, Provider]

    async def ended(self) -> tuple[Recorded | None, ToolRun]:
        """Plan, and return what that left behind; what nobody keeps is closed."""
        tunnels: list[Tunnel] = []
        try:
            environment = await self._opened(tunnels)
            run = await self._run(environment)
            said = self._said(run, tunnels)
            if run.exit_code != 0 and (said.fatal or not said.diagnostics):
                raise_when_provider_died(tunnels)
                if not self._counts_despite(said.fatal):
                    return None, await self._told(run, tunnels)
            captures, warm = numbered([c for tunnel in tunnels for c in tunnel.connections])
            recorded = await self._recorded(captures, warm, said, environment)
            self.kept.update(recorded.warm)
            return recorded, run
        finally:
            await asyncio.shield(clear(tunnels, keep=self.kept.values()))

    async def _opened(self, tunnels: list[Tunnel]) -> dict[str, str]:
        """Open a tunnel for each provider; return the environment that leads the tool to them."""
        order = self.order
        for number, installed in enumerate(order.providers):
            schema = await self.schemas.schema(installed)
            tunnel = await open_tunnel(
                self.folder / str(number),
                installed.source,
                filter_schema(schema.raw, types=order.types),
                HeadStart(partial(self.start, installed)),
                configure_deadline_s=order.configure_deadline_s,
                answers=self.mode.answers(installed.source),
            )
            tunnels.append(tunnel)
        reattached = await reattach(tunnels, order.providers, self.schemas)
        return {**order.environment, "TF_REATTACH_PROVIDERS": reattached}

    async def _run(self, environment: Mapping[str, str]) -> ToolRun:
        order = self.order
        written = [f"-out={self.folder / _PLAN}"] if self.mode.written else []
        return await run_tool(
            order.executable,
            ["plan", *self.mode.options, *written, "-lock=false", "-input=false", "-json",
             *order.arguments, *order.exclusions],
            directory=order.directory,
            called_from=order.called_from,
            environment=environment,
            timeout_s=_TIMEOUT_S,
        )  # fmt: skip

    def _said(self, run: ToolRun, tunnels: Iterable[Tunnel]) -> _Said:
        told, events = parse_events(run.stdout)
        captured = [connection.capture for tunnel in tunnels for connection in tunnel.connections]
        diagnostics = of_ephemerals(told, captured, self.order.ephemerals)
        harmless = {_HARMLESS, *SUMMARIES, *refusals(captured)}
        fatal = [d for d in diagnostics if d.severity == ERROR and d.summary not in harmless]
        if run.exit_code == 0 and not came_to_its_end(events):
            raise cut_short(self.order.directory, f"{self.order.executable.name} plan")
        return _Said(diagnostics, events, fatal, is_whole=run.exit_code == 0)

    def _counts_despite(self, fatal: Sequence[Diagnostic]) -> bool:
        """Whether what passed on the wire counts: what depends on no failed read was planned."""
        return self.mode.written and bool(fatal) and all(map(is_failed_read, fatal))

    async def _told(self, run: ToolRun, tunnels: Iterable[Tunnel]) -> ToolRun:
        """Return `run`, which is told on, without what is secret in its words."""
        order = self.order
        captures = [connection.capture for tunnel in tunnels for connection in tunnel.connections]
        known = {p.source: await self.schemas.schema(p) for p in order.providers}
        return await run_without_secrets(
            run, captures, known, files=order.files, place=order.directory
        )

    async def _recorded(
        self,
        captures: list[ConnectionCapture],
        warm: dict[int, Provider],
        said: _Said,
        environment: Mapping[str, str],
    ) -> Recorded:
        order, events = self.order, said.events
        by_source = {p.source: await self.schemas.schema(p) for p in order.providers}
        planned = planned_changes(events) if self.mode.written else ()
        refused = bool(refused_in(captures))
        shown = await self._shown(said, planned, environment, refused=refused)
        blank_refusals(captures, by_source, secret_values(shown) if said.is_whole else {})
        drop_write_only(captures, by_source)
        if not self.mode.written:
            return Recorded(captures, (), warm)
        diagnostics = await without_secrets(
            said.diagnostics, captures, by_source, files=order.files, place=order.directory
        )
        return Recorded(
            captures,
            planned,
            warm,
            secrets=planned_secrets(shown, with_values(planned)),
            outputs=await changed_outputs(shown, order.files, place=order.directory),
            built_in=built_in_changes(shown),
            conditions=(*failed_conditions(diagnostics), *failed_reads(diagnostics)),
            unread=unread(diagnostics),
            outputs_told=outputs_told(events),
            checks=failed_checks(diagnostics),
            refused=refused_in(captures),
        )

    async def _shown(
        self,
        said: _Said,
        planned: Sequence[PlannedChange],
        environment: Mapping[str, str],
        *,
        refused: bool,
    ) -> Mapping[str, Any]:
        """Return the plan as `show -json` prints it; nothing where it holds nothing of interest."""
        of_interest = with_values(planned) or changes_outputs(said.events) or refused
        if not self.mode.written or not of_interest:
            return NOTHING
        return await shown_plan(self.order, self.folder / _PLAN, environment)


@dataclass(frozen=True, slots=True, repr=False)
class _Said:
    """What a plan printed; `fatal` are the errors that keep it from saying anything.

    One that `is_whole` has come to its end.
    """

    diagnostics: Sequence[Diagnostic]
    events: Sequence[Mapping[str, Any]]
    fatal: Sequence[Diagnostic]
    is_whole: bool
