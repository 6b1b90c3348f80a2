"""Plan the correction of some resources by a real preview, and keep the plan to apply it.

A preview takes no lock and changes nothing, neither in the cloud nor in the record.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import evaluate_deadline_s, read_plan
from iac_adapters.pulumi.events import done_in, events_of
from iac_adapters.pulumi.history import CORRECTION
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.locks import Holder, Lock
from iac_adapters.pulumi.plan import Preview
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.provisioning import provisioners_of
from iac_adapters.pulumi.targeted_updates import unsafe_code
from iac_adapters.pulumi.verdicts import live_words
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.model import ResourceAddress

PLAN_FILE: Final = "plan.json"
JOB_FILE: Final = "plan-job.json"
# Without the program, a target that the record has lost is refused by name.
_REFRESHING: Final = ("--refresh", "--run-program")
_RACE: Final = "Duplicate resource URN"
_TO_BE_DELETED: Final = " (to be deleted: "


@dataclass(frozen=True, slots=True, repr=False)
class PlanOrder:
    """One plan to make: of which stack and resources, and where it is kept."""

    context: Context
    resources: Mapping[ResourceAddress, LoadedResource]
    folder: Path

    @property
    def file(self) -> Path:
        """The saved plan. It holds secrets in plain text."""
        return self.folder / PLAN_FILE


async def preview(
    order: PlanOrder,
    addresses: Collection[ResourceAddress],
    live: Mapping[str, ReadAnswer],
    *,
    anew: Collection[ResourceAddress] = (),
) -> Preview:
    """Save a plan for exactly `addresses`, and the job that would do it; return what it says.

    Raises:
        RetryableError: somebody holds the stack, or a backend or provider did not answer.
        PermanentError: an interrupted update has to be looked after first, one of `addresses`
            does not exist any more, or no plan can be made.
    """
    refuse_pending(order.context)
    refuse_locked(order.context.locks, order.context.place.label)
    provisioning = provisioners_of(order.resources, anew)
    targets = _targets(order, {*addresses, *provisioning})
    cli = order.context.cli
    options = [f"--target={target}" for target in targets]
    options += [f"--replace={urn}" for urn in provisioning]
    await asyncio.to_thread(_make_private, order.file)
    run = await cli.run(
        "preview", *_REFRESHING, "--json", "--show-secrets", f"--save-plan={order.file}", *options,
        timeout_s=evaluate_deadline_s(cli.environment),
    )  # fmt: skip
    if run.exit_code != 0:
        raise _unplanned(cli.failure(run, "the correction could not be planned"))
    content = await asyncio.to_thread(order.file.read_bytes)
    await asyncio.to_thread(_expect_no_rename, order, content)
    command = [
        *cli.arguments("up", "--yes", "--skip-preview", *_REFRESHING, "--json"),
        f"--message={CORRECTION}",
        f"--plan={order.file.absolute()}",
        *options,
    ]
    await keep_job(order, command, _words(order, content, live))
    return Preview(
        steps=[step for event in events_of(run.stdout) if (step := done_in(event)) is not None],
        plans=_plans(content),
        content=content,
        live=live,
    )


def refuse_pending(context: Context) -> None:
    """Refuse every update while nobody knows whether one object exists.

    `up` would go on with a warning and create it a second time.
    """
    unknown = [
        operation for operation in context.checkpoint.pending if operation.is_unknown_creation
    ]
    if unknown:
        names = ", ".join(operation.resource.name for operation in unknown[:3])
        raise PermanentError(
            f"{context.place.label}: an update was interrupted while creating {names},"
            " and whether that exists is not known",
            remedy="look for it; then `pulumi refresh --clear-pending-creates`, and"
            " `pulumi import` it if it does exist",
        )


def refuse_locked(locks: Sequence[Lock], label: str) -> None:
    """Refuse while an update of another host holds the stack, or one that nobody can see."""
    for lock in locks:
        if lock.holder is Holder.ELSEWHERE:
            raise RetryableError(
                f"{label}: locked by {lock}",
                remedy="wait until that has ended; `pulumi cancel` releases what nobody holds",
            )


def _targets(order: PlanOrder, addresses: Collection[ResourceAddress]) -> list[str]:
    if not addresses:
        raise PermanentError("a plan without a target would plan everything")
    targets = []
    for address in sorted(addresses):
        if address not in order.resources:
            raise PermanentError(
                f"{address}: neither program nor record holds it any more",
                remedy="scan the stack again; what is gone from both needs no correction",
                about=(address,),
            )
        _refuse_unapplied(order.resources[address])
        targets.append(address.partition(_TO_BE_DELETED)[0])
    _refuse_unsafe(order, targets)
    return list(dict.fromkeys(targets))


def _refuse_unsafe(order: PlanOrder, targets: Sequence[str]) -> None:
    if (what := unsafe_code(order.resources.values(), targets)) is not None:
        raise PermanentError(
            f"the code {what}, and that is not applied yet;"
            " beside that Pulumi corrects nothing else in this stack safely",
            remedy="apply that change first, with `pulumi up`; then scan the stack again",
        )


def _unplanned(error: ReconcilerError) -> ReconcilerError:
    """Return why there is no plan. The program has been evaluated, so it names no URN twice.

    What races with a target is refused before; a program that was edited since is not known yet.
    """
    if _RACE not in str(error):
        return error
    return RetryableError(str(error), remedy="it is a race in Pulumi's engine: try again")


def _make_private(file: Path) -> None:
    """Let there be an empty file that only we may read: the CLI writes secrets into it.

    It runs under the user's umask, and keeps the mode of a file that is there.
    """
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def _expect_no_rename(order: PlanOrder, content: bytes) -> None:
    """Let the saved plan expect no step for what an alias renames and that is not applied.

    A targeted preview plans one under the new name, and the update takes none: it corrects
    everything else and then fails ("expected resource operations ... but none were seen").
    """
    renamed = {resource.named for resource in order.resources.values() if resource.named}
    if not renamed:
        return
    saved = orjson.loads(content)
    for urn in renamed & saved["resourcePlans"].keys():
        saved["resourcePlans"][urn]["steps"] = []
    order.file.write_bytes(orjson.dumps(saved))


def _refuse_unapplied(resource: LoadedResource) -> None:
    """Refuse to correct what the engine would not correct, or not where it was recorded.

    Of a resource that an alias renames, a target by its old name is refreshed and left as it
    is, and one by its new name is not even looked at. A provider takes its new configuration
    whatever is targeted, and the object would be looked for, and made, where that leads.
    """
    address = resource.recorded_as.address
    if resource.named:
        name = resource.named.rpartition("::")[2]
        raise PermanentError(
            f"{address}: the code renames it to {name} by an alias, and that is not applied yet",
            remedy="apply the rename first, with `pulumi up`; then scan the stack again",
            about=(address,),
        )
    edit, state = resource.edit, resource.state
    if edit is not None and edit.moved and not (state is not None and state.is_provider):
        raise PermanentError(
            f"{address}: its provider {edit.label} is changed in code, and that is not applied"
            f" yet: {'; '.join(edit.doubts())}",
            remedy="apply that change first, with `pulumi up`, or undo it; then scan again",
            about=(address,),
        )


def _plans(content: bytes) -> Mapping[str, Mapping[str, Any]]:
    plans: dict[str, dict[str, Any]] = orjson.loads(content)["resourcePlans"]
    return plans


def _words(order: PlanOrder, content: bytes, live: Mapping[str, ReadAnswer]) -> frozenset[str]:
    """Return what must not be said of what is recorded, of what will be, and of what is there."""
    words = order.context.redactor.and_also(read_plan(content).secret_words).words
    found = (
        live_words(resource, live[resource.subject.urn])
        for resource in order.resources.values()
        if resource.state is not None and resource.subject.urn in live
    )
    return words.union(*found)


async def keep_job(order: PlanOrder, command: Sequence[str], secrets: frozenset[str]) -> None:
    """Write what the job has to do, and the words it must not repeat."""
    stale = [lock for lock in order.context.locks if lock.holder is Holder.DEAD]
    whole = [str(order.context.cli.executable), *command]
    await asyncio.to_thread(write_job, order.folder, whole, secrets=secrets, stale=stale)


def write_job(
    folder: Path, command: Sequence[str], *, secrets: frozenset[str], stale: Sequence[Lock] = ()
) -> None:
    """Write into `folder` what the job has to do. `stale` are the dead locks to be removed."""
    job = {
        "command": [*command],
        "stale_locks": [
            {"file": str(lock.file), "pid": lock.pid, "timestamp": lock.timestamp} for lock in stale
        ],
        "secrets": sorted(secrets),
    }
    descriptor = os.open(folder / JOB_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(job, file)
