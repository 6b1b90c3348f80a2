"""A plan that gives other security groups to running objects, and changes nothing else of them.

The code of the stack cannot say it without being edited. So it is planned in a root module apart,
whose state holds a copy of what the stack's state records of these objects, and whose code ignores
every attribute but one. The stack's own state is not written: it records the groups that the code
asks for, as it did before.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.children.apart import scratch_of
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor, redacting
from iac_adapters.terraform.apart import PROVIDER, ModuleApart, as_code, provider_of
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.isolating import recorded_values
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.plan_json import PlanReader
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Plan
from reconciler.domain.swaps import Regrouping
from reconciler.domain.swaps_catalogue import swap_of
from reconciler.domain.values import Json

_REMEDY: Final = "give it the groups by hand in the cloud, or isolate by edges (driver `detach`)"
_LOOKED_UP: Final = "aws_security_group"
# With them, a tag that somebody took off the object would be put back along with the groups.
_NOT_CONFIGURED: Final = ("default_tags",)
_IDENTITY: Final = "id"


@dataclass(frozen=True, slots=True, repr=False)
class SwapOrder:
    """One plan to make: of which stack, what is to hold which groups, and where it is kept."""

    context: Context
    stack: LoadedStack
    schemas: Mapping[str, ProviderSchema]
    folder: Path
    redactor: Redactor


@dataclass(frozen=True, slots=True, repr=False)
class _Subject:
    """One object: what is recorded of it, the groups it is to hold, and its name apart."""

    regrouping: Regrouping
    resource: LoadedResource
    values: Json
    name: str

    @property
    def type(self) -> str:
        return self.regrouping.edge.type


def identities_of(stack: LoadedStack) -> dict[ResourceAddress, str]:
    """Return the id of each object whose groups can be swapped."""
    found = {}
    for address, resource in stack.resources.items():
        if swap_of(resource.recorded.type) is None:
            continue
        values = recorded_values(resource)
        if values and isinstance(identity := values.get(_IDENTITY), str):
            found[address] = identity
    return found


async def planned(
    order: SwapOrder,
    regroupings: Collection[Regrouping],
    *,
    stack: StackName,
    digester: SecretDigester,
) -> Plan:
    """Save a plan that gives the objects these groups, and return it; nothing is changed.

    What is gone, and what holds its groups already, is in no plan.

    Raises:
        PermanentError: the objects belong to several provider configurations, a group does not
            exist, or the tool makes no plan of them.
    """
    targets = tuple(sorted(regrouping.edge.address for regrouping in regroupings))
    subjects = list(_subjects(order, regroupings))
    if not subjects:
        return Plan(stack=stack, targets=targets, resources=())
    with redacting(lambda: order.redactor):
        document = await _saved(order, subjects)
        if gone := _created(document):
            # What is recorded and gone would be created: a plan is applied as it was saved.
            subjects = [subject for subject in subjects if subject.name not in gone]
            if not subjects:
                return Plan(stack=stack, targets=targets, resources=())
            shutil.rmtree(scratch_of(order.folder))
            document = await _saved(order, subjects)
        reader = PlanReader(order.schemas, digester, order.redactor)
        plan = _as_recorded(reader.plan(document, stack=stack, targets=targets), subjects)
        return replace(plan, remarks=tuple(map(order.redactor.without, _remarks(document))))


def _subjects(order: SwapOrder, regroupings: Collection[Regrouping]) -> Iterator[_Subject]:
    """Yield each object that the state still holds, at whatever address.

    Raises:
        PermanentError: which one is meant cannot be known, or what the code asks of it.
    """
    identities = identities_of(order.stack)
    for index, regrouping in enumerate(regroupings):
        address = address_of(regrouping.edge, identities, order.stack)
        resource = order.stack.resources.get(address) if address is not None else None
        values = recorded_values(resource) if resource is not None else None
        if resource is None or values is None:
            continue
        if _is_recorded_as_isolated(regrouping, values):
            raise PermanentError(
                f"the state records {regrouping.edge.group} as the groups of {address}, so what"
                " the code asks for is not known",
                remedy="after an apply that meant it, cancel this; after a refresh of the state, "
                + _REMEDY,
            )
        yield _Subject(regrouping, resource, values, f"swapped_{index}")


def address_of(
    edge: Edge, identities: Mapping[ResourceAddress, str], stack: LoadedStack
) -> ResourceAddress | None:
    """Return where the object is now: two of a name, such as clusters in two regions, differ."""
    alike = [
        address
        for address, identity in identities.items()
        if identity == edge.identity and stack.resources[address].recorded.type == edge.type
    ]
    if edge.address in alike or not alike:
        return edge.address if alike else None
    if len(alike) > 1:
        raise PermanentError(
            f"{edge.address} was moved, and may be any of {', '.join(sorted(alike))}",
            remedy=_REMEDY,
        )
    return alike[0]


def moved_objects(
    stack: LoadedStack, edges: Iterable[Edge]
) -> dict[ResourceAddress, ResourceAddress]:
    """Return the new address of each object that the state holds at another one now."""
    identities, found = identities_of(stack), {}
    for edge in edges:
        try:
            address = address_of(edge, identities, stack)
        except PermanentError:
            continue  # it may be any of several
        if address is not None and address != edge.address:
            found[edge.address] = address
    return found


def _is_recorded_as_isolated(regrouping: Regrouping, values: Json) -> bool:
    """Whether the recorded groups of what is to be released are those of its isolation."""
    isolating = [regrouping.edge.group]
    return (
        isolating != [*regrouping.groups]
        and values.get(str(regrouping.edge.attribute)) == isolating
    )


async def _saved(order: SwapOrder, subjects: Collection[_Subject]) -> Mapping[str, Any]:
    module = ModuleApart(
        order.context,
        provider_of(subject.resource for subject in subjects),
        order.schemas,
        order.folder,
        order.redactor,
        _REMEDY,
        without=_NOT_CONFIGURED,
    )
    module.lay_out()
    module.write_state(_state(module, subjects))
    module.write_code(_code(module.schema, subjects))
    return await module.saved_plan()


def _state(module: ModuleApart, subjects: Collection[_Subject]) -> bytes:
    """Return a state that holds the objects as the stack's state does."""
    resources = [
        b'{"mode":"managed","type":%s,"name":%s,"provider":%s,"instances":[%s]}'
        % (
            orjson.dumps(subject.type),
            orjson.dumps(subject.name),
            orjson.dumps(f'provider["{module.key.installed.source}"]'),
            subject.resource.instance.as_json if subject.resource.instance else b"",
        )
        for subject in subjects
    ]
    head = b'{"version":4,"terraform_version":%s,"serial":1,"lineage":"apart","outputs":{},'
    version = orjson.dumps(module.context.state.tool_version or "1.0.0")
    return head % version + b'"resources":[%s]}' % b",".join(resources)


