"""From `trueup.toml` to what the daemon keeps, and from a kept stack to how it is read."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from reconciler.bootstrap.options import checked_options
from reconciler.domain.errors import PermanentError
from reconciler.domain.guardrails import GuardrailRule
from reconciler.domain.model import StackName
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.domain.records import StackRecord
from reconciler.domain.stack_definition import definition_of, options_in
from reconciler.environment_file import read_environment_file
from reconciler.ports import StackReference
from reconciler.settings import Settings, StackSettings
from reconciler.settings_policies import PolicySettings
from reconciler.stack_options import StackTools
from reconciler.wire.policies import as_stated

UNKNOWN_TOOL = "unknown"


def stack_records(settings: Settings, tools: StackTools) -> tuple[StackRecord, ...]:
    """Return the stacks of `trueup.toml`; one that cannot be read is told at its own scan."""
    return tuple(_stack_record(stack, tools) for stack in settings.stacks)


def _stack_record(stack: StackSettings, tools: StackTools) -> StackRecord:
    # realpath, not resolve: a link that leads back to itself is told at its own scan.
    directory = Path(os.path.realpath(stack.directory))
    tool, options = UNKNOWN_TOOL, stack.options
    with contextlib.suppress(PermanentError):
        tool = stack.tool or tools.detect(directory)
        options = checked_options(tool, options, tools=tools, place=stack.name).kept()
    return StackRecord(
        name=StackName(stack.name),
        tool=tool,
        directory=str(directory),
        interval=stack.interval,
        adaptive=stack.adaptive,
        definition=definition_of(
            directory=str(directory),
            tool=stack.tool,
            engine=stack.engine,
            env_file=str(stack.env_file) if stack.env_file else None,
            options=options,
        ),
    )


def stack_reference(record: StackRecord, tools: StackTools) -> StackReference:
    """Return how to read the stack now; its environment file is read each time.

    Raises:
        PermanentError: no known code lies in the directory, or the environment file is bad.
        InvalidError: the tool does not take the options that are kept.
    """
    kept = record.definition
    directory = Path(kept.get("directory") or record.directory)
    env_file = kept.get("env_file")
    tool = kept.get("tool") or tools.detect(directory)
    return StackReference(
        name=record.name,
        directory=directory,
        tool=tool,
        engine=kept.get("engine") or "auto",
        options=checked_options(tool, options_in(kept), tools=tools, place=record.name),
        environment=read_environment_file(Path(env_file)) if env_file else {},
    )


def config_policies(settings: Settings) -> tuple[Policy, ...]:
    """Return the policies of `trueup.toml`, asked in the order they are written."""
    return tuple(_policy(policy, position) for position, policy in enumerate(settings.policies))


def guardrail_rules(settings: Settings) -> tuple[GuardrailRule, ...]:
    """Return the guardrails of `trueup.toml`, the first one that names a limit decides."""
    return tuple(guardrail.rule() for guardrail in settings.guardrails)


def _policy(written: PolicySettings, position: int) -> Policy:
    # From the name alone: an edit of the file keeps the id.
    policy_id = PolicyId("cfg-" + hashlib.sha256(written.name.encode()).hexdigest()[:16])
    policy = Policy(
        policy_id, written.name, ActionType.MANUAL_REVIEW, source="config", position=position
    )
    return as_stated(policy, written.statement())
