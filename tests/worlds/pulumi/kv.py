"""A YAML project on a native provider whose objects are JSON files: an update takes 2 s."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from reconciler.domain.model import ResourceAddress
from tests.warm.sdk import write_warm_call
from tests.worlds.pulumi.project import STACK, PulumiProject, make_home
from tests.worlds.pulumi.tools import PulumiTools

PROJECT: Final = "kv"
_PROVIDER: Final = "tests.providers.kv_provider"
_SERVING: Final = f"import runpy; runpy.run_module({_PROVIDER!r}, run_name='__main__')"
_ROOT: Final = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class KvProject(PulumiProject):
    """The project `kv` and its stack; `world` are the objects, one folder a region."""

    name: str = PROJECT

    @property
    def world(self) -> Path:
        """Where the objects are."""
        return self.folder / "world"

    def laid(self) -> Self:
        """Lay empty folders and the provider there; return the project, its provider on PATH."""
        for name in ("code", "state", "world", "bin"):
            (self.folder / name).mkdir()
        make_home(self.folder)
        plugin = self.folder / "bin" / "pulumi-resource-kv"
        plain = ("-c", f"import sys; sys.path.insert(0, {str(_ROOT)!r}); {_SERVING}")
        write_warm_call(plugin, f"{_PROVIDER}:main", plain=plain)
        return self._placed()

    def copied(self, folder: Path) -> Self:
        """Return a project below `folder` that is in every way what this one is."""
        for name in ("code", "state", "world", "bin"):
            shutil.copytree(self.folder / name, folder / name)
        make_home(folder)
        return replace(self, folder=folder)._placed()

    def _placed(self) -> Self:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return replace(self, extra={**self.extra, "PATH": path, "KV_DIR": str(self.world)})

    def given(self, **variables: str) -> Self:
        """Return the same project in another environment."""
        return replace(self, extra={**self.extra, **variables})

    def write(
        self, *, outputs: Mapping[str, Any] | None = None, **resources: Mapping[str, Any]
    ) -> None:
        """Make `resources` all that the program asks for; nothing is brought about."""
        program = {"name": self.name, "runtime": "yaml", "resources": resources}
        own = {"outputs": outputs} if outputs else {}
        (self.directory / "Pulumi.yaml").write_text(json.dumps({**program, **own}, indent=1))

    def declared(self) -> dict[str, Any]:
        """Return what the program asks for, by logical name; the caller's to change."""
        resources: dict[str, Any] = json.loads((self.directory / "Pulumi.yaml").read_text())[
            "resources"
        ]
        return resources

    def edit(self, name: str, **properties: Any) -> None:
        """Change what the program asks of one resource; None takes a property away."""
        resources = self.declared()
        changed = {**resources[name]["properties"], **properties}
        resources[name]["properties"] = {k: v for k, v in changed.items() if v is not None}
        self.write(**resources)

    def configure(self, **settings: str) -> None:
        """Write the stack's configuration of the package."""
        given = {f"kv:{name}": value for name, value in settings.items()}
        own = self.directory / f"Pulumi.{STACK}.yaml"
        kept = [line for line in _lines(own) if line.startswith("encryptionsalt")]
        own.write_text("\n".join([*kept, f"config: {json.dumps(given)}"]) + "\n")

    def object_file(self, name: str, region: str = "home") -> Path:
        """Return where an object is, or would be."""
        return self.world / region / f"{name}.json"

    @contextmanager
    def changed(self, name: str, region: str = "home") -> Iterator[dict[str, Any]]:
        """Yield an object, to be changed behind the stack's back."""
        file = self.object_file(name, region)
        content = json.loads(file.read_text())
        yield content
        file.write_text(json.dumps(content))

    def objects(self) -> dict[str, dict[str, Any]]:
        """Return what there is, by `REGION/NAME`, without the count of writes."""
        found = {}
        for file in sorted(self.world.glob("*/*.json")):
            content = json.loads(file.read_text())
            content.pop("rev")
            found[f"{file.parent.name}/{file.stem}"] = content
        return found

    def written(self) -> list[list[Any]]:
        """Return what was made, changed and deleted: what, in which region, with which values."""
        return [json.loads(line) for line in _lines(self.world / "log")]

    def forget_writes(self) -> None:
        """Begin the log anew."""
        (self.world / "log").unlink(missing_ok=True)

    def urn(self, name: str, type_: str = "kv:index:Item") -> ResourceAddress:
        """Return the address of a resource."""
        return ResourceAddress(f"urn:pulumi:{STACK}::{self.name}::{type_}::{name}")


def item(name: str, value: str = "one", *, kind: str = "Item", **more: Any) -> dict[str, Any]:
    """Return an object as the program declares it; `options` are the resource's own."""
    options = more.pop("options", None)
    declared = {"type": f"kv:index:{kind}", "properties": {"name": name, "value": value, **more}}
    return {**declared, **({"options": options} if options else {})}


def provider(**settings: Any) -> dict[str, Any]:
    """Return an explicit provider as the program declares it."""
    return {"type": "pulumi:providers:kv", "properties": settings}


def kv_project(folder: Path, tools: PulumiTools, **resources: Mapping[str, Any]) -> KvProject:
    """Return a project below `folder` whose `resources` have been brought about."""
    project = KvProject(folder=folder, program=tools.cli).laid()
    project.write(**resources)
    project.run("stack", "init")
    project.up()
    project.forget_writes()
    return project


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
