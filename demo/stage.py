"""What the demo plays on: a tool, a simulated cloud, a stack in a folder of its own."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from demo.commands import Ran, run
from demo.narration import WIDTH, StepError
from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from reconciler.domain.xdg_folders import cache_home
from tests.simulator import Simulator, copy_stack, tool_environment
from tests.worlds.deploy import STACKS, write_provider_file
from tests.worlds.world import World

WEBSHOP: Final = "webshop"
COURIER: Final = "courier"
FRONTDOOR: Final = "frontdoor"
HOSTS: Final = "hosts"
_CODE: Final = "demo"
_QUOTED_WIDTH: Final = WIDTH - 4


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the steps share. `secrets` are the values that must never be readable."""

    tool: Executable
    simulator: Simulator
    directory: Path
    own_folder: Path
    environment: MutableMapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    printed: list[str] = field(default_factory=list, repr=False)

    @property
    def world(self) -> World:
        """The cloud behind the stack."""
        return World(self.simulator.endpoint, self.directory / "terraform.tfstate")

    @property
    def data_dir(self) -> Path:
        """Where the daemon keeps what it knows."""
        return self.own_folder / "data" / "trueup"

    def run_tool(
        self, *arguments: str, may_end: tuple[int, ...] = (0,), directory: Path | None = None
    ) -> Ran:
        """Run terraform or tofu in `directory`, the webshop's without one.

        Raises:
            StepError: it ended with another code; the message holds its last words.
        """
        ran = run(
            (self.tool.path, *arguments),
            directory=directory or self.directory,
            environment=self.environment,
        )
        if ran.exit_code not in may_end:
            words = (ran.stderr or ran.stdout).strip()[-1500:]
            raise StepError(f"{self.tool.name} {arguments[0]} ended {ran.exit_code}:\n{words}")
        return ran

    def trueup(
        self, *arguments: str, as_terminal: bool = False, may_end: tuple[int, ...] = (0,)
    ) -> Ran:
        """Run `trueup` as a user would; what it prints is kept for later.

        Raises:
            StepError: it ended with another code; the message holds its last words.
        """
        trueup = Path(sys.executable).with_name("trueup")
        ran = run(
            (trueup, *arguments),
            directory=self.own_folder,
            environment=self.environment,
            as_terminal=as_terminal,
        )
        self.printed.extend((ran.stdout, ran.stderr))
        if ran.exit_code not in may_end:
            words = f"{ran.stdout}\n{ran.stderr}".strip()[-1500:]
            raise StepError(f"trueup {arguments[0]} ended {ran.exit_code}:\n{words}")
        return ran

    def traces(self) -> str:
        """Return a digest of the stacks' files: equal means that nothing was written."""
        digest = hashlib.sha256()
        for name in (WEBSHOP, COURIER, FRONTDOOR, HOSTS):
            for path in sorted((self.own_folder / name).rglob("*")):
                if path.is_file() and not path.is_symlink() and ".terraform" not in path.parts:
                    digest.update(os.fsencode(path) + path.read_bytes())
        return digest.hexdigest()


def scanned(ran: Ran) -> list[dict[str, dict[str, Any]]]:
    """Return what `scan --json` said of each stack by its name, pass by pass."""
    passes = (json.loads(line)["stacks"] for line in ran.stdout.splitlines())
    return [{stack["stack"]: stack for stack in stacks} for stacks in passes]


def find_tool() -> Executable:
    """Return terraform, or tofu where there is none.

    Raises:
        StepError: there is neither.
    """
    tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
    if tool is None:
        raise StepError("neither terraform nor tofu is here; `trueup doctor --fix` builds tofu")
    return tool


def set_stage(tool: Executable, simulator: Simulator, own_folder: Path) -> Stage:
    """Return a stage with the webshop's code in a folder of the demo's own, not deployed yet."""
    directory = copy_stack(STACKS / _CODE, own_folder / WEBSHOP)
    write_provider_file(_CODE, directory)
    first, second = (f"{word}-{secrets.token_hex(8)}" for word in ("payment", "stolen"))
    variables = tool_environment(tool.name, endpoint=simulator.endpoint, folder=own_folder)
    environment = _environment(
        variables, own_folder=own_folder, tool=tool, coloured=sys.stdout.isatty()
    )
    return Stage(
        tool=tool,
        simulator=simulator,
        directory=directory,
        own_folder=own_folder,
        environment={**environment, "TF_VAR_payment_key": first},
        secrets=(first, second),
    )


def _environment(
    tool_variables: Mapping[str, str], *, own_folder: Path, tool: Executable, coloured: bool
) -> dict[str, str]:
    """Return what trueup gets: the tool's variables, and folders nobody else uses."""
    environment = {
        **tool_variables,
        "TRUEUP_TERRAFORM": str(tool.path),
        "COLUMNS": str(_QUOTED_WIDTH),
        # Kept from one demo to the next, since a provider's schema takes long to ask for.
        "XDG_CACHE_HOME": str(cache_home(os.environ) / "demo"),
    }
    for name in ("CONFIG", "DATA", "STATE"):
        environment[f"XDG_{name}_HOME"] = str(own_folder / name.lower())
    if not coloured:
        environment["NO_COLOR"] = "1"
    return environment
