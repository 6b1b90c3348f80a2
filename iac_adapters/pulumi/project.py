"""A Pulumi project on disk: `Pulumi.yaml`, and which of its stacks is meant.

Source: sdk/go/common/workspace of pulumi/pulumi (project.go, workspace.go, paths.go).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from iac_adapters.pulumi.programs import pulumi_home
from reconciler.bounded_files import names_in, read_bytes, read_text
from reconciler.domain.errors import PermanentError

FILE_NAMES: Final = ("Pulumi.json", "Pulumi.yaml", "Pulumi.yml")
# A path, or an address; `random` and `random@4.0.0` are names in a registry.
_ELSEWHERE: Final = re.compile(r"[./~]|[\w-]+\.[\w.-]+/|\w+://")


@dataclass(frozen=True, slots=True)
class Project:
    """What trueup needs of a project file. `runtime` is such as `python`, `yaml`, `nodejs`."""

    directory: Path
    file: Path
    name: str
    runtime: str
    options: Mapping[str, Any] = field(default_factory=dict)
    main: str | None = None
    backend: str | None = None
    stack_config_dir: str | None = None
    local_programs: tuple[str, ...] = ()
    """Plugins that lie in a folder or are fetched from an address, as the file names them."""

    @property
    def program(self) -> Path:
        """Where the program's sources lie."""
        return self.directory / self.main if self.main else self.directory

    @property
    def working_directory(self) -> Path:
        """Where the CLI starts programs and plugins: the folder that `main` is or lies in.

        Source: getPwdMain in pkg/engine/project.go of pulumi/pulumi.
        """
        program = self.program
        return program if program.is_dir() or not self.main else program.parent

    def stack_file(self, stack: str) -> Path:
        """Return the file that holds a stack's configuration; it ends as the project's does."""
        folder = self.directory / self.stack_config_dir if self.stack_config_dir else None
        return (folder or self.directory) / f"Pulumi.{stack.rpartition('/')[2]}{self.file.suffix}"


def load_project(directory: Path) -> Project:
    """Return the project whose file lies in `directory`.

    Raises:
        PermanentError: there is none, or it is not one; the message names the key.
        OSError: the directory cannot be listed.
    """
    names = names_in(directory)
    file = next((directory / name for name in FILE_NAMES if name in names), None)
    if file is None:
        raise PermanentError(
            f"{directory}: no Pulumi.yaml", remedy="name the directory of a Pulumi project"
        )
    try:
        status = file.stat()
    except OSError as error:
        raise PermanentError(
            f"{file}: {error.strerror}", remedy="check the file and its permissions"
        ) from error
    return _parsed(directory, file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _parsed(directory: Path, file: Path, _changed_ns: int, _size: int) -> Project:
    # Parsing takes as long as reading a whole small stack, and is due at each scan.
    content = _read(file)
    name: Any = content.get("name")
    runtime: Any = content.get("runtime")
    options: Any = {}
    if isinstance(runtime, dict):
        runtime, options = runtime.get("name"), runtime.get("options") or {}
    if not isinstance(name, str) or not name:
        raise PermanentError(f"{file}: `name` is missing", remedy="give the project a name")
    if not isinstance(runtime, str) or not isinstance(options, dict):
        raise PermanentError(
            f"{file}: `runtime` is missing", remedy="say which language the program is written in"
        )
    backend = content.get("backend")
    return Project(
        directory=directory,
        file=file,
        name=name,
        runtime=runtime,
        options=options,
        main=_text(content.get("main")),
        backend=_text(backend.get("url")) if isinstance(backend, dict) else None,
        # `config` named the folder before it came to mean the configuration's schema.
        stack_config_dir=_text(content.get("stackConfigDir")) or _text(content.get("config")),
        local_programs=tuple(_local_programs(content)),
    )


def _local_programs(content: Mapping[str, Any]) -> Iterator[str]:
    plugins = content.get("plugins")
    for kind in plugins.values() if isinstance(plugins, dict) else ():
        for plugin in kind if isinstance(kind, list) else ():
            if isinstance(plugin, dict) and (path := _text(plugin.get("path"))):
                yield path
    packages = content.get("packages")
    for package in packages.values() if isinstance(packages, dict) else ():
        source = _text(package.get("source") if isinstance(package, dict) else package)
        if source and _ELSEWHERE.match(source):
            yield source


def selected_stack(project: Project, backend: str, environment: Mapping[str, str]) -> str | None:
    """Return the stack that `pulumi stack select` chose here; None when none was."""
    if named := environment.get("PULUMI_STACK"):
        return named
    digest = hashlib.sha1(str(project.file).encode(), usedforsecurity=False).hexdigest()
    file = pulumi_home(environment) / "workspaces" / f"{project.name}-{digest}-workspace.json"
    try:
        content = orjson.loads(read_bytes(file))
    except (OSError, orjson.JSONDecodeError):
        return None
    if not isinstance(content, dict):
        return None
    by_backend = content.get("stacks")
    chosen = by_backend.get(backend) if isinstance(by_backend, dict) else None
    return _text(chosen) or _text(content.get("stack"))


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(read_text(file))
    except OSError as error:
        raise PermanentError(
            f"{file}: {error.strerror}", remedy="check the file and its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise PermanentError(f"{file}: not UTF-8 text", remedy="save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise PermanentError(f"{file}{where}: {problem}", remedy="correct that line") from error
    if not isinstance(content, dict):
        raise PermanentError(f"{file}: holds no project", remedy="see `pulumi new`")
    return content


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
