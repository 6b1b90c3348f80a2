"""Puts one of the stacks of `stacks/` onto a simulated cloud with the real tool."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.providers.standing_aws import attached
from tests.simulator import ToolError, copy_stack, initialise, run_tool, tool_environment
from tests.worlds.provider_file import provider_file
from tests.worlds.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

STACKS: Final = Path(__file__).parent / "stacks"
APPLY: Final = ("apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=30")


@dataclass(frozen=True, slots=True)
class StackProviders:
    """Which provider configurations a stack wants: alias by region, and tags of the default one."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    default_tags: Mapping[str, str] = field(default_factory=dict)


PROVIDERS = {
    "small5": StackProviders(),
    "mixed62": StackProviders(),
    "wide200": StackProviders(aliases={"west": "us-west-2", "europe": "eu-west-1"}),
    "wide300": StackProviders(),
    "modules": StackProviders(
        aliases={"west": "us-west-2"}, default_tags={"owner": "platform", "cost.center": "100"}
    ),
    "demo": StackProviders(),
    "followed": StackProviders(),
    "unseen": StackProviders(),
    "unseen68": StackProviders(),
    "children": StackProviders(),
    "balanced": StackProviders(),
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that was applied: where it is, how to reach its cloud, how long that took."""

    stack: str
    directory: Path
    simulator_endpoint: str
    executable: Path
    environment: Mapping[str, str]
    init_seconds: float
    apply_seconds: float

    @property
    def state_file(self) -> Path:
        """The local state, as the last apply left it."""
        return self.directory / "terraform.tfstate"

    def run(self, *arguments: str) -> str:
        """Run the tool as somebody would, on a provider that is running already.

        Raises:
            ToolError: The tool ended with an error.
        """
        return run_tool(
            self.executable, self.directory, *arguments, environment=self.attached_environment
        )

    @property
    def attached_environment(self) -> dict[str, str]:
        """What a run of the tool by the test itself gets; see `attached`."""
        return attached(self.environment, self.directory)

    def world(self) -> World:
        """Return the world behind the stack, with the identities its state holds now."""
        return World(self.simulator_endpoint, self.state_file)


def deploy(
    stack_name: str,
    directory: Path,
    *,
    simulator_endpoint: str,
    executable: Path,
    environment: Mapping[str, str] | None = None,
    hashes: bool = False,
) -> Deployed:
    """Copy the stack to `directory/stack_name`, initialise and apply it.

    `environment` is what the tool gets, offline mirrors and simulator included (made by
    `tool_environment` when None). `hashes`: see `initialise`; what is measured has them, as
    users have, and the tool starts its own provider there.

    Raises:
        ToolError: The tool ended with an error.
    """
    target = copy_stack(STACKS / stack_name, directory / stack_name)
    write_provider_file(stack_name, target)
    variables = environment or tool_environment(
        executable.name, endpoint=simulator_endpoint, folder=directory
    )
    started = time.monotonic()
    initialise(executable, target, environment=variables, hashes=hashes)
    initialised = time.monotonic()
    if hashes:
        run_tool(executable, target, *APPLY, environment=variables)
    else:
        _apply(executable, target, variables)
    return Deployed(
        stack=stack_name,
        directory=target,
        simulator_endpoint=simulator_endpoint,
        executable=executable,
        environment=variables,
        init_seconds=initialised - started,
        apply_seconds=time.monotonic() - initialised,
    )


def _apply(executable: Path, target: Path, environment: Mapping[str, str]) -> None:
    try:
        run_tool(executable, target, *APPLY, environment=attached(environment, target))
    except ToolError:
        # Of thirty calls at once the simulator has answered one with another's answer: of a
        # network ACL that was asked for it said `InvalidRouteTableID.NotFound`.
        run_tool(executable, target, *APPLY[:-1], environment=environment)


def write_provider_file(stack_name: str, directory: Path, *, endpoint: str | None = None) -> None:
    """Write `provider.tf` of a stack of ours into `directory`."""
    wanted = PROVIDERS[stack_name]
    (directory / "provider.tf").write_text(
        provider_file(aliases=wanted.aliases, default_tags=wanted.default_tags, endpoint=endpoint)
    )
