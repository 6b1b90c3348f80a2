"""One plan of the tool, with our tunnels in the place of its providers.

Nothing is written but a private temporary folder for the sockets and the plan, which says
what is secret in it and goes with the folder: `-refresh=false -lock=false`. The providers
that were configured on the way stay warm and are handed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from iac_adapters.plugin_host.deadlines import CONFIGURE_S
from iac_adapters.plugin_host.private_folder import private_folder
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.diagnostics_text import parse_events
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import filter_schema
from iac_adapters.terraform.recorder.built_in import built_in_changes
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.changed_outputs import changed_outputs_in
from iac_adapters.terraform.recorder.conditions import (
    SUMMARIES,
    as_recorded,
    failed_checks,
    failed_conditions,
    failed_data,
    is_of_data,
    of_ephemerals,
    unread_data,
)
from iac_adapters.terraform.recorder.head_start import HeadStart
from iac_adapters.terraform.recorder.imported import refusals
from iac_adapters.terraform.recorder.planned import PlannedChange, planned_changes
from iac_adapters.terraform.recorder.planned_outputs import (
    PlannedOutput,
    changes_outputs,
    outputs_told,
)
from iac_adapters.terraform.recorder.planned_secrets import planned_secrets, with_values
from iac_adapters.terraform.recorder.refused import Refused, blank_refusals, refused_in
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
from iac_adapters.terraform.state import StateInstance
from reconciler.domain.paths import Steps

_PLAN: Final = "plan"
_TIMEOUT_S: Final = 900.0
_HARMLESS: Final = "Instance cannot be destroyed"


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """What to evaluate, and with what. `types` is what the stack is known to use, None all.

    `instances` are the state's; without them those of equal content stay unmatched.
    """

    directory: Path
    executable: Path
    providers: tuple[InstalledProvider, ...]
    types: frozenset[str] | None
    arguments: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    instances: tuple[StateInstance, ...] = field(default=(), repr=False)
    configure_deadline_s: float = CONFIGURE_S
    called_from: Path | None = None
    files: tuple[Path, ...] = ()
    """The code's, which say what a local value refers to."""
    ephemerals: tuple[str, ...] = ()
    """The addresses of the code's ephemeral resources, without keys."""


@dataclass(slots=True)
class Recorded:
    """What a plan left behind: captures, the plan's words, and warm providers by capture.

    `secrets` are the secret places of what would be changed, by address; `outputs` are the root
    module's outputs that would be; `built_in` is what the plan tells of those of its changes that
    pass no plugin. `conditions` say what stopped the plan, as warnings, `unread` by address why
    a data source could not be read, `outputs_told` the outputs that the plan has come to;
    `checks` are the assertions that failed and stop nothing; `refused` is what validation refused.
    """

    captures: list[ConnectionCapture]
    planned: tuple[PlannedChange, ...]
    warm: dict[int, Provider]
    secrets: Mapping[str, tuple[Steps, ...]] = field(default_factory=dict, repr=False)
    outputs: tuple[PlannedOutput, ...] = field(default=(), repr=False)
    built_in: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    conditions: tuple[str, ...] = field(default=(), repr=False)
    unread: Mapping[str, str] = field(default_factory=dict, repr=False)
    outputs_told: frozenset[str] = frozenset()
    checks: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = field(default=(), repr=False)


StartProvider = Callable[[InstalledProvider], Awaitable[Provider]]


async def attempt(
    order: RecordingOrder,
    *,
    schemas: SchemaStore,
    start: StartProvider,
    instead: str | None = None,
    after: Recorded | None = None,
) -> tuple[Recorded | None, ToolRun]:
    """Plan once; in the mode `instead`, only what passes on the wire counts.

    Data sources then answer as they did in `after`.
    """
    async with private_folder() as folder:
        return await _attempt_in(folder, order, schemas, start, instead, after)


async def _attempt_in(
    folder: Path,
    order: RecordingOrder,
    schemas: SchemaStore,
    start: StartProvider,
    instead: str | None,
    after: Recorded | None,
) -> tuple[Recorded | None, ToolRun]:
    tunnels: list[Tunnel] = []
    kept: dict[int, Provider] = {}
    try:
        for number, installed in enumerate(order.providers):
            schema = filter_schema((await schemas.schema(installed)).raw, types=order.types)
            providers = HeadStart(partial(start, installed))
            known = after.captures if after is not None else ()
            answers = as_recorded(known, installed.source) if instead else None
            tunnel = await open_tunnel(
                folder / str(number),
                installed.source,
                schema,
                providers,
                configure_deadline_s=order.configure_deadline_s,
                answers=answers,
            )
            tunnels.append(tunnel)
        environment = {
            **order.environment,
            "TF_REATTACH_PROVIDERS": await reattach(tunnels, order.providers, schemas),
        }
        # A plan that would destroy everything is written nowhere.
        mode = [instead] if instead else ["-refresh=false", f"-out={folder / _PLAN}"]
        run = await run_tool(
            order.executable,
            ["plan", *mode, "-lock=false", "-input=false", "-json",
             *order.arguments, *order.exclusions],
            directory=order.directory,
            called_from=order.called_from,
            environment=environment,
            timeout_s=_TIMEOUT_S,
        )  # fmt: skip
        told, events = parse_events(run.stdout)
        captured = [connection.capture for tunnel in tunnels for connection in tunnel.connections]
        diagnostics = of_ephemerals(told, captured, order.ephemerals)
        harmless = {_HARMLESS, *SUMMARIES, *refusals(captured)}
        fatal = [d for d in diagnostics if d.severity == "error" and d.summary not in harmless]
        if run.exit_code != 0 and (fatal or not diagnostics):
            raise_when_provider_died(tunnels)
            if instead or not fatal or not all(map(is_of_data, fatal)):
                return None, run
        captures, kept = numbered([c for tunnel in tunnels for c in tunnel.connections])
        by_source = {p.source: await schemas.schema(p) for p in order.providers}
        blank_refusals(captures, by_source)
        drop_write_only(captures, by_source)
        if instead:
            return Recorded(captures, (), kept), run
        planned = planned_changes(events)
        shown = await _shown(order, folder / _PLAN, events, planned, environment)
        secrets = planned_secrets(shown, with_values(planned))
        left = Recorded(
            captures, planned, kept, secrets,
            await changed_outputs_in(shown, order.files, place=order.directory),
            built_in_changes(shown), (*failed_conditions(diagnostics), *failed_data(diagnostics)),
            unread_data(diagnostics), outputs_told(events), failed_checks(diagnostics),
            refused_in(captures),
        )  # fmt: skip
        return left, run
    finally:
        await asyncio.shield(clear(tunnels, keep=kept.values()))


async def _shown(
    order: RecordingOrder,
    plan: Path,
    events: Sequence[Mapping[str, Any]],
    planned: Sequence[PlannedChange],
    environment: Mapping[str, str],
) -> bytes:
    """Return the plan as `show -json` prints it; nothing where it holds no value of interest."""
    if not with_values(planned) and not changes_outputs(events):
        return b""
    shown = await run_tool(
        order.executable,
        ["show", "-json", str(plan)],
        directory=order.directory,
        environment=environment,
        timeout_s=_TIMEOUT_S,
    )
    return shown.stdout if shown.exit_code == 0 else b""
