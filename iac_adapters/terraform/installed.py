"""Provider plugins as `terraform init` left them."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.file_identity import FileIdentity, identity_of
from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

LOCK_FILE: Final = ".terraform.lock.hcl"

_LOCKED: Final = re.compile(r'^provider\s+"([^"]+)"\s*\{([^}]*)', re.MULTILINE)
_VERSION: Final = re.compile(r'^\s*version\s*=\s*"([^"]+)"', re.MULTILINE)
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class InstalledProvider:
    """One provider plugin on this machine: `source` as in `host/namespace/name`.

    `file` is what was found at `binary`; nothing else may be run in its name. One that is
    `overridden` is its developer's own build, which no lock file knows.
    """

    source: str
    version: str
    binary: Path
    file: FileIdentity
    overridden: bool = False

    @property
    def identity(self) -> str:
        """A digest that changes when the file does, whatever its size and time say."""
        text = f"{self.source} {self.version} {self.binary} {self.file}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def platform_name() -> str:
    """Return this machine as provider folders are named, such as `linux_amd64`."""
    machine = os.uname().machine.lower()
    return f"{sys.platform.removesuffix('32')}_{_MACHINES.get(machine, machine)}"


def locked_versions(lock_file: Path, *, tool: str) -> dict[str, str]:
    """Return the version of every provider in a dependency lock file; empty without one.

    `tool` is the program that a remedy names.

    Raises:
        PermanentError: it is there and cannot be read.
    """
    try:
        text = read_text(lock_file, errors="replace")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PermanentError(
            f"{lock_file}: {error.strerror}", remedy=f"restore it, or run `{tool} init` again"
        ) from error
    versions = {}
    for source, body in _LOCKED.findall(text):
        if found := _VERSION.search(body):
            versions[source] = found.group(1)
    return versions


@dataclass(frozen=True, slots=True)
class InstalledProviders:
    """The plugins of a root module, by source, and why the first of those is that are missing."""

    found: tuple[InstalledProvider, ...]
    missing: PluginStartError | None = None

    def required(self) -> tuple[InstalledProvider, ...]:
        """Return them where none is missing.

        Raises:
            PluginStartError: one is; the message says which, and how to get it.
        """
        if self.missing is not None:
            raise self.missing
        return self.found


def installed_providers(
    directory: Path, *, data_dir: Path, tool: str, overrides: Mapping[str, Path] | None = None
) -> InstalledProviders:
    """Return every locked provider of a root module that is installed.

    `overrides` are folders that other builds of them are run from; those need no lock. `tool` is
    the program that a remedy names.

    Raises:
        PermanentError: the lock file cannot be read.
    """
    overrides = overrides or {}
    locked = locked_versions(directory / LOCK_FILE, tool=tool)
    found, missing = [], []
    for source in sorted({*locked, *overrides}):
        try:
            if source in overrides:
                found.append(_overridden(source, overrides[source]))
            else:
                found.append(_installed(directory, data_dir, source, locked[source], tool=tool))
        except PluginStartError as error:
            missing.append(error)
    return InstalledProviders(tuple(found), next(iter(missing), None))


def _overridden(source: str, folder: Path) -> InstalledProvider:
    binary = _plugin_in(folder, source)
    if binary is None:
        raise PluginStartError(
            f"{folder}: holds no plugin of {source}, which dev_overrides has run from there",
            remedy="build the provider there, or take the override out of the CLI configuration",
        )
    return InstalledProvider(source, "override", binary, identity_of(binary), overridden=True)


def _plugin_in(folder: Path, source: str) -> Path | None:
    name = source.rsplit("/", 1)[-1]
    found = sorted(folder.glob(f"terraform-provider-{name}*")) if folder.is_dir() else []
    return next((path.resolve() for path in found if path.is_file()), None)


def _installed(
    directory: Path, data_dir: Path, source: str, version: str, *, tool: str
) -> InstalledProvider:
    folder = data_dir / "providers" / source / version / platform_name()
    binary = _plugin_in(folder, source)
    if binary is None:
        message = f"{directory}: provider {source} {version} is locked but not installed"
        raise PluginStartError(message, remedy=f"run `{tool} init` in {directory}")
    return InstalledProvider(source, version, binary, identity_of(binary))
