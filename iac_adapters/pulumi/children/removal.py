"""A plan that destroys exactly the named children, made by the CLI itself in a project apart.

The children are imported into a record of that project's own, below the run's private folder and
under a passphrase of its own, so the stack's record and its program are neither read nor written.
What is kept there goes with the plan.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from iac_adapters.children.apart import scratch_of
from iac_adapters.children.removals import BY_HAND, Removal
from iac_adapters.plugin_host.command import ToolRun
from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES, STACK_TYPE, StateResource
from iac_adapters.pulumi.children.apart import (
    PASSPHRASE_FILE,
    PROJECT,
    STACK,
    cli_of,
    place_of,
)
from iac_adapters.pulumi.children.parents import BridgedProvider
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import evaluate_deadline_s
from iac_adapters.pulumi.history import CORRECTION
from iac_adapters.pulumi.isolating import steps_in
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.planning import write_job
from iac_adapters.pulumi.provider_config import NOT_CONFIGURATION, ProviderKey
from iac_adapters.pulumi.record import deciphered_record
from iac_adapters.pulumi.redaction import secret_words, secrets_of
from iac_adapters.pulumi.values import SECRET, SIGNATURE, Raw, visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.paths import render_path
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.values import Value

_PROVIDER: Final = "stack"
_URN: Final = f"urn:pulumi:{STACK}::{PROJECT}::"
_NOT_REFRESHING: Final = "--refresh=false"
_GONE: Final = "resource '{}' does not exist"
"""What the engine says of an import that found nothing."""
_BESIDE: Final = (STACK_TYPE, PROVIDER_TYPES)
"""The beginnings of the types that an import makes beside the children."""


@dataclass(frozen=True, slots=True, repr=False)
class RemovalOrder:
    """One plan to make: of which stack, what is to be destroyed, and where it is kept."""

    context: Context
    removals: tuple[Removal, ...]
    resources: Mapping[ResourceAddress, LoadedResource]
    folder: Path
    tools: str

    @property
    def scratch(self) -> Path:
        """The project apart."""
        return scratch_of(self.folder.absolute())

    def name(self, removal: Removal) -> str:
        """Return the name that a child has there."""
        return f"added_{self.removals.index(removal)}"

    def urn(self, removal: Removal) -> str:
        """Return the URN that a child has there."""
        return f"{_URN}{removal.question.type}::{self.name(removal)}"


async def planned(order: RemovalOrder, *, stack: StackName, digester: SecretDigester) -> Plan:
    """Keep the job that destroys exactly the children, and return what that would do.

    Nothing is changed, neither in the cloud nor in the stack's record.

    Raises:
        RetryableError: a child is not there any more.
        PermanentError: the CLI cannot import or destroy one of them.
    """
    key = _provider_of(order)
    identities = {order.name(removal): removal.identity for removal in order.removals}
    cli = cli_of(order.context, order.folder)
    await asyncio.to_thread(_lay_out, order)
    await _run(cli, "stack", "init", "--no-select")
    await _with_provider(order, key, cli)
    await _imported(order, identities, cli)
    place = place_of(order.folder)
    file = place.state_file
    assert file is not None  # noqa: S101 - `stack init` has made it
    record = await deciphered_record(place, cli, await asyncio.to_thread(read_bytes, file))
    children = {
        resource.urn: resource
        for resource in record.resources
        if not resource.type.startswith(_BESIDE)
    }
    wanted = {order.urn(removal): removal for removal in order.removals}
    run = await _run(cli, "destroy", "--preview-only", _NOT_REFRESHING, "--json")
    steps = {urn: op for urn, op in steps_in(run.stdout) if f"::{PROVIDER_TYPES}" not in urn}
    if steps != dict.fromkeys(wanted, "delete") or children.keys() != wanted.keys():
        raise PermanentError(
            "the plan of the removal does not destroy exactly the children", remedy=BY_HAND
        )
    command = cli.arguments("destroy", "--yes", "--skip-preview", _NOT_REFRESHING, "--json")
    words = cli.redactor.words.union(*(secret_words(child.outputs) for child in children.values()))
    await asyncio.to_thread(
        write_job,
        order.folder,
        [str(cli.executable), *command, f"--message={CORRECTION}"],
        secrets=words,
    )
    return Plan(
        stack=stack,
        targets=tuple(removal.address for removal in order.removals),
        resources=tuple(
            sorted(
                (
                    _planned(order, removal, children[urn], digester)
                    for urn, removal in wanted.items()
                ),
                key=lambda item: item.address,
            )
        ),
    )


def _planned(
    order: RemovalOrder, removal: Removal, child: StateResource, digester: SecretDigester
) -> PlannedResource:
    inputs = {name: value for name, value in child.inputs.items() if name != _own_id(child.type)}
    sides = (inputs, child.outputs)
    redaction = secrets_of(sides, child.secret_outputs).with_words_of(map(visible, sides))
    changes = (
        PlannedChange(render_path((name,)), redaction.redacted(value, (name,), digester)[0], None)
        for name, value in sorted(visible(inputs).items())
    )
    held: Value = {"id": removal.identity, "tools": order.tools}
    return PlannedResource(
        removal.address,
        removal.question.type,
        Action.DELETE,
        tuple(changes),
        seal=value_digest(held, key=digester.key),
    )


def _own_id(token: str) -> str:
    """Return the input in which a bridge repeats the id; some are made up at each import."""
    leaf = token.rpartition(":")[2]
    return f"{leaf[:1].lower()}{leaf[1:]}Id"


def _provider_of(order: RemovalOrder) -> ProviderKey:
    providers = (removal.question.parent.provider for removal in order.removals)
    keys = {
        provider.key.digest: provider.key
        for provider in providers
        if isinstance(provider, BridgedProvider)
    }
    if len(keys) != 1:
        raise PermanentError(
            "the children belong to several provider configurations",
            remedy="remove those of one configuration at a time",
        )
    return next(iter(keys.values()))


def _lay_out(order: RemovalOrder) -> None:
    """Make the project: no program, an empty record, and a passphrase that nobody else has."""
    scratch = order.scratch
    Path(place_of(order.folder).root or scratch).mkdir(mode=0o700, parents=True)
    scratch.chmod(0o700)
    project = {"name": PROJECT, "runtime": "yaml", "resources": {}}
    (scratch / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    _write_private(scratch / PASSPHRASE_FILE, secrets.token_urlsafe(32).encode())


async def _with_provider(order: RemovalOrder, key: ProviderKey, cli: Cli) -> None:
    """Put the stack's provider into the record apart, as it is configured there."""
    file = order.scratch / "record.json"
    salt = await asyncio.to_thread(_salt, order.scratch)
    document = {"version": 3, "deployment": _deployment(order, key, salt)}
    # The configuration may hold credentials, so the file is gone once the record is enciphered.
    try:
        await asyncio.to_thread(_write_private, file, orjson.dumps(document))
        await _run(cli, "stack", "import", f"--file={file}")
    finally:
        file.unlink(missing_ok=True)


