"""Two stacks of things, one for each tool: what a kill trial drifts and looks at."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from iac_adapters.terraform.executable import locate
from tests.daemon import UNLIMITED, Daemon, serving
from tests.ports import free_port
from tests.providers.world_provider import World
from tests.pulumi_world import initialised as initialised_things
from tests.pulumi_world import thing
from tests.world_stack import copied, initialised
from tests.worlds.pulumi.tools import find_tools

ASKED: Final = "asked"
"""What is corrected after an approval, the others by policy."""
MANY: Final = 30
"""What was corrected three times within a day waits for a person."""

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
  secret = "CANARY-{name}"
  labels = {{ team = "web" }}
}}
"""


def names(count: int) -> tuple[str, ...]:
    """Return the names of so many things, and of the one that a person is asked about."""
    return (*(f"thing{number}" for number in range(count)), ASKED)


@dataclass(slots=True)
class Trial:
    """A stack whose objects are in one file, and a folder where daemons come and go."""

    folder: Path
    cloud: Path
    directory: Path
    environment: Mapping[str, str]
    attribute: str
    right: Any
    names: Sequence[str]
    more: str = ""
    port: int = field(default_factory=free_port)
    channel: str = ""
    """Where its alerts go; nowhere when it is empty."""

    def serving(self) -> AbstractContextManager[Daemon]:
        """Start a daemon on the stack; what its tool needs stands in the env_file."""
        (self.folder / "things.env").write_text(
            "".join(f"{name}={value}\n" for name, value in self.environment.items())
        )
        settings = self.folder / "trueup.toml"
        settings.write_text(
            _SETTINGS.format(port=self.port, directory=self.directory, more=self.more)
            + self.channel
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

    @property
    def notes(self) -> Path:
        """What `alone` notes of the tool."""
        return self.folder / "notes"

    @property
    def begun(self) -> list[int]:
        """The process ids of what the tool was told to write, in order."""
        return [int(words[6:]) for words in self._noted() if words.startswith("begin ")]

    @property
    def overlaps(self) -> int:
        """How often the tool began to write while another one was at it."""
        return self._noted().count("overlap")

    def _noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def put_state_back(self) -> bool:
        """Copy the backup over a state that a killed terraform left empty; return whether it did.

        It empties the file of a local state before it writes it anew.
        """
        state = self.directory / "terraform.tfstate"
        if not state.exists() or state.stat().st_size:
            return False
        shutil.copy(f"{state}.backup", state)
        return True

    def wait_while_writing(self, name: str, *, waits: bool) -> None:
        """Let the provider wait before it writes the object, until it is told to go on."""
        with World(self.cloud).changed() as content:
            content["applying"] = {name: "wait"} if waits else {}

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


def _noting(program: Path, real: Path, notes: Path) -> None:
    alone = Path(__file__).with_name("alone.py")
    words = shlex.join([sys.executable, "-I", "-S", str(alone), str(notes), str(real)])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)


@contextmanager
def terraform_trial(folder: Path, count: int) -> Iterator[Trial]:
    """Give a stack of the real terraform, applied: `count` things and one more."""
    called = names(count)
    tool = locate("terraform", os.environ)
    assert tool is not None, "terraform is missing"
    stack = copied(initialised(tool, folder / "template"), folder / "stack", tool)
    stack.apply("".join(_CODE.format(name=name) for name in called))
    _noting(stack.program, tool.path, folder / "notes")
    right = {"team": "web"}
    yield Trial(folder, stack.cloud, stack.directory, stack.environment, "labels", right, called)


@contextmanager
def pulumi_trial(folder: Path, count: int) -> Iterator[Trial]:
    """Give a stack of the real Pulumi CLI and its dynamic providers, brought about."""
    called = names(count)
    tools = find_tools(os.environ)
    assert tools is not None, "pulumi is missing"
    right = "as it shall be"
    own = folder / "stack"
    own.mkdir()
    stack = initialised_things(own, tools, [thing(name, value=right) for name in called])
    real = stack.program.resolve()
    stack = stack.noting()
    _noting(stack.program, real, folder / "notes")
    more = 'pulumi_stack = "dev"\ndynamic_providers = true'
    yield Trial(
        folder, stack.cloud, stack.directory, stack.environment, "value", right, called, more
    )
