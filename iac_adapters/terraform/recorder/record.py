"""Record one plan: stock terraform evaluates the code, our tunnels take note.

Nothing is written but a private temporary folder for the sockets and the plan, which says
what is secret in it and goes with the folder: `-refresh=false -lock=false`. The providers
that were configured on the way stay warm and are handed over.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from iac_adapters.plugin_host.deadlines import CONFIGURE_S
from iac_adapters.plugin_host.errors import PluginStartError, PluginTimeout
from iac_adapters.plugin_host.socket_folder import short_base
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.diagnostics_text import parse_events
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import filter_schema
from iac_adapters.terraform.recorder.built_in import built_in_changes
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.changed_outputs import changed_outputs_in
from iac_adapters.terraform.recorder.conditions import (
    EVALUATING,
    LOOKING,
    SUMMARIES,
    as_recorded,
    failed_conditions,
    without_deletions,
)
from iac_adapters.terraform.recorder.failure import plan_failure
from iac_adapters.terraform.recorder.head_start import HeadStart, OnDemand
from iac_adapters.terraform.recorder.imported import refusals
from iac_adapters.terraform.recorder.planned import PlannedChange, planned_changes
from iac_adapters.terraform.recorder.planned_outputs import (
    PlannedOutput,
    changes_outputs,
    outputs_told,
)
from iac_adapters.terraform.recorder.planned_secrets import planned_secrets, with_values
from iac_adapters.terraform.recorder.tunnel import Answers, Connection, Tunnel, reattachment
from iac_adapters.terraform.recorder.twins import indistinct, told_apart
from iac_adapters.terraform.recorder.write_only import drop_write_only
from iac_adapters.terraform.schema_store import SchemaStore
from iac_adapters.terraform.state import StateInstance
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.paths import Steps

_PLAN: Final = "plan"
_TIMEOUT_S: Final = 900.0
MISSING_TYPE: Final = b"does not support resource type"
_TARGETED_PLANS: Final = 16
_OF_DEATH: Final = "run the scan again; if it dies again, report it to the provider"
_OF_SILENCE: Final = (
    "check that the endpoint it is configured for answers; TRUEUP_CONFIGURE_DEADLINE gives it"
    " more seconds"
)
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


@dataclass(slots=True)
class Recorded:
    """What a plan left behind: captures, the plan's words, and warm providers by capture.

    `secrets` are the secret places of what would be changed, by address; `outputs` are the root
    module's outputs that would be; `built_in` is what the plan tells of those of its changes that
    pass no plugin. `conditions` are those of the code that failed, `outputs_told` the outputs
    that the plan has come to.
    """

    captures: list[ConnectionCapture]
    planned: tuple[PlannedChange, ...]
    warm: dict[int, Provider]
    secrets: Mapping[str, tuple[Steps, ...]] = field(default_factory=dict, repr=False)
    outputs: tuple[PlannedOutput, ...] = field(default=(), repr=False)
    built_in: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    conditions: tuple[str, ...] = field(default=(), repr=False)
    outputs_told: frozenset[str] = frozenset()


StartProvider = Callable[[InstalledProvider], Awaitable[Provider]]


async def record(order: RecordingOrder, *, schemas: SchemaStore, start: StartProvider) -> Recorded:
    """Evaluate the code once and return what every provider was told.

    Raises:
        PermanentError: the code does not evaluate; the message holds file, line and caret.
        PluginStartError: a provider could not be started.
        RetryableError: a provider died or the plan took longer than 15 minutes.
    """
    recorded, run = await _attempt(order, schemas=schemas, start=start)
    if recorded is None and MISSING_TYPE in run.stdout:
        order = replace(order, types=None)
        recorded, run = await _attempt(order, schemas=schemas, start=start)
    if recorded is None:
        raise _failure(order, run)
    try:
        if recorded.conditions:
            recorded = await _despite(order, recorded, schemas=schemas, start=start)
        await _tell_apart(order, recorded, schemas=schemas, start=start)
    except BaseException:
        # Nobody else knows of them: they would run as long as the daemon does.
        await asyncio.shield(_close(recorded))
        raise
    return recorded


async def _despite(
    order: RecordingOrder, stopped: Recorded, *, schemas: SchemaStore, start: StartProvider
) -> Recorded:
    """Return `stopped` with what stands behind the conditions that failed evaluated as well."""
    attempt = partial(_attempt, order, schemas=schemas, start=start, after=stopped)
    whole, _ = await attempt(instead=EVALUATING)
    if whole is not None:
        await _close(stopped)
        without_deletions(whole.captures)
        return replace(stopped, captures=whole.captures, warm=whole.warm)
    # A condition may keep the rest from an error of its own: then what is recorded is all.
    seen, _ = await attempt(instead=LOOKING)
    return stopped if seen is None else _with_seen(stopped, seen)


def _with_seen(stopped: Recorded, seen: Recorded) -> Recorded:
    """Return `stopped` with the objects that only the other plan has come to."""
    first = len(stopped.captures)
    for capture in seen.captures:
        capture.index += first
    warm = {first + index: provider for index, provider in seen.warm.items()}
    return replace(
        stopped, captures=[*stopped.captures, *seen.captures], warm={**stopped.warm, **warm}
    )


async def _close(recorded: Recorded) -> None:
    providers = recorded.warm.values()
    await asyncio.gather(*(provider.close() for provider in providers), return_exceptions=True)


async def _tell_apart(
    order: RecordingOrder, recorded: Recorded, *, schemas: SchemaStore, start: StartProvider
) -> None:
    """Plan by itself each of the few instances that the whole plan cannot tell apart."""
    addresses = indistinct(recorded.captures, order.instances)[:_TARGETED_PLANS]
    for instance in order.instances:
        if instance.address not in addresses or instance.deposed:
            continue
        target = f"-target={instance.address}"
        # OpenTofu takes no target beside an exclusion.
        alone = replace(order, arguments=(*order.arguments, target), exclusions=())
        targeted, _ = await _attempt(alone, schemas=schemas, start=start)
        if targeted is None:
            continue
        await _close(targeted)
        told_apart(recorded.captures, targeted.captures, instance)


async def _attempt(
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
    folder = Path(tempfile.mkdtemp(prefix="tu-", dir=short_base()))
    tunnels: list[Tunnel] = []
    kept: dict[int, Provider] = {}
    try:
        for number, installed in enumerate(order.providers):
            schema = filter_schema((await schemas.schema(installed)).raw, types=order.types)
            providers = HeadStart(partial(start, installed))
            known = after.captures if after is not None else ()
            answers = as_recorded(known, installed.source) if instead else None
            tunnel = await _open_tunnel(
                folder / str(number), installed, order, schema, providers, answers=answers
            )
            tunnels.append(tunnel)
        environment = {
            **order.environment,
            "TF_REATTACH_PROVIDERS": await _reattach(tunnels, order, schemas),
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
        diagnostics, events = parse_events(run.stdout)
        captured = [connection.capture for tunnel in tunnels for connection in tunnel.connections]
        harmless = {_HARMLESS, *SUMMARIES, *refusals(captured)}
        fatal = [d for d in diagnostics if d.severity == "error" and d.summary not in harmless]
        if run.exit_code != 0 and (fatal or not diagnostics):
            _raise_when_provider_died(tunnels)
            return None, run
        captures, kept = _number([c for tunnel in tunnels for c in tunnel.connections])
        drop_write_only(captures, {p.source: await schemas.schema(p) for p in order.providers})
        if instead:
            return Recorded(captures, (), kept), run
        planned = planned_changes(events)
        shown = await _shown(order, folder / _PLAN, events, planned, environment)
        secrets = planned_secrets(shown, with_values(planned))
        left = Recorded(
            captures, planned, kept, secrets,
            await changed_outputs_in(shown, order.files, place=order.directory),
            built_in_changes(shown), failed_conditions(diagnostics), outputs_told(events),
        )  # fmt: skip
        return left, run
    finally:
        await asyncio.shield(_clear(tunnels, folder, keep=kept))


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


async def _open_tunnel(
    folder: Path,
    installed: InstalledProvider,
    order: RecordingOrder,
    schema: bytes,
    providers: HeadStart | OnDemand,
    *,
    answers: Answers | None = None,
) -> Tunnel:
    """Return a tunnel that listens in `folder`, which is made."""
    await asyncio.to_thread(folder.mkdir, 0o700)
    tunnel = Tunnel(
        installed.source,
        folder=folder,
        schema=schema,
        providers=providers,
        configure_deadline_s=order.configure_deadline_s,
        answers=answers,
    )
    await tunnel.open()
    return tunnel


async def _reattach(tunnels: Sequence[Tunnel], order: RecordingOrder, schemas: SchemaStore) -> str:
    """Return what leads terraform to the tunnels of the order's providers."""
    protocols = [(await schemas.schema(installed)).protocol for installed in order.providers]
    return reattachment(zip(tunnels, protocols, strict=True))


