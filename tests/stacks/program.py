"""Our projects, and what each registers under a configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
STACKS: Final = ROOT / "stacks"
_STACK_TYPE: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True)
class Registered:
    """One resource as it was sent to the engine."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    depends_on: list[str]
    outputs: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did; `error` is what its user is told when it refuses to go on."""

    resources: tuple[Registered, ...]
    outputs: dict[str, Any]
    said: tuple[str, ...]
    error: str | None

    def only(self, type_: str) -> Registered:
        """Return the one resource of a type."""
        (found,) = self.all(type_)
        return found

    def all(self, type_: str) -> list[Registered]:
        """Return every resource of a type, by name."""
        return sorted((r for r in self.resources if r.type == type_), key=lambda r: r.name)

    def types(self) -> Counter[str]:
        """Return how many there are of each type."""
        return Counter(resource.type for resource in self.resources)


@dataclass(frozen=True, slots=True)
class Project:
    """One folder with a Pulumi.yaml."""

    folder: Path

    @property
    def declared(self) -> dict[str, Any]:
        """What Pulumi.yaml says."""
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "Pulumi.yaml").read_text())
        return loaded

    def run(self, settings: dict[str, Any] | None = None, **secrets: str) -> Ran:
        """Run the program with the defaults of Pulumi.yaml, changed by `settings`."""
        name = self.declared["name"]
        config = {**self._defaults(), **(settings or {}), **secrets}
        full = {key if ":" in key else f"{name}:{key}": value for key, value in config.items()}
        order = {
            "project": name,
            "stack": "dev",
            "directory": str(self.folder),
            "config": {key: _as_sent(value) for key, value in full.items()},
            "secret_keys": [f"{name}:{key}" for key in secrets],
        }
        return _read(_run_inside(order))

    def _defaults(self) -> dict[str, Any]:
        schema = self.declared["config"]
        return {key: rule["value" if ":" in key else "default"] for key, rule in schema.items()}


AWS: Final = Project(STACKS / "pulumi_aws")
AZURE: Final = Project(STACKS / "pulumi_azure_native")
GCP: Final = Project(STACKS / "pulumi_gcp")
HOSTS: Final = Project(STACKS / "host_baseline")
PROJECTS: Final = (AWS, AZURE, GCP, HOSTS)


def _as_sent(value: Any) -> str:
    """Return a value the way the engine hands it to a program."""
    return value if isinstance(value, str) else json.dumps(value)


def _run_inside(order: dict[str, Any]) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-m", "tests.stacks.inside"],
        input=json.dumps(order),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def _read(answer: dict[str, Any]) -> Ran:
    resources = [Registered(**one) for one in answer["resources"]]
    (stack,) = (resource for resource in resources if resource.type == _STACK_TYPE)
    return Ran(
        resources=tuple(resource for resource in resources if resource is not stack),
        outputs=stack.outputs or {},
        said=tuple(answer["said"]),
        error=answer["error"],
    )