def _deployment(order: RemovalOrder, key: ProviderKey, salt: str) -> dict[str, Any]:
    recorded = _recorded_provider(order)
    inputs = {name: v for name, v in recorded.inputs.items() if name in NOT_CONFIGURATION}
    inputs |= {name: _secret(value) for name, value in key.inputs.items()}
    provider = {
        "urn": f"{_URN}{recorded.type}::{_PROVIDER}",
        "custom": True,
        "id": recorded.id,
        "type": recorded.type,
        "inputs": inputs,
        "outputs": inputs,
    }
    return {
        "manifest": {"time": "2000-01-01T00:00:00Z", "magic": "", "version": ""},
        "secrets_providers": {"type": "passphrase", "state": {"salt": salt}},
        "resources": [provider],
    }


def _recorded_provider(order: RemovalOrder) -> StateResource:
    parent = order.resources[order.removals[0].question.parent_address]
    assert parent.state is not None  # noqa: S101 - who has children exists
    urn = parent.state.provider.rpartition("::")[0]
    provider = order.resources.get(ResourceAddress(urn))
    if provider is None or provider.state is None:
        raise PermanentError(f"{urn}: the record does not hold it any more", remedy=BY_HAND)
    return provider.state


def _secret(value: Raw) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "plaintext": orjson.dumps(value).decode()}


def _salt(scratch: Path) -> str:
    settings = yaml.safe_load((scratch / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8"))
    return str(settings["encryptionsalt"])


async def _imported(order: RemovalOrder, identities: Mapping[str, str], cli: Cli) -> None:
    """Import the children, each by its identity."""
    provider = _recorded_provider(order)
    wanted = {
        "nameTable": {_PROVIDER: f"{_URN}{provider.type}::{_PROVIDER}"},
        "resources": [
            {
                "type": removal.question.type,
                "name": order.name(removal),
                "id": identities[order.name(removal)],
                "provider": _PROVIDER,
            }
            for removal in order.removals
        ],
    }
    file = order.scratch / "import.json"
    await asyncio.to_thread(_write_private, file, orjson.dumps(wanted))
    options = ("--generate-code=false", "--protect=false", "--yes", "--skip-preview")
    await _run(cli, "import", f"--file={file}", *options, identities=identities.values())


async def _run(cli: Cli, *command: str, identities: Collection[str] = ()) -> ToolRun:
    run = await cli.run(*command, timeout_s=evaluate_deadline_s(cli.environment))
    if run.exit_code != 0:
        raise failure_of(cli.reason(run), identities)
    return run


def failure_of(said: str, identities: Collection[str]) -> ReconcilerError:
    """Return what the CLI `said`: to be tried again where one of `identities` is not there."""
    if any(_GONE.format(identity) in said for identity in identities):
        return RetryableError(f"what was added is not there any more: {said}")
    return PermanentError(f"the removal cannot be planned: {said}", remedy=BY_HAND)


def _write_private(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
