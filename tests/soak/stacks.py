"""Two stacks of things, one for each tool: what a kill trial drifts and looks at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from iac_adapters.terraform.executable import locate
from tests.daemon import UNLIMITED, Daemon, free_port, serving
from tests.providers.world_provider import World
from tests.pulumi_world import initialised as initialised_things
from tests.pulumi_world import thing
from tests.world_stack import copied, initialised
from tests.worlds.pulumi.tools import find_tools

ASKED: Final = "asked"
"""What is corrected after an approval, the others by policy."""
NAMES: Final = (*(f"thing{number}" for number in range(30)), ASKED)
"""Many, since what was corrected three times within a day waits for a person."""

_SETTINGS: Final = (
    """
[daemon]
listen = "127.0.0.1:{port}"
data_dir = "data"
confirm_after = "0s"

[[stack]]
name = "things"
directory = "{directory}"
interval = "10s"
env_file = "things.env"
{more}

[[policy]]
name = "ask"
match = {{address = "*asked*"}}
action_type = "manual_review"

[[policy]]
name = "put back"
match = {{stack = "things"}}
action_type = "auto_correct"
"""
    + UNLIMITED
)
_CODE: Final = """
resource "world_thing" "{name}" {{
  name   = "{name}"
  labels = {{ team = "web" }}
}}
"""


@dataclass(slots=True)
class Trial:
    """A stack whose objects are in one file, and a folder where daemons come and go."""

    folder: Path
    cloud: Path
    directory: Path
    environment: Mapping[str, str]
    attribute: str
    right: Any
    more: str = ""
    port: int = field(default_factory=free_port)

    def serving(self) -> AbstractContextManager[Daemon]:
        """Start a daemon on the stack; what its tool needs stands in the env_file."""
        (self.folder / "things.env").write_text(
            "".join(f"{name}={value}\n" for name, value in self.environment.items())
        )
        settings = self.folder / "trueup.toml"
        settings.write_text(
            _SETTINGS.format(port=self.port, directory=self.directory, more=self.more)
        )
        return serving(
            settings,
            data_dir=self.folder / "data",
            environment={**os.environ, "XDG_STATE_HOME": str(self.folder / "state")},
            directory=self.folder,
        )

    def hack(self, name: str, value: Any) -> None:
        """Change one object behind the stack's back."""
        with World(self.cloud).changed() as content:
            self._object(content, name)[self.attribute] = value

    def value(self, name: str) -> Any:
        """Return what is there now."""
        return self._object(World(self.cloud).read(), name)[self.attribute]

    def writes(self, name: str) -> int:
        """Return how often a tool has written the object."""
        return int(World(self.cloud).read().get("writes", {}).get(name, 0))

    def workers(self) -> Iterator[psutil.Process]:
        """Yield every process at work for the stack, the daemon left out."""
        for process in psutil.process_iter():
            try:
                words = " ".join(process.cmdline())
                if process.status() == psutil.STATUS_ZOMBIE or words.endswith(" serve"):
                    continue
                if str(self.folder) in words or str(self.folder) in repr(process.environ()):
                    yield process
            except psutil.Error:
                continue

    def _object(self, content: Mapping[str, Any], name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            one for one in content["objects"].values() if one["name"] == name
        )
        return found


@contextmanager
def terraform_trial(folder: Path) -> Iterator[Trial]:
    """Give a stack of the real terraform, applied."""
    tool = locate("terraform", os.environ)
    assert tool is not None, "terraform is missing"
    stack = copied(initialised(tool, folder / "template"), folder / "stack", tool)
    stack.apply("".join(_CODE.format(name=name) for name in NAMES))
    environment = {
        name: value for name, value in stack.environment.items() if name != "TRUEUP_TERRAFORM"
    }
    yield Trial(folder, stack.cloud, stack.directory, environment, "labels", {"team": "web"})


@contextmanager
def pulumi_trial(folder: Path) -> Iterator[Trial]:
    """Give a stack of the real Pulumi CLI and its dynamic providers, brought about."""
    tools = find_tools(os.environ)
    assert tools is not None, "pulumi is missing"
    right = "as it shall be"
    own = folder / "stack"
    own.mkdir()
    stack = initialised_things(own, tools, [thing(name, value=right) for name in NAMES])
    more = 'pulumi_stack = "dev"\ndynamic_providers = true'
    yield Trial(folder, stack.cloud, stack.directory, stack.environment, "value", right, more)
