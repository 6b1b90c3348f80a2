"""The terraform or tofu program a root module is worked with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.known_versions import UnansweredError, version_numbers, version_of
from reconciler.bounded_files import open_regular
from reconciler.domain.errors import PermanentError
from reconciler.domain.xdg_folders import cache_home, program_folders

TERRAFORM: Final = "terraform"
TOFU: Final = "tofu"
OLDEST: Final = (1, 1)
"""The first release whose state, lock file and `TF_REATTACH_PROVIDERS` are all as we use them."""

_TOFU_REGISTRY: Final = "registry.opentofu.org/"
_TERRAFORM_REGISTRY: Final = "registry.terraform.io/"
_ANSWER: Final = re.compile(r"(Terraform|OpenTofu) v(\S+)")
_STATE_HEAD_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that answered when asked for its version; `name` is `terraform` or `tofu`."""

    path: Path
    name: str
    version: str


def find_executable(
    directory: Path, environment: Mapping[str, str], preferred: str | None = None
) -> Executable:
    """Return the program to use for `directory`.

    `preferred`, else `TRUEUP_TERRAFORM`, names it or is its path. Otherwise a directory
    whose lock file, plugins or state come from OpenTofu's registry, or that holds no file but
    `*.tofu` for terraform to read, gets tofu; any other
    gets terraform, or tofu where there is no terraform.

    Raises:
        PermanentError: there is none, it does not run, or it is older than `OLDEST`.
    """
    named = preferred or environment.get("TRUEUP_TERRAFORM") or None
    names = (named,) if named else _fitting(directory)
    for name in names:
        if (path := _search(name, environment)) is not None:
            return _checked(path, environment)
    raise PermanentError(f"{directory}: {_absence(names)}", remedy=_remedy(names[0]))


def locate(name: str, environment: Mapping[str, str]) -> Executable | None:
    """Return the program called `name` (or at that path); None when there is none.

    Raises:
        PermanentError: it is there but does not run, or it is older than `OLDEST`.
    """
    path = _search(name, environment)
    return None if path is None else _checked(path, environment)


def uses_tofu(directory: Path) -> bool:
    """Tell whether `directory` was initialised or applied by OpenTofu and not by Terraform."""
    for text in _traces(directory):
        if _TERRAFORM_REGISTRY in text:
            return False
        if _TOFU_REGISTRY in text:
            return True
    return False


def _fitting(directory: Path) -> tuple[str, ...]:
    only_tofu = holds_only_tofu_files(directory)
    return (TOFU,) if only_tofu or uses_tofu(directory) else (TERRAFORM, TOFU)


def holds_only_tofu_files(directory: Path) -> bool:
    """Tell whether OpenTofu alone finds code in `directory`, whatever registry it names."""
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        return False
    read_by_both = any(name.endswith((".tf", ".tf.json")) for name in names)
    return not read_by_both and any(name.endswith((".tofu", ".tofu.json")) for name in names)


def _traces(directory: Path) -> Iterator[str]:
    """Yield what names a registry, the most telling first."""
    yield _head(directory / ".terraform.lock.hcl")
    providers = directory / ".terraform" / "providers"
    if providers.is_dir():
        yield " ".join(f"{path.name}/" for path in sorted(providers.iterdir()))
    yield _head(directory / "terraform.tfstate")


def _head(file: Path) -> str:
    try:
        with open_regular(file) as stream:
            return stream.read(_STATE_HEAD_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _search(name: str, environment: Mapping[str, str]) -> Path | None:
    if "/" in name:
        return _runnable(Path(name).expanduser())
    folders = (*program_folders(environment), *_built(name, environment))
    return next((path for folder in folders if (path := _runnable(folder / name))), None)


def _built(name: str, environment: Mapping[str, str]) -> list[Path]:
    """Return the folders that `trueup doctor --fix` built `name` into, newest version first."""
    folders = (cache_home(environment) / "toolchain").glob(f"{name}-*")
    return sorted(
        folders, key=lambda folder: version_numbers(folder.name.split("-", 1)[1]), reverse=True
    )


def _runnable(path: Path) -> Path | None:
    return path if path.is_file() and os.access(path, os.X_OK) else None


def _checked(path: Path, environment: Mapping[str, str]) -> Executable:
    try:
        name, version = version_of(
            path,
            read=_name_and_version,
            quietly={"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"},
            home=environment.get("HOME", "/"),
            folder=cache_home(environment) / "tools",
        )
    except UnansweredError as error:
        raise _unusable(path) from error
    if version_numbers(version) < OLDEST:
        raise PermanentError(
            f"{path}: {name} {version} is too old; {OLDEST[0]}.{OLDEST[1]} or later is needed",
            remedy=f"install a later {name}, or name one with TRUEUP_TERRAFORM",
        )
    return Executable(path=path, name=name, version=version)


def _name_and_version(answer: str) -> tuple[str, str] | None:
    if (match := _ANSWER.match(answer)) is None:
        return None
    return (TOFU if match.group(1) == "OpenTofu" else TERRAFORM), match.group(2)


def _unusable(path: Path) -> PermanentError:
    return PermanentError(
        f"{path}: does not answer `version` as terraform or tofu do",
        remedy="check that the program runs, or name another with TRUEUP_TERRAFORM",
    )


def _absence(names: tuple[str, ...]) -> str:
    if names == (TOFU,):
        return "this stack belongs to OpenTofu, and no tofu was found"
    if names == (TERRAFORM, TOFU):
        return "neither terraform nor tofu was found"
    return f"no program {names[0]!r} was found"


def _remedy(name: str) -> str:
    if name in (TERRAFORM, TOFU):
        return f"install {name}, or run `trueup doctor --fix tofu`, which builds tofu with Go"
    return "correct TRUEUP_TERRAFORM: a name on PATH or the path of a terraform or tofu program"
