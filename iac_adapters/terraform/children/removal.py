"""A plan that destroys exactly the named children, made by the tool itself in a root module apart.

The children are imported into a state of that module's own, so the stack's state, its backend and
its code are neither read nor written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from iac_adapters.children.removals import BY_HAND, Removal
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor, redacting
from iac_adapters.terraform.apart import PROVIDER, ModuleApart, provider_of
from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.diagnostics_text import plain_text
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.plan_json import PlanReader
from iac_adapters.terraform.schema_answer import ProviderSchema
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan

_IDENTITY: Final = "id"


@dataclass(frozen=True, slots=True, repr=False)
class RemovalOrder:
    """One plan to make: of which stack, what is to be destroyed, and where it is kept."""

    context: Context
    removals: tuple[Removal, ...]
    resources: Mapping[ResourceAddress, LoadedResource]
    schemas: Mapping[str, ProviderSchema]
    folder: Path
    redactor: Redactor

    def name(self, removal: Removal) -> str:
        """Return the name that the tool has for a child there."""
        return f"{removal.type}.added_{self.removals.index(removal)}"


async def planned(order: RemovalOrder, *, stack: StackName, digester: SecretDigester) -> Plan:
    """Save a plan that destroys exactly the children, and return it; nothing is changed.

    Raises:
        RetryableError: a child is not there any more.
        PermanentError: the tool cannot import or destroy one of them.
    """
    targets = tuple(removal.address for removal in order.removals)
    with redacting(lambda: order.redactor):
        document = await _saved(order)
        reader = PlanReader(order.schemas, digester, order.redactor)
        return _as_found(order, reader.plan(document, stack=stack, targets=targets))


async def _saved(order: RemovalOrder) -> Mapping[str, Any]:
    """Save the plan and return its `show -json`, secrets in plain text."""
    parents = [order.resources[removal.question.parent_address] for removal in order.removals]
    module = ModuleApart(
        order.context, provider_of(parents), order.schemas, order.folder, order.redactor, BY_HAND
    )
    module.lay_out()
    module.write_code({"resource": _empty_blocks(order)})
    for removal in order.removals:
        run = await module.run(
            ["import", "-input=false", "-no-color", order.name(removal), removal.identity]
        )
        if run.exit_code != 0:
            raise _not_imported(order, removal, run)
    # Without a block each is "not in configuration": the plan destroys it, and validates nothing.
    module.write_code({})
    return await module.saved_plan()


def _empty_blocks(order: RemovalOrder) -> dict[str, dict[str, Any]]:
    blocks: dict[str, dict[str, Any]] = {}
    for removal in order.removals:
        name = order.name(removal).partition(".")[2]
        blocks.setdefault(removal.type, {})[name] = {"provider": PROVIDER}
    return blocks


def _as_found(order: RemovalOrder, plan: Plan) -> Plan:
    """Return `plan` with the addresses that findings have, if it destroys each child and no more.

    An identity that an import makes up anew would make another plan of the same removal.
    """
    names = {order.name(removal): removal.address for removal in order.removals}
    found = {resource.address for resource in plan.resources}
    if found != set(names) or any(
        resource.action is not Action.DELETE for resource in plan.resources
    ):
        raise PermanentError(
            "the plan of the removal does not destroy exactly the children", remedy=BY_HAND
        )
    resources = tuple(
        replace(
            resource,
            address=names[resource.address],
            changes=tuple(change for change in resource.changes if change.path != _IDENTITY),
        )
        for resource in plan.resources
    )
    return replace(plan, resources=tuple(sorted(resources, key=lambda item: item.address)))


def _not_imported(
    order: RemovalOrder, removal: Removal, run: ToolRun
) -> RetryableError | PermanentError:
    text = order.redactor.without(plain_text(run.stderr))
    if "non-existent remote object" in " ".join(text.split()):
        return RetryableError(f"{removal.address} is not there any more")
    return PermanentError(f"{removal.address} cannot be imported: {text}", remedy=BY_HAND)
