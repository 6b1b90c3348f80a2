"""A stack of the test provider: real code, a real tool, and a cloud that is one JSON file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from iac_adapters.terraform.options import TerraformOptions
from reconciler.domain.model import ResourceAddress, Snapshot, StackName, Verdict
from reconciler.ports import AdapterSetup, StackReference
from reconciler.section_reading import validated
from reconciler.stack_options import KEPT
from tests.known_applies import applied_once
from tests.providers.mirror import SOURCE, TOFU_SOURCE, world_mirror
from tests.providers.standing_provider import reattachment
from tests.providers.world_provider import World
from tests.whole_files import write_whole

KEY: Final = bytes(range(32))
_HEAD: Final = """
terraform {
  required_providers { world = { source = "trueup/world" } }
}
"""
_PROVIDER: Final = 'provider "world" { world = "%s" }\n'
_LIMIT_S: Final = 120


class ToolFailed(Exception):  # noqa: N818 - named by what happened
    """The tool did; the message is all it printed."""


@dataclass(frozen=True, slots=True)
class WorldStack:
    """One root module. `program` notes each call it gets and then is `tool`, the real one."""

    directory: Path
    cloud: Path
    program: Path
    tool: Path
    rc_file: Path
    cache: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TF_CLI_CONFIG_FILE": str(self.rc_file),
            "TRUEUP_TERRAFORM": str(self.program),
            "CHECKPOINT_DISABLE": "1",
            **self.extra,
        }

    @property
    def state(self) -> Path:
        return self.directory / "terraform.tfstate"

    @property
    def provider(self) -> str:
        """A provider block for this stack's cloud, for code with a `provider` of its own."""
        return _PROVIDER % self.cloud

    def write(self, code: str, *, provider: str | None = None) -> None:
        """Make `code` the whole root module; a provider block is added unless given."""
        head = self.provider if provider is None else provider
        # A daemon's scan may be reading it.
        write_whole(self.directory / "main.tf", _HEAD + head + code)

    def run(
        self, *arguments: str, check: bool = True, environment: Mapping[str, str] | None = None
    ) -> str:
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.directory,
            env={**os.environ, **self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
        if check and done.returncode not in (0, 2):
            raise ToolFailed(done.stdout + done.stderr)
        return done.stdout

    def apply(self, code: str | None = None, *arguments: str, check: bool = True) -> None:
        """Write `code`, when given, and bring it about."""
        if code is not None:
            self.write(code)
        plain = self._is_plain

        def applied() -> None:
            own = {"TF_REATTACH_PROVIDERS": reattachment()} if plain else None
            words = ("apply", "-auto-approve", "-input=false", *arguments)
            self.run(*words, check=check, environment=own)

        if plain and check and not arguments and not self._in_a_workspace:
            applied_once(self.tool, self.state, self.cloud, applied)
        else:
            applied()

    @property
    def _in_a_workspace(self) -> bool:
        return (self.directory / ".terraform" / "environment").exists()

    @property
    def _is_plain(self) -> bool:
        """Whether a provider that stands elsewhere does the same as one started here."""
        code = "".join(file.read_text() for file in sorted(self.directory.rglob("*.tf")))
        alone = code.count('provider "world"') == 1 and self.provider in code
        # One that stands elsewhere would look for a chart in its own directory.
        reads_files = "chart" in code
        return alone and not (reads_files or self.extra or "WORLD_REGION" in os.environ)

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """Yield the objects by name, to be changed behind the stack's back."""
        with World(self.cloud).changed() as content:
            by_name = {one["name"]: one for one in content["objects"].values()}
            yield by_name
            kept = {one["id"]: one for one in by_name.values()}
            content["objects"] = kept

    def turn(self, **knobs: str | None) -> None:
        """Set by an object's name what happens when it is read; None makes it well again."""
        with World(self.cloud).changed() as content:
            ids = {one["name"]: key for key, one in content["objects"].items()}
            for name, knob in knobs.items():
                content["knobs"][ids[name]] = knob

    @property
    def hangs(self) -> bool:
        """Whether a read has come to what was told to `hang`."""
        return World(self.cloud).hanging.exists()

    def while_applying(self, **knobs: str | None) -> None:
        """Set by an object's name what happens when it is applied; None lets it pass."""
        with World(self.cloud).changed() as content:
            content["applying"] = {
                name: knob for name, knob in {**content["applying"], **knobs}.items() if knob
            }

    def forget_calls(self) -> None:
        _log(self.program).unlink(missing_ok=True)

    def calls(self, command: str) -> int:
        """Return how often the tool was called for `command` since `forget_calls`."""
        log = _log(self.program)
        return log.read_text().split().count(command) if log.exists() else 0

    def reference(self, *, engine: str = "plugin", **more: Any) -> StackReference:
        environment = {**self.environment, **more.pop("environment", {})}
        return StackReference(
            StackName("world"),
            self.directory,
            "terraform",
            engine=engine,
            environment=environment,
            options=validated(TerraformOptions, more, context=KEPT),
        )

    @asynccontextmanager
    async def adapter(self) -> AsyncIterator[TerraformAdapter]:
        adapter = TerraformAdapter(
            AdapterSetup(data_dir=self.cache / "data", cache_dir=self.cache, key=KEY)
        )
        try:
            yield adapter
        finally:
            await adapter.close()

    async def scan(self, *, engine: str = "plugin", **more: Any) -> dict[str, Verdict]:
        """Load and observe everything once, with an adapter of its own."""
        async with self.adapter() as adapter:
            snapshot = await adapter.load(self.reference(engine=engine, **more))
            return await verdicts(adapter, snapshot)


async def verdicts(
    adapter: TerraformAdapter, snapshot: Snapshot, *addresses: str
) -> dict[str, Verdict]:
    """Observe `addresses`, or everything; an address told twice is an error."""
    chosen = [ResourceAddress(address) for address in addresses] or None
    found: dict[str, Verdict] = {}
    async for observed in adapter.observe(snapshot, chosen):
        assert observed.address not in found
        found[observed.address] = observed.verdict
    return found


def initialised(tool: Executable, folder: Path) -> Path:
    """Return a folder with mirror, CLI configuration and an initialised root module."""
    world_mirror(folder / "mirror", forked=True)
    shutil.copytree(folder / "mirror" / SOURCE, folder / "mirror" / TOFU_SOURCE)
    mirror = f'filesystem_mirror {{ path = "{folder}/mirror" }}'
    (folder / "rc").write_text(f"provider_installation {{ {mirror} }}")
    stack = _stack(folder, tool, folder / "rc")
    stack.write("")
    stack.run("init", "-input=false")
    return folder


def copied(template: Path, folder: Path, tool: Executable) -> WorldStack:
    """Return a stack of one's own, initialised like `template`."""
    stack = _stack(folder, tool, template / "rc")
    shutil.copytree(template / "code", stack.directory, symlinks=True, dirs_exist_ok=True)
    return stack


def _stack(folder: Path, tool: Executable, rc_file: Path) -> WorldStack:
    directory = folder / "code"
    directory.mkdir(parents=True, exist_ok=True)
    program = folder / f"noting-{tool.name}"
    program.write_text(f'#!/bin/sh\necho "$1" >> {_log(program)}\nexec {tool.path} "$@"\n')
    program.chmod(0o755)
    cloud = folder / "world.json"
    return WorldStack(directory, cloud, program, tool.path, rc_file, folder / "cache")


def _log(program: Path) -> Path:
    return program.with_suffix(".calls")
