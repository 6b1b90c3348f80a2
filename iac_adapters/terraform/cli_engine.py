"""The slow way: one whole `terraform plan`, read back. Fallback and oracle.

The plan file holds secrets, so it lives in a private folder and only as long as it is
read. The plan refreshes and locks nothing, and writes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from iac_adapters.plugin_host.private_folder import private_folder
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.cli_verdict import verdict_of
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.diagnostics_text import failed_plan
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.recorder.planned import PlannedChange, planned_in
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.recording import NOTHING_RECORDED, Recording
from iac_adapters.terraform.shown_plan import document_in
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Observed, Unreadable

_TIMEOUT_S: Final = 3600.0


@dataclass(frozen=True, slots=True, repr=False)
class CliPlan:
    """A complete plan as `show -json` tells it, or the reason why there is none."""

    content: Mapping[str, Any] | None
    failure: str = ""

    def failed(self, context: Context) -> PermanentError:
        """Return the error that says why there is no plan."""
        return PermanentError(
            f"{context.directory}: the plan failed\n{self.failure}",
            remedy=f"correct what is named above; `{context.executable.name} plan` in "
            f"{context.directory} shows the same error",
        )

    def actions(self) -> dict[str, str]:
        """Return what it would do, by the code's addresses."""
        changes = (self.content or {}).get("resource_changes", ())
        managed = [change for change in changes if change["mode"] == "managed"]
        return {change.address: _said_of(change) for change in planned_in(managed)}

    def as_recording(self, outputs: tuple[PlannedOutput, ...]) -> Recording:
        """Return what a recording would say as well: what is created, moves and is imported.

        `outputs` are those that it would change.
        """
        content = self.content or {}
        managed = [
            change for change in content.get("resource_changes", ()) if change["mode"] == "managed"
        ]
        return replace(
            NOTHING_RECORDED,
            planned=planned_in(managed),
            outputs=outputs,
            actions={
                change["address"]: "create"
                for change in managed
                if change["change"]["actions"] == ["create"]
            },
            moved={
                change["previous_address"]: change["address"]
                for change in managed
                if change.get("previous_address") not in (None, change["address"])
            },
        )


def _said_of(change: PlannedChange) -> str:
    """Return the word of the plan's event stream; `show -json` has none for these two."""
    if change.action != "noop":
        return change.action
    if change.import_id is not None:
        return "import"
    return "noop" if change.previous is None else "move"


def verdicts(
    plan: CliPlan, resources: Sequence[LoadedResource], *, digester: SecretDigester
) -> Iterator[Observed]:
    """Yield a verdict for each of `resources`.

    A plan that failed says nothing about anything: all that was asked is unreadable.
    """
    for resource in resources:
        address = resource.recorded.address
        if plan.content is None:
            yield Observed(address, Unreadable(plan.failure))
        else:
            yield Observed(address, verdict_of(resource, plan.content, digester=digester))


async def plan_by_cli(context: Context, *, refresh: bool = True) -> CliPlan:
    """Run one plan; reads the cloud, writes nothing. Takes as long as it takes.

    Without `refresh` it is of the recorded objects: what the code alone asks for.
    """
    async with private_folder() as folder:
        file = folder / "plan"
        run = await _run(context, ["plan", "-lock=false", "-input=false", "-json",
                                   f"-refresh={str(refresh).lower()}", f"-out={file}",
                                   *context.plan_arguments, *context.exclusions])  # fmt: skip
        if run.exit_code != 0:
            return CliPlan(None, failed_plan(run.stdout, run.exit_code))
        shown = await _run(context, ["show", "-json", str(file)])
        plan = document_in(shown)
        if plan is None:
            return CliPlan(None, failed_plan(shown.stdout, shown.exit_code))
        if plan.get("errored") or not plan.get("complete", True):
            return CliPlan(None, "the plan did not complete")
        return CliPlan(plan)


async def _run(context: Context, arguments: Sequence[str]) -> ToolRun:
    return await run_tool(
        context.executable,
        list(arguments),
        directory=context.directory,
        called_from=context.called_from,
        environment=context.environment,
        timeout_s=_TIMEOUT_S,
    )
