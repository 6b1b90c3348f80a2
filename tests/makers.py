"""Providers of other makers than the simulated cloud's: a mirror of small real ones."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iac_adapters.terraform.options import TerraformOptions
from reconciler.domain.model import StackName, Verdict
from reconciler.domain.xdg_folders import cache_home
from reconciler.ports import IacAdapter, StackReference
from reconciler.section_reading import validated
from reconciler.stack_options import KEPT
from tests.tool_mirrors import write_cli_configuration

_ROOT: Final = Path(__file__).resolve().parents[1]
_HELD: Final = Path("registry.terraform.io", "hashicorp", "local")
_BUILT_FOR: Final = (("linux", "x86_64"),)


def makers_mirror(environment: Mapping[str, str]) -> Path | None:
    """Return a mirror that holds them: named by TRUEUP_PROVIDER_MIRROR, or unpacked once."""
    named = environment.get("TRUEUP_PROVIDER_MIRROR", "").split(os.pathsep)
    for folder in named:
        if folder and (Path(folder) / _HELD).is_dir():
            return Path(folder).resolve()
    if (sys.platform, platform.machine().lower()) not in _BUILT_FOR:
        return None
    script = next((one for one in _packed() if one.is_file()), None)
    return None if script is None else _unpacked(script, cache_home(environment) / "makers")


def _packed() -> list[Path]:
    """Return where the packed mirror may lie: beside the repository, or beside its checkouts."""
    return [folder / "shared" / "providers" / "unpack" for folder in _ROOT.parents]


def _unpacked(script: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two that unpack at once would trip over each other's half.
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([str(script), str(target)], check=True, capture_output=True)
    return target


@dataclass(frozen=True, slots=True)
class MakersStack:
    """A root module over real providers of the mirror, whose cloud is the file system."""

    directory: Path
    terraform: Path
    environment: dict[str, str]

    @classmethod
    def made(
        cls, folder: Path, *, mirror: Path, terraform: Path, code: str, also: tuple[Path, ...] = ()
    ) -> MakersStack:
        """Write `code` below `folder`, and initialise it from `mirror` and those in `also`."""
        rc_file = write_cli_configuration(folder / "rc", [mirror, *also])
        directory = folder / "code"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "main.tf").write_text(code)
        environment = {"TF_CLI_CONFIG_FILE": str(rc_file), "CHECKPOINT_DISABLE": "1"}
        stack = cls(directory, terraform, environment)
        stack.run("init", "-input=false")
        return stack

    def run(self, *arguments: str, **more: str) -> str:
        """Run terraform in the root module; return what it printed."""
        done = subprocess.run(
            [str(self.terraform), *arguments],
            cwd=self.directory,
            env={**os.environ, **self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def apply(self, **more: str) -> None:
        """Bring the code about."""
        self.run("apply", "-auto-approve", "-input=false", **more)

    def reference(self, **more: Any) -> StackReference:
        """Return how to read it by the provider plugins alone."""
        environment = {
            **self.environment,
            "TRUEUP_TERRAFORM": str(self.terraform),
            **more.pop("environment", {}),
        }
        return StackReference(
            StackName(more.pop("name", self.directory.parent.name)),
            self.directory,
            "terraform",
            engine=more.pop("engine", "plugin"),
            environment=environment,
            options=validated(TerraformOptions, more, context=KEPT),
        )


async def verdicts(adapter: IacAdapter, reference: StackReference) -> dict[str, Verdict]:
    """Load and observe everything once."""
    snapshot = await adapter.load(reference)
    return {one.address: one.verdict async for one in adapter.observe(snapshot, None)}
