"""A plan that destroys exactly the named children, made by the tool itself in a root module apart.

The children are imported into a state of that module's own, so the stack's state, its backend and
its code are neither read nor written. What is saved holds credentials and secrets; it lies in the
run's private folder under a name that goes with the plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.children.apart import scratch_of
from iac_adapters.children.removals import BY_HAND, Removal
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor, redacting
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.correction import PLAN_FILE, applying
from iac_adapters.terraform.diagnostics_text import parse_events, plain_text, render_diagnostics
from iac_adapters.terraform.installed import LOCK_FILE
from iac_adapters.terraform.loaded import LoadedResource, ProviderKey
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.plan_json import PlanReader
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.values import decode
from iac_adapters.terraform.workspace import data_directory
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan
from reconciler.domain.values import Value
from reconciler.ports import RunnerJob

_CODE: Final = "main.tf.json"
_TIMEOUT_S: Final = 600.0
_PROVIDER: Final = "stack"
_OF_THE_STACK: Final = ("TF_DATA_DIR", "TF_WORKSPACE")
_IDENTITY: Final = "id"


def removal_job(context: Context, *, folder: Path) -> RunnerJob:
    """Return the command that does exactly what the plan saved in `folder` says."""
    return RunnerJob(
        argv=(
            str(context.executable),
            "apply",
            "-input=false",
            "-json",
            str((folder / PLAN_FILE).absolute()),
        ),
        directory=scratch_of(folder).absolute(),
        environment=apart_environment(context.environment),
    )


def apart_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` for a command in the root module apart."""
    return {k: v for k, v in applying(environment).items() if k not in _OF_THE_STACK}


@dataclass(frozen=True, slots=True, repr=False)
class RemovalOrder:
    """One plan to make: of which stack, what is to be destroyed, and where it is kept."""

    context: Context
    removals: tuple[Removal, ...]
    resources: Mapping[ResourceAddress, LoadedResource]
    schemas: Mapping[str, ProviderSchema]
    folder: Path
    redactor: Redactor

    @property
    def scratch(self) -> Path:
        """The root module apart."""
        return scratch_of(self.folder)

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
    key = _provider_of(order)
    _lay_out(order, key)
    for removal in order.removals:
        run = await _run(
            order, ["import", "-input=false", "-no-color", order.name(removal), removal.identity]
        )
        if run.exit_code != 0:
            raise _not_imported(order, removal, run)
    # Without a block each is "not in configuration": the plan destroys it, and validates nothing.
    _write_code(order, key, resources=False)
    plan = ["plan", "-input=false", "-json", f"-out={(order.folder / PLAN_FILE).absolute()}"]
    planned = await _run(order, plan)
    if planned.exit_code != 0:
        raise _failure(order, planned)
    (order.scratch / _CODE).unlink()  # the plan holds the configuration; once is enough
    shown = await _run(order, ["show", "-json", str((order.folder / PLAN_FILE).absolute())])
    if shown.exit_code != 0:
        raise _failure(order, shown)
    document: dict[str, Any] = json.loads(shown.stdout, parse_float=Decimal)
    return document


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


def _provider_of(order: RemovalOrder) -> ProviderKey:
    parents = (removal.question.parent_address for removal in order.removals)
    providers = (order.resources[address].provider for address in parents)
    keys = {key.digest: key for key in providers if key is not None}
    if len(keys) != 1:
        raise PermanentError(
            "the children belong to several provider configurations",
            remedy="remove those of one configuration at a time",
        )
    return next(iter(keys.values()))


def _lay_out(order: RemovalOrder, key: ProviderKey) -> None:
    """Make the root module: the stack's lock file and plugins, its provider, one empty block each.

    The configuration is the evaluated one, so it holds credentials.
    """
    context, scratch = order.context, order.scratch
    (scratch / ".terraform").mkdir(mode=0o700, parents=True)
    scratch.chmod(0o700)
    lock = context.directory / LOCK_FILE
    if lock.is_file():
        (scratch / LOCK_FILE).write_bytes(lock.read_bytes())
    plugins = data_directory(context.directory, context.environment) / "providers"
    (scratch / ".terraform" / "providers").symlink_to(plugins.absolute())
    _write_code(order, key, resources=True)


def _write_code(order: RemovalOrder, key: ProviderKey, *, resources: bool) -> None:
    code: dict[str, Any] = {
        "terraform": {"required_providers": {_PROVIDER: {"source": key.installed.source}}},
        "provider": {_PROVIDER: _configuration(order, key)},
    }
    if resources:
        blocks: dict[str, dict[str, Any]] = {}
        for removal in order.removals:
            name = order.name(removal).partition(".")[2]
            blocks.setdefault(removal.type, {})[name] = {"provider": _PROVIDER}
        code["resource"] = blocks
    file = order.scratch / _CODE
    file.touch(mode=0o600)
    file.write_bytes(orjson.dumps(code, default=str))


def _configuration(order: RemovalOrder, key: ProviderKey) -> dict[str, Any]:
    schema = order.schemas[key.installed.source].configuration
    config = message("ConfigureRequest").FromString(key.configure).config.msgpack
    values = decode(config, schema) if config else None
    return {k: _as_code(v) for k, v in (values or {}).items() if v not in (None, [], {})}


def _as_code(value: Value) -> Any:
    """Return `value` as JSON code: nothing in it is a template, and what is null is left out."""
    match value:
        case str():
            return value.replace("${", "$${").replace("%{", "%%{")
        case list():
            return [_as_code(item) for item in value]
        case dict():
            return {k: _as_code(v) for k, v in value.items() if v is not None}
        case _:
            return value


async def _run(order: RemovalOrder, arguments: Sequence[str]) -> ToolRun:
    return await run_tool(
        order.context.executable,
        arguments,
        directory=order.scratch,
        environment=apart_environment(order.context.environment),
        timeout_s=_TIMEOUT_S,
    )


def _not_imported(
    order: RemovalOrder, removal: Removal, run: ToolRun
) -> RetryableError | PermanentError:
    text = order.redactor.without(plain_text(run.stderr))
    if "non-existent remote object" in " ".join(text.split()):
        return RetryableError(f"{removal.address} is not there any more")
    return PermanentError(f"{removal.address} cannot be imported: {text}", remedy=BY_HAND)


def _failure(order: RemovalOrder, run: ToolRun) -> PermanentError:
    diagnostics, _ = parse_events(run.stdout)
    text = order.redactor.without(render_diagnostics(diagnostics) or plain_text(run.stderr))
    return PermanentError(f"the removal cannot be planned: {text}", remedy=BY_HAND)