def _code(provider: ProviderSchema, subjects: Collection[_Subject]) -> dict[str, Any]:
    blocks: dict[str, dict[str, Any]] = {}
    groups: dict[str, None] = {}
    for subject in subjects:
        schema = provider.resource(subject.type)
        if schema is None:
            raise PermanentError(f"the provider does not know {subject.type}", remedy=_REMEDY)
        blocks.setdefault(subject.type, {})[subject.name] = _block(schema, subject)
        groups |= dict.fromkeys(subject.regrouping.groups)
    code: dict[str, Any] = {"resource": blocks}
    if provider.data_source(_LOOKED_UP) is not None:
        # A group that is gone shows while it is planned, and not in the middle of an apply.
        code["data"] = {
            _LOOKED_UP: {
                f"group_{index}": {"provider": PROVIDER, "id": as_code(group)}
                for index, group in enumerate(groups)
            }
        }
    return code


def _block(schema: ResourceSchema, subject: _Subject) -> dict[str, Any]:
    attributes, regrouping = schema.block.attributes, subject.regrouping
    swap = swap_of(subject.type)
    needs = swap.needs if swap is not None else ()
    wanted = [
        name
        for name, attribute in attributes.items()
        if (attribute.required or name in needs) and subject.values.get(name) not in (None, "", [])
    ]
    ignored = [
        name
        for name, attribute in attributes.items()
        if (attribute.required or attribute.optional)
        and not attribute.write_only
        and name not in (regrouping.edge.attribute, _IDENTITY)
    ]
    return {
        "provider": PROVIDER,
        **{name: as_code(subject.values[name]) for name in wanted},
        str(regrouping.edge.attribute): list(regrouping.groups),
        "lifecycle": {"ignore_changes": sorted({*ignored, *schema.block.blocks})},
    }


def _created(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the names apart of what the plan would create."""
    return frozenset(
        entry["name"]
        for entry in document.get("resource_changes", ())
        if "create" in entry["change"]["actions"]
    )


def _remarks(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what each group is that is to be held, as it was read while this was planned."""
    state = (document.get("prior_state") or {}).get("values") or {}
    for resource in (state.get("root_module") or {}).get("resources") or ():
        if resource.get("type") == _LOOKED_UP and resource.get("mode") == "data":
            values = resource.get("values") or {}
            yield (
                f"{values.get('id')} is the group {values.get('name')!r} of {values.get('vpc_id')};"
                " what its rules let through was not looked at"
            )


def _as_recorded(plan: Plan, subjects: Collection[_Subject]) -> Plan:
    """Return `plan` under the addresses of the edges."""
    edges = {f"{subject.type}.{subject.name}": subject.regrouping.edge for subject in subjects}
    resources = tuple(
        replace(resource, address=edges[resource.address].address, new=())
        for resource in plan.resources
        if resource.address in edges
    )
    if len(resources) != len(plan.resources):
        raise PermanentError("the plan changes more than the groups", remedy=_REMEDY)
    return replace(plan, resources=tuple(sorted(resources, key=lambda item: item.address)))
