"""The programs Pulumi stacks are worked with: the CLI, what stands beside it, and plugins.

The search is the CLI's own (PATH, beside the CLI, `$PULUMI_HOME/plugins`), and after it what
`trueup doctor --fix` has obtained.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.known_versions import UnansweredError, version_numbers, version_of
from reconciler.domain.errors import PermanentError
from reconciler.domain.xdg_folders import cache_home, data_home, program_folders

PULUMI: Final = "pulumi"
PYTHON_HOST: Final = "pulumi-language-python"
BRIDGE: Final = "terraform-provider"
"""The plugin that runs any Terraform provider as a Pulumi one."""
OLDEST: Final = (3, 190)
"""The first release whose `refresh --preview-only` and `--run-program` are both as we use them."""

_NAMED: Final = "TRUEUP_PULUMI"
_ANSWER: Final = re.compile(r"v?(\d+\.\d+\.\d+\S*)")
_SCRIPT_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class PulumiExecutable:
    """A CLI that answered when asked for its version, and is not too old."""

    path: Path
    version: str


def find_pulumi(environment: Mapping[str, str]) -> Path | None:
    """Return the CLI: `TRUEUP_PULUMI`, or the first on PATH, installed, or built by us."""
    if named := environment.get(_NAMED):
        return _runnable(Path(named).expanduser())
    return _first(PULUMI, (*program_folders(environment), *_own_folders(environment)))


def find_beside(name: str, environment: Mapping[str, str]) -> Path | None:
    """Return a language host or shim where the CLI itself would find it, run as we run it."""
    return _first(name, _ambient_folders(environment))


def find_plugin(name: str, version: str | None, environment: Mapping[str, str]) -> Path | None:
    """Return the resource plugin `name`.

    One of exactly `version` wins; then one without a version (on PATH, beside the CLI, built
    by us), which is how a developer overrides it; then the newest installed one of the same
    major version, or of any where `version` is None.
    """
    wanted = None if version is None else version.removeprefix("v")
    file = f"pulumi-resource-{name}"
    plugins = pulumi_home(environment) / "plugins"
    exact = (plugins / f"resource-{name}-v{wanted}", _toolchain(environment) / f"{file}-{wanted}")
    if wanted is not None and (found := _first(file, _whole(exact))):
        return found
    ambient = (*_ambient_folders(environment), *_built(file, environment))
    if found := _first(file, ambient):
        return found
    installed = _newest_first(plugins.glob(f"resource-{name}-v[0-9]*"), f"resource-{name}-v")
    major = None if wanted is None else version_numbers(wanted)[:1]
    fitting = (folder for folder, numbers in installed if major in (None, numbers[:1]))
    return _first(file, _whole(fitting))


def is_stand_in(path: Path) -> bool:
    """Tell whether `path` is our stand-in for Pulumi's Python host (`toolchain/stand_in`)."""
    try:
        with path.open("rb") as program:
            head = program.read(_SCRIPT_HEAD_BYTES)
    except OSError:
        return False
    return head.startswith(b"#!") and b"language_host.py" in head


def pulumi_home(environment: Mapping[str, str]) -> Path:
    """Return the folder where the CLI keeps its plugins and credentials."""
    named = environment.get("PULUMI_HOME")
    return Path(named) if named else Path(environment.get("HOME", "/")) / ".pulumi"


