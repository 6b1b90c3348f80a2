"""Every external program, provider mirror and plugin at once, for `trueup doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.inventory.pulumi import pulumi_programs, stack_host
from reconciler.inventory.terraform import mirrors, stack_plugins, terraform_programs
from reconciler.settings import StackSettings
from reconciler.tools import Tool, survey_programs


def survey_tools(
    stacks: Iterable[StackSettings], environment: Mapping[str, str]
) -> tuple[Tool, ...]:
    """Return every external program, provider mirror and plugin, found or not."""
    tools = [
        *terraform_programs(environment),
        *pulumi_programs(environment),
        *survey_programs(environment),
        *mirrors(environment),
    ]
    for stack in stacks:
        host = stack_host(stack, environment)
        tools += [host] if host else stack_plugins(stack, environment)
    return tuple(tools)