def _number(
    connections: Sequence[Connection],
) -> tuple[list[ConnectionCapture], dict[int, Provider]]:
    """Number the connections that matter across all sources, and keep their providers."""
    captures: list[ConnectionCapture] = []
    warm: dict[int, Provider] = {}
    for connection in connections:
        capture = connection.capture
        if capture.configure is None and not capture.upgrades:
            continue
        capture.index = len(captures)
        captures.append(capture)
        if capture.configured and connection.provider is not None:
            warm[capture.index] = connection.provider
    return captures, warm


async def _clear(tunnels: Sequence[Tunnel], folder: Path, *, keep: Mapping[int, Provider]) -> None:
    kept = {id(provider) for provider in keep.values()}
    idle = [
        connection.provider
        for tunnel in tunnels
        for connection in tunnel.connections
        if connection.provider is not None and id(connection.provider) not in kept
    ]
    await asyncio.gather(*(tunnel.close() for tunnel in tunnels), return_exceptions=True)
    await asyncio.gather(*(provider.close() for provider in idle), return_exceptions=True)
    shutil.rmtree(folder, ignore_errors=True)


def _raise_when_provider_died(tunnels: Sequence[Tunnel]) -> None:
    for tunnel in tunnels:
        for connection in tunnel.connections:
            if isinstance(connection.failure, PluginStartError):
                raise connection.failure
            if connection.failure is not None:
                message = f"provider {tunnel.source}: {connection.failure}"
                remedy = _OF_SILENCE if isinstance(connection.failure, PluginTimeout) else _OF_DEATH
                raise RetryableError(message, remedy=remedy)


def _failure(order: RecordingOrder, run: ToolRun) -> PermanentError:
    diagnostics, _ = parse_events(run.stdout)
    return plan_failure(
        order.directory,
        tool=order.executable.name,
        diagnostics=diagnostics,
        stderr=run.stderr,
        exit_code=run.exit_code,
    )
