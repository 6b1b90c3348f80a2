"""A run of a script: its plan and its outcome, in place of the tool's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.policy import Driver, Policy
from reconciler.domain.records import FindingRecord, Remediation, StackRecord, Template, TemplateId
from reconciler.domain.scripts import ScriptTask
from reconciler.domain.values import Json
from reconciler.engine.moves import policy_of
from reconciler.engine.scanned import reference_of
from reconciler.engine.service import Service
from reconciler.ports import (
    Done,
    Exited,
    Failed,
    InDoubt,
    Outcome,
    RunnerJob,
    StackReference,
    Vanished,
)
from reconciler.stores import Transaction
from reconciler.wire.scan import json_bytes

GIVEN_VERSION: Final = "1.0"
_KEYS: Final = (
    "address", "type", "kind", "severity", "origin", "fingerprint", "requires_replace", "provider",
    "source", "changes", "consequences",
)  # fmt: skip


def script_of(view: Transaction, known: Remediation) -> Policy | None:
    """Return the policy that has `known` corrected by its script; None where the tool does it."""
    policy = policy_of(view, known)
    if policy is None or policy.driver is Driver.SCRIPT:
        return None  # that script isolates
    return policy if policy.script else None


def is_scripted(known: Remediation) -> bool:
    """Whether the plan of `known` is the run of a script."""
    return bool(known.plan and known.plan.get("script"))


def given_to(
    policy: Policy,
    records: Sequence[FindingRecord],
    templates: Collection[Template],
    *,
    task: ScriptTask | None = None,
) -> dict[str, Any]:
    """Return what the script reads on its standard input: the findings, secrets masked.

    It holds nothing that changes while the drift stays as it is: an approval is for all of it.
    `task` is what the script of a quarantine is to do.
    """
    declared = {template.template_id: template.template_definition for template in templates}
    findings = [
        {
            "stack": record.stack,
            **{key: record.details.get(key) for key in _KEYS},
            "declared": declared.get(record.template_id) if record.template_id else None,
        }
        for record in sorted(records, key=lambda record: record.address)
    ]
    written = json_bytes(
        {
            "format_version": GIVEN_VERSION,
            "policy": policy.name,
            "script": policy.script,
            **({} if task is None else {"action": task.value}),
            "findings": findings,
        }
    )
    given: dict[str, Any] = json.loads(written)
    return given


def templates_of(view: Transaction, records: Sequence[FindingRecord]) -> tuple[Template, ...]:
    """Return the declared forms of what `records` are about, as far as they are kept."""
    ids = {record.template_id for record in records if record.template_id}
    found = (view.templates.get(TemplateId(template_id)) for template_id in sorted(ids))
    return tuple(template for template in found if template is not None)


@dataclass(frozen=True, slots=True)
class WantedRun:
    """A run of the script `name` for `resources`, addresses with their types; `by` whom."""

    name: str
    by: str
    given: Json
    resources: Mapping[ResourceAddress, str]


async def plan_script(
    service: Service, stack: StackRecord, wanted: WantedRun, *, folder: Path
) -> tuple[Plan, RunnerJob]:
    """Return the wanted run as a plan, and the command that does it, both saved in `folder`.

    Raises:
        RetryableError: a file of the stack gave no answer in time.
        PermanentError: scripts are off, or this one is not allowed as it is now.
    """
    reference = await reference_of(service, stack)
    return await asyncio.to_thread(_saved, service, wanted, reference, folder)


def _saved(
    service: Service, wanted: WantedRun, reference: StackReference, folder: Path
) -> tuple[Plan, RunnerJob]:
    if service.scripts is None:
        raise PermanentError(
            f"{wanted.by} names the script {wanted.name!r}, and scripts are off",
            remedy="set `scripts` in [daemon] of trueup.toml, and add [[script]]",
        )
    script, job = service.scripts.save(
        wanted.name, wanted.given, folder=folder, environment=reference.environment
    )
    resources = tuple(
        PlannedResource(address, type_name, Action.SCRIPT)
        for address, type_name in sorted(wanted.resources.items())
    )
    addresses = tuple(resource.address for resource in resources)
    return Plan(reference.name, addresses, resources, script=script), job


def script_outcome(ended: Exited | Vanished) -> Outcome:
    """Return what the run of a script came to: whatever it says, a fresh read decides."""
    if isinstance(ended, Vanished):
        return InDoubt("the process of the script is gone and left no record of its end")
    if ended.exit_code == 0:
        return Done("the script ended with exit code 0")
    return Failed(_SAID.get(ended.exit_code, f"the script ended with exit code {ended.exit_code}"),
                  read_first=True)  # fmt: skip


_SAID: Final = {
    124: "the script was stopped at a limit (exit code 124); its log says which",
    126: "the script could not be started (exit code 126); its log says why",
    130: "the script was stopped on request (exit code 130)",
}
