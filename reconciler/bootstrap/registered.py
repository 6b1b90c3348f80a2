"""From `trueup.toml` to what the daemon keeps, and from a kept stack to how it is read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from reconciler.bootstrap.targets import detect_tool
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import StackName
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.domain.records import StackRecord
from reconciler.environment_file import read_environment_file
from reconciler.ports import StackReference
from reconciler.settings import PolicySettings, Settings, StackSettings
from reconciler.wire.policies import as_stated

UNKNOWN_TOOL = "unknown"


def stack_records(settings: Settings) -> tuple[StackRecord, ...]:
    """Return the stacks of `trueup.toml`; one that cannot be read is told at its own pass."""
    return tuple(_stack_record(stack) for stack in settings.stacks)


def _stack_record(stack: StackSettings) -> StackRecord:
    # realpath, not resolve: a link that leads back to itself is told at its own pass.
    directory = Path(os.path.realpath(stack.directory))
    return StackRecord(
        name=StackName(stack.name),
        tool=_tool_of(directory),
        directory=str(directory),
        interval=stack.interval,
        adaptive=stack.adaptive,
        definition={
            "directory": str(directory),
            "workspace": stack.workspace,
            "pulumi_stack": stack.pulumi_stack,
            "engine": stack.engine,
            "var_files": [str(file) for file in stack.var_files],
            "env_file": str(stack.env_file) if stack.env_file else None,
            "dynamic_providers": stack.dynamic_providers,
            "run_code": stack.run_code,
            "working_directory": str(stack.working_directory) if stack.working_directory else None,
        },
    )


def _tool_of(directory: Path) -> str:
    try:
        return detect_tool(directory)
    except PermanentError:
        return UNKNOWN_TOOL


def stack_reference(record: StackRecord) -> StackReference:
    """Return how to read the stack now; its environment file is read each time.

    Raises:
        PermanentError: the directory holds no template, or the environment file is bad.
    """
    kept = record.definition
    directory = Path(kept.get("directory") or record.directory)
    env_file = kept.get("env_file")
    called_from = kept.get("working_directory")
    return StackReference(
        name=record.name,
        directory=directory,
        tool=detect_tool(directory),
        workspace=kept.get("workspace"),
        pulumi_stack=kept.get("pulumi_stack"),
        var_files=tuple(Path(file) for file in kept.get("var_files") or ()),
        engine=kept.get("engine") or "auto",
        dynamic_providers=bool(kept.get("dynamic_providers")),
        run_code=kept.get("run_code", True) is not False,
        working_directory=Path(called_from) if called_from else None,
        environment=read_environment_file(Path(env_file)) if env_file else {},
    )


def config_policies(settings: Settings) -> tuple[Policy, ...]:
    """Return the policies of `trueup.toml`, asked in the order they are written."""
    return tuple(_policy(one, position) for position, one in enumerate(settings.policies))


def _policy(written: PolicySettings, position: int) -> Policy:
    # From the name alone: an edit of the file keeps the id.
    policy_id = PolicyId("cfg-" + hashlib.sha256(written.name.encode()).hexdigest()[:16])
    policy = Policy(
        policy_id, written.name, ActionType.MANUAL_REVIEW, source="config", position=position
    )
    return as_stated(policy, written.statement())
