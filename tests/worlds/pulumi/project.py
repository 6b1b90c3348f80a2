"""A Pulumi project in a folder of a test's own: real CLI, file backend, nothing of the user's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from iac_adapters.pulumi.adapter import PulumiAdapter
from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.pulumi.programs import tool_environment
from reconciler.domain.model import ResourceAddress, Snapshot, StackName, Verdict
from reconciler.ports import AdapterSetup, StackReference
from tests.warm.sdk import warm_python

PROJECTS: Final = Path(__file__).parent / "stacks"
KEY: Final = bytes(range(32))
PASSPHRASE: Final = "correct horse"
STACK: Final = "dev"
_ASKED_OF_NOBODY: Final = ("--non-interactive", "--stack", STACK)
_LIMIT_S: Final = 240
_USERS: Final = ("PULUMI_", "AWS_", "ARM_", "GOOGLE_")


class CliFailedError(Exception):
    """The CLI did; the message is all it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulumiProject:
    """The project `name` and its stack `dev` in a file backend, all below `folder`."""

    folder: Path
    program: Path
    name: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        """Where the project lies."""
        return self.folder / "code"

    @property
    def cloud(self) -> Path:
        """The file that holds the things."""
        return self.folder / "cloud.json"

    @property
    def cache(self) -> Path:
        """Where an adapter of ours keeps what it remembers."""
        return self.folder / "cache"

    @property
    def backend(self) -> Path:
        """The backend's own folder: `stacks`, `history`, `locks`, ..."""
        return self.folder / "state" / ".pulumi"

    @property
    def state(self) -> Path:
        """The stack's checkpoint."""
        return self.backend / "stacks" / self.name / f"{STACK}.json"

    @property
    def locks(self) -> Path:
        """Where the CLI puts its locks on the stack."""
        return self.backend / "locks" / "organization" / self.name / STACK

    @property
    def environment(self) -> dict[str, str]:
        """What a stack reference needs; nothing of the user's own Pulumi is in it."""
        return {
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "TRUEUP_THINGS": str(self.cloud),
            "TRUEUP_PULUMI": str(self.program),
            "TRUEUP_NO_DOWNLOAD": "1",
            **({"PULUMI_PYTHON_CMD": python} if (python := warm_python()) else {}),
            **self.extra,
        }

    @property
    def cli_environment(self) -> dict[str, str]:
        """All that the CLI gets when it is run by hand; no credential of the user's is in it."""
        ours = {name: text for name, text in os.environ.items() if not name.startswith(_USERS)}
        return tool_environment({**ours, **self.environment})

    def found(self) -> Self:
        """Lay the project's code and empty folders there; return the project."""
        ours = shutil.ignore_patterns("__pycache__", "__init__.py")
        shutil.copytree(PROJECTS / self.name, self.directory, ignore=ours)
        (self.folder / "state").mkdir()
        (self.folder / "home").mkdir()
        return self

    def run(
        self, *arguments: str, check: bool = True, variables: Mapping[str, str] | None = None
    ) -> str:
        """Run the CLI on the stack as a person would, and return what it printed.

        Raises:
            CliFailedError: it ended with an error, and `check` is true.
        """
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env={**self.cli_environment, **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
        if check and done.returncode:
            raise CliFailedError(done.stdout + done.stderr)
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """Return the words of a command on the stack, for whoever starts it in his own way."""
        return [str(self.program), *arguments, *_ASKED_OF_NOBODY]

    def up(self, *options: str, check: bool = True) -> str:
        """Bring about what the program asks for."""
        return self.run("up", "--yes", "--skip-preview", *options, check=check)

    def refresh(self, *options: str) -> str:
        """Adopt what is there, as somebody else might."""
        return self.run("refresh", "--yes", "--skip-preview", *options)

    def destroy(self) -> str:
        """Delete everything."""
        return self.run("destroy", "--yes", "--skip-preview")

    def reference(self, **more: Any) -> StackReference:
        """Return the stack as configuration would name it: its providers' code may run.

        No children are asked for unless `more` says so: whose turn it is differs by scan.
        """
        environment = {**self.environment, **more.pop("environment", {})}
        engine = more.pop("engine", "auto")
        given = {
            "pulumi_stack": STACK,
            "dynamic_providers": True,
            "children": "none",
            **more,
        }
        return StackReference(
            StackName(self.name),
            self.directory,
            "pulumi",
            engine=engine,
            environment=environment,
            options=PulumiOptions(**given),
        )

    @asynccontextmanager
    async def adapter(self) -> AsyncIterator[PulumiAdapter]:
        """Open an adapter that remembers below the stack's folder."""
        adapter = PulumiAdapter(
            AdapterSetup(data_dir=self.cache / "data", cache_dir=self.cache, key=KEY)
        )
        try:
            yield adapter
        finally:
            await adapter.close()

    async def scan(self, **more: Any) -> dict[str, Verdict]:
        """Load and observe everything once, with an adapter of its own."""
        async with self.adapter() as adapter:
            return await verdicts(adapter, await adapter.load(self.reference(**more)))

    def noting(self) -> Self:
        """Return the same stack with a CLI that notes each command and then is the real one."""
        real = self.program.resolve()
        folder = self.folder / "noting"
        folder.mkdir()
        for beside in real.parent.iterdir():
            if beside.name != real.name:
                (folder / beside.name).symlink_to(beside)
        program = folder / real.name
        program.write_text(f'#!/bin/sh\necho "$1" >> {self._log}\nexec {real} "$@"\n')
        program.chmod(0o755)
        return replace(self, program=program)

    def calls(self, command: str) -> int:
        """Return how often a noting CLI was called for `command`."""
        return self._log.read_text().split().count(command) if self._log.exists() else 0

    def forget_calls(self) -> None:
        """Begin to count anew."""
        self._log.unlink(missing_ok=True)

    @property
    def _log(self) -> Path:
        return self.folder / "calls"


def make_home(folder: Path) -> None:
    """Make the CLI's home below `folder`, where it can keep no log of what it does.

    It compresses one for each command, for a tenth of the processor time that it takes.
    """
    home = folder / "home"
    home.mkdir()
    (home / "logs").touch()


async def verdicts(
    adapter: PulumiAdapter, snapshot: Snapshot, *addresses: str
) -> dict[str, Verdict]:
    """Observe `addresses`, or everything, by logical name; a name told twice is an error."""
    chosen = [ResourceAddress(address) for address in addresses] or None
    found: dict[str, Verdict] = {}
    async for observed in adapter.observe(snapshot, chosen):
        name = observed.address.rpartition("::")[2]
        assert name not in found
        found[name] = observed.verdict
    return found
