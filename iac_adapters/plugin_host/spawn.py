"""What a plugin is started with, and how it is kept from outliving us."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host import orphan_guard
from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.file_identity import FileIdentity

_NOT_FOR_PLUGINS: Final = ("PLUGIN_CLIENT_CERT", "PLUGIN_MULTIPLEX_GRPC")

GUARD_MODE: Final = "exec" if sys.platform == "linux" else "hold"


@dataclass(frozen=True, slots=True)
class PluginSpec:
    """What to run, and where: in `directory`, against which providers resolve relative paths.

    `environment` is complete, but for the handshake's and what keeps it quiet. `label` ends
    with the provider's own name, as `hashicorp/aws` does. `checked` is the file that the
    program must be, where it was compared with a lock file.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    label: str
    directory: Path
    checked: FileIdentity | None = None


def check_executable(spec: PluginSpec) -> None:
    """Raise PluginStartError, with what to do, where the plugin is no program."""
    program = Path(spec.argv[0])
    if not program.is_file() or not os.access(program, os.X_OK):
        raise PluginStartError(
            f"the plugin {spec.label} cannot be run: {program} is not an executable file",
            remedy="install it again, for Terraform or OpenTofu by `init`",
        )
    if not spec.directory.is_dir():
        raise PluginStartError(
            f"the plugin {spec.label} cannot be run in {spec.directory}: no such directory",
            remedy="restore the directory, or take the stack out of trueup.toml",
        )


async def spawn(
    spec: PluginSpec, cookie: tuple[str, str] | None, folder: Path, guard_mode: str
) -> asyncio.subprocess.Process:
    """Start the plugin under the orphan guard, in its own process group; it listens in `folder`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        orphan_guard.__file__,
        guard_mode,
        str(os.getpid()),
        *_argv(spec),
        cwd=spec.directory,
        env=_environment(spec, cookie, folder),
        # In `hold` mode this pipe is what the orphan guard waits on.
        stdin=asyncio.subprocess.PIPE if guard_mode == "hold" else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


def _argv(spec: PluginSpec) -> tuple[str, ...]:
    # The path may be relative to our directory, where the plugin does not run.
    return (str(Path(spec.argv[0]).absolute()), *spec.argv[1:])


def _environment(spec: PluginSpec, cookie: tuple[str, str] | None, folder: Path) -> dict[str, str]:
    environment = {n: text for n, text in spec.environment.items() if n not in _NOT_FOR_PLUGINS}
    for name in ("TF_LOG_SDK", _own_log(spec)):
        # Else every call logs kilobytes, the cloud's whole answer among them.
        environment.setdefault(name, "OFF")
    # What a shell would say; ours names the directory that we were started in.
    environment["PWD"] = str(spec.directory)
    environment["PLUGIN_PROTOCOL_VERSIONS"] = "5,6"
    environment["PLUGIN_UNIX_SOCKET_DIR"] = str(folder)
    if cookie is not None:
        environment[cookie[0]] = cookie[1]
    return environment


def _own_log(spec: PluginSpec) -> str:
    """Return the variable for what a provider logs itself.

    Source: ProviderLoggerName in internal/logging of terraform-plugin-go, and
    WithLevelFromEnv in tflog of terraform-plugin-log.
    """
    name = spec.label.rpartition("/")[2]
    return f"TF_LOG_PROVIDER_{name}".upper().replace("-", "_")
