"""Plan the correction of some resources with the tool itself, and keep the plan to apply it.

The state is locked while the tool plans, as it would be for anybody; nothing is changed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError

from iac_adapters.plugin_host.deadlines import configure_deadline_s
from iac_adapters.plugin_host.provider_errors import Cause, cause_of
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.correction import PLAN_FILE, applying
from iac_adapters.terraform.diagnostics_text import Diagnostic, errors_in
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.outputs import is_output
from iac_adapters.terraform.recorder.failure import plan_failure
from iac_adapters.terraform.run_log import lock_holder
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.served_providers import (
    AsConfigured,
    Running,
    served_providers,
)
from iac_adapters.terraform.shown_plan import show_plan
from iac_adapters.terraform.workspace import selected_workspace
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.model import ResourceAddress

LOCK_PATIENCE_S: Final = 30
_TIMEOUT_S: Final = 3600.0
_PASSING: Final = frozenset({Cause.THROTTLED, Cause.UNREACHABLE})
_TO_BE_MADE: Final = " (new)"


@dataclass(frozen=True, slots=True, repr=False)
class PlanOrder:
    """One plan to make: of which stack, with which names unsaid, and where it is kept.

    `schemas` are of its providers, by source. `running` are those that the tool is given; without
    them it starts its own.
    """

    context: Context
    stack: LoadedStack
    folder: Path
    redactor: Redactor
    schemas: Mapping[str, ProviderSchema]
    running: Running | None = None

    @property
    def file(self) -> Path:
        """The saved plan. It holds secrets in plain text."""
        return self.folder / PLAN_FILE


async def saved_plan(
    order: PlanOrder,
    addresses: Collection[ResourceAddress],
    *,
    anew: Collection[ResourceAddress] = (),
    options: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Save a plan for exactly `addresses` and return its `show -json`, secrets in plain text.

    Those of `anew` are replaced although nothing of them changed: their provisioners run again.
    `options` are the tool's own, such as `-destroy`.

    Raises:
        RetryableError: the state is locked, the workspace was switched meanwhile, or a
            backend or provider did not answer.
        PermanentError: one of `addresses` does not exist any more, or no plan can be made.
    """
    targets = list(_targets(order, addresses))
    replaced = list(_targets(order, anew)) if anew else []
    context = order.context
    run = await _planned(
        order,
        ["plan", "-input=false", "-json", f"-lock-timeout={LOCK_PATIENCE_S}s",
         f"-out={order.file}", *options, *context.plan_arguments,
         *(f"-target={target}" for target in targets),
         *(f"-replace={target}" for target in replaced)],
    )  # fmt: skip
    if run.exit_code != 0:
        raise _failure(order, run)
    _refuse_switched(context)
    shown = await _shown(order)
    if shown.exit_code != 0:
        raise _failure(order, shown)
    # Decimals, so that two long numbers that differ do not become one.
    plan: dict[str, Any] = json.loads(shown.stdout, parse_float=Decimal)
    return plan


async def _planned(order: PlanOrder, arguments: Sequence[str]) -> ToolRun:
    """Plan with the providers that run already, and where that fails with the tool's own.

    A provider that runs may be worse off than one that is started: its credentials expired, or
    the code has come to use a type that the stack was not loaded with.
    """
    environment = order.context.environment
    if order.running is not None:
        with contextlib.suppress(OSError, DecodeError):
            async with served_providers(
                order.schemas,
                types=order.context.types,
                start=order.running.start,
                answers=AsConfigured(order.running.lend),
                configure_deadline_s=configure_deadline_s(environment),
            ) as served:
                variables = {**environment, **served.variables}
                run = await _run(order, arguments, variables, holds_lock=True)
            if run.exit_code == 0 or lock_holder(errors_in(run.stdout)) is not None:
                return run
    return await _run(order, arguments, environment, holds_lock=True)


async def _shown(order: PlanOrder) -> ToolRun:
    environment = applying(order.context.environment)

    async def run(arguments: Sequence[str], variables: Mapping[str, str]) -> ToolRun:
        return await _run(order, arguments, {**environment, **variables})

    return await show_plan(run, order.file, schemas=order.schemas, types=order.context.types)


def _targets(order: PlanOrder, addresses: Collection[ResourceAddress]) -> Iterator[str]:
    """Yield what the tool calls each of `addresses`; one that moves has two names."""
    if not addresses:
        raise PermanentError("a plan without a target would plan everything")
    for address in sorted(addresses):
        resource = order.stack.resources.get(address)
        if is_output(address):
            raise PermanentError(
                f"{address}: an output cannot be planned by itself",
                remedy=f"apply the stack's code: {order.context.tool} apply",
            )
        if resource is None:
            raise PermanentError(
                f"{address}: neither code nor state holds it any more",
                remedy="scan the stack again; what is gone from both needs no correction",
            )
        own = resource.instance.address if resource.instance is not None else None
        name = own or address.removesuffix(_TO_BE_MADE)
        yield name
        if (goes_to := order.stack.recording.moved.get(name)) is not None:
            yield goes_to


def _refuse_switched(context: Context) -> None:
    now = selected_workspace(context.directory, environment=context.environment)
    if now != context.workspace:
        raise RetryableError(
            f"{context.directory}: somebody switched from workspace {context.workspace}"
            f" to {now} while the plan was made",
            remedy="name the stack's workspace in its configuration, so that no switch matters",
        )


async def _run(
    order: PlanOrder,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    holds_lock: bool = False,
) -> ToolRun:
    return await run_tool(
        order.context.executable,
        list(arguments),
        directory=order.context.directory,
        called_from=order.context.called_from,
        environment=environment,
        timeout_s=_TIMEOUT_S,
        holds_lock=holds_lock,
    )


def _failure(order: PlanOrder, run: ToolRun) -> ReconcilerError:
    errors = errors_in(run.stdout)
    context = order.context
    if (holder := lock_holder(errors)) is not None:
        return RetryableError(
            f"{context.directory}: the state is locked by {order.redactor.without(holder)}",
            remedy="wait until that has ended; a lock left behind is released by"
            f" `{context.tool} force-unlock`, by whoever knows that nobody holds it",
        )
    failure = plan_failure(
        context.directory,
        tool=context.tool,
        diagnostics=errors,
        stderr=run.stderr,
        exit_code=run.exit_code,
    )
    message = order.redactor.without(str(failure))
    kind = RetryableError if _cause(errors) in _PASSING else PermanentError
    return kind(message, remedy=failure.remedy)


def _cause(errors: Sequence[Diagnostic]) -> Cause:
    return cause_of("\n".join(f"{error.summary}\n{error.detail}" for error in errors))
