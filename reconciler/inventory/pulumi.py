"""What Pulumi stacks are worked with: the CLI, what stands beside it, each stack's host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from iac_adapters.pulumi.programs import (
    BRIDGE,
    PULUMI,
    PYTHON_HOST,
    checked_pulumi,
    find_beside,
    find_plugin,
    find_pulumi,
    is_stand_in,
)
from iac_adapters.pulumi.sdk import sdk_installed
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError
from reconciler.settings import StackSettings
from reconciler.tools import Tool, program_version

_NO_CLI: Final = "Pulumi stacks can be neither read nor corrected"
_BESIDE: Final = {
    "pulumi-language-yaml": "stacks written in YAML can be neither previewed nor corrected",
    PYTHON_HOST: "stacks written in Python can be neither previewed nor corrected",
    "pulumi-resource-pulumi-python": "dynamic resources can be neither read nor corrected",
}
_NO_BRIDGE: Final = (
    "only stacks on Terraform providers need it; they can be neither read nor corrected"
)
_STAND_IN: Final = (
    "trueup's stand-in: previews, refreshes and updates programs whose packages are installed;"
    " it installs no packages and generates no SDKs"
)
_WITHOUT_SDK: Final = (
    "; without the extra trueup[pulumi] it runs only projects with a virtualenv of their own"
)


def pulumi_programs(environment: Mapping[str, str]) -> list[Tool]:
    """Return the CLI and every part that some stack may need, each found or not."""
    beside = [_beside(name, environment, cost) for name, cost in _BESIDE.items()]
    return [_cli(environment), *beside, _bridge(environment)]


def stack_host(stack: StackSettings, environment: Mapping[str, str]) -> Tool | None:
    """Return the language host that a Pulumi stack's program needs; None for any other stack."""
    names = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
    files = (stack.directory / name for name in names)
    file = next((path for path in files if path.is_file()), None)
    if file is None:
        return None
    runtime = _runtime(file)
    if runtime is None:
        lack = f"{file} names no runtime: this stack can be neither previewed nor corrected"
        return Tool(f"{stack.name}: language host", None, None, lack)
    host = f"pulumi-language-{runtime}"
    cost = "this stack can be neither previewed nor corrected"
    found = _beside(host, environment, cost)
    return Tool(f"{stack.name}: {host}", found.path, None, found.lack, found.note)


def _cli(environment: Mapping[str, str]) -> Tool:
    try:
        found = checked_pulumi(environment)
    except PermanentError as error:
        return Tool(PULUMI, find_pulumi(environment), None, f"{error}: {_NO_CLI}")
    return Tool(PULUMI, found.path, found.version)


def _beside(name: str, environment: Mapping[str, str], cost: str) -> Tool:
    path = find_beside(name, environment)
    if path is None:
        return Tool(name, None, None, f"not found beside pulumi: {cost}")
    return Tool(name, path, None, note=_stand_in_note() if is_stand_in(path) else None)


def _stand_in_note() -> str:
    return _STAND_IN if sdk_installed() else _STAND_IN + _WITHOUT_SDK


def _bridge(environment: Mapping[str, str]) -> Tool:
    name = f"pulumi-resource-{BRIDGE}"
    path = find_plugin(BRIDGE, None, environment)
    if path is None:
        return Tool(name, None, None, f"not found: {_NO_BRIDGE}")
    return Tool(name, path, program_version(path, "-version"))


def _runtime(file: Path) -> str | None:
    """Return the runtime a project names, as a word or as the `name` of its options."""
    try:
        project = yaml.safe_load(read_bytes(file))
    except (OSError, yaml.YAMLError):
        return None
    runtime = project.get("runtime") if isinstance(project, dict) else None
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    return name if isinstance(name, str) and name else None