def tool_environment(
    environment: Mapping[str, str], *, host_python: str | None = sys.executable
) -> dict[str, str]:
    """Return `environment` such that the CLI and the SDK find what we found, and fetch nothing.

    `host_python` is what the stand-in is run with; None leaves it to the stand-in.
    The bridge we built is the last on PATH, and only where none is installed: what is on
    PATH outdoes every installed version.
    """
    folders = [*_path_folders(environment)]
    if not any((pulumi_home(environment) / "plugins").glob(f"resource-{BRIDGE}-v[0-9]*")):
        folders += _built(f"pulumi-resource-{BRIDGE}", environment)[:1]
    made = {
        **environment,
        "PATH": os.pathsep.join(map(str, folders)) or os.defpath,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    host = find_beside(PYTHON_HOST, environment)
    if host_python is not None and host is not None and is_stand_in(host):
        made.setdefault("PULUMI_PYTHON_CMD", host_python)
    return made


def checked_pulumi(environment: Mapping[str, str]) -> PulumiExecutable:
    """Return the CLI to use.

    Raises:
        PermanentError: there is none, it does not run, or it is older than `OLDEST`.
    """
    path = find_pulumi(environment)
    if path is None:
        raise _absent(environment)
    version = _version(path, environment)
    if version_numbers(version) < OLDEST:
        raise PermanentError(
            f"{path}: pulumi {version} is too old; {OLDEST[0]}.{OLDEST[1]} or later is needed",
            remedy=f"install a later pulumi, or name one with {_NAMED}",
        )
    return PulumiExecutable(path=path, version=version)


def _version(path: Path, environment: Mapping[str, str]) -> str:
    try:
        _, version = version_of(
            path,
            read=_name_and_version,
            quietly={"PULUMI_SKIP_UPDATE_CHECK": "true"},
            home=environment.get("HOME", "/"),
            folder=cache_home(environment) / "tools",
        )
    except UnansweredError as error:
        raise _unusable(path) from error
    return version


def _name_and_version(answer: str) -> tuple[str, str] | None:
    match = _ANSWER.match(answer)
    return None if match is None else (PULUMI, match.group(1))


def _ambient_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where a CLI run with `tool_environment` looks before its installed plugins."""
    yield from _path_folders(environment)
    if (cli := find_pulumi(environment)) is not None:
        yield cli.resolve().parent


def _path_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of PATH, behind that of a CLI which PATH does not lead to."""
    listed = [Path(f) for f in environment.get("PATH", os.defpath).split(os.pathsep) if f]
    cli = find_pulumi(environment)
    if cli is not None and cli != _first(PULUMI, listed):
        yield cli.parent
    yield from listed


def _own_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where Pulumi's installer puts the CLI, by itself and for us, and where we built it."""
    yield pulumi_home(environment) / "bin"
    yield data_home(environment) / "pulumi-installed" / "bin"
    yield from _built(PULUMI, environment)


def _built(name: str, environment: Mapping[str, str]) -> list[Path]:
    """Return the folders that `trueup doctor --fix` built `name` into, newest version first."""
    folders = _toolchain(environment).glob(f"{name}-[0-9]*")
    return [folder for folder, _ in _newest_first(folders, f"{name}-")]


def _toolchain(environment: Mapping[str, str]) -> Path:
    return cache_home(environment) / "toolchain"


def _newest_first(folders: Iterator[Path], prefix: str) -> list[tuple[Path, tuple[int, ...]]]:
    """Return folders named PREFIXVERSION with their numbers; a release outranks its previews."""
    versions = [(folder, folder.name.removeprefix(prefix)) for folder in folders]
    versions.sort(
        key=lambda item: (version_numbers(item[1]), "-" not in item[1], item[1]), reverse=True
    )
    return [(folder, version_numbers(version)) for folder, version in versions]


def _whole(folders: Iterator[Path] | tuple[Path, ...]) -> Iterator[Path]:
    """Leave out folders the CLI is still downloading into; it marks them so."""
    return (f for f in folders if not f.with_name(f"{f.name}.partial").exists())


def _first(name: str, folders: Iterator[Path] | tuple[Path, ...] | list[Path]) -> Path | None:
    return next((path for folder in folders if (path := _runnable(folder / name))), None)


def _runnable(path: Path) -> Path | None:
    return path if path.is_file() and os.access(path, os.X_OK) else None


def _absent(environment: Mapping[str, str]) -> PermanentError:
    if named := environment.get(_NAMED):
        return PermanentError(
            f"{named}: no program is there, and {_NAMED} names it",
            remedy=f"correct {_NAMED}, or unset it",
        )
    return PermanentError(
        "pulumi was not found",
        remedy="install it, or run `trueup doctor --fix pulumi`, which builds it where Go is there",
    )


def _unusable(path: Path) -> PermanentError:
    return PermanentError(
        f"{path}: does not answer `version` as pulumi does",
        remedy=f"check that the program runs, or name another with {_NAMED}",
    )
