"""An AWS provider that goes on, for the tool's own runs that prepare a test or are its measure.

The stock tool starts the provider two to four times for a command, and each start takes more than
a second of processor time. To one that is running already it connects. It is the same file, and
each run configures it anew; what ours start (scans, corrections) they start as ever.
Source: developer.hashicorp.com/terraform/plugin/debugging, TF_REATTACH_PROVIDERS
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iac_adapters.plugin_host import orphan_guard
from tests.providers.world_provider import COOKIE

_LIMIT_S: Final = 30
_PROTOCOL: Final = 5
_REGISTRIES: Final = ("registry.terraform.io", "registry.opentofu.org")
_INSTALLED: Final = ".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*"
_CONFIGURED: Final = 'provider "aws"'


def attached(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return `environment` for a run in `directory`, with the provider that stands for it.

    There is at most one, in the directory that relative paths of the code begin at. It ends with
    this process, or when a run wants another file, cloud or directory. A stack that configures
    two gets none, for the second would replace the first.
    """
    installed = sorted(directory.glob(_INSTALLED))
    if len(installed) != 1 or _configurations(directory) != 1:
        return dict(environment)
    of_the_cloud = {name: text for name, text in environment.items() if name.startswith("AWS_")}
    asked = (installed[0].resolve(), directory.resolve(), frozenset(of_the_cloud.items()))
    standing = _standing.get(asked)
    if standing is None or not standing.runs:
        end_standing()
        standing = _standing[asked] = _started(asked[0], directory, environment)
    return {**environment, "TF_REATTACH_PROVIDERS": standing.reattachment}


def end_standing() -> None:
    """Leave none behind."""
    while _standing:
        _asked, standing = _standing.popitem()
        standing.end()


@dataclass(frozen=True, slots=True)
class _Standing:
    process: subprocess.Popen[str]
    folder: Path
    reattachment: str

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        # The orphan guard ends the provider when this is closed, so also when we are killed.
        self.process.stdin.close()
        self.process.wait(_LIMIT_S)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_standing: dict[Any, _Standing] = {}
atexit.register(end_standing)


def _configurations(directory: Path) -> int:
    own = (file for file in directory.glob("**/*.tf") if ".terraform" not in file.parts)
    return sum(file.read_text().count(_CONFIGURED) for file in own)


def _started(binary: Path, directory: Path, environment: Mapping[str, str]) -> _Standing:
    folder = Path(tempfile.mkdtemp(prefix="trueup-aws-"))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", orphan_guard.__file__, "hold", str(os.getpid()), str(binary)],
        cwd=directory,
        env={
            **environment,
            COOKIE[0]: COOKIE[1],
            "PLUGIN_PROTOCOL_VERSIONS": str(_PROTOCOL),
            "PLUGIN_UNIX_SOCKET_DIR": str(folder),
            # What it reads of the cloud it would write to a log, whole.
            "TF_LOG_SDK": "OFF",
            "TF_LOG_PROVIDER_AWS": "OFF",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    _core, _protocol, network, address, *_ = process.stdout.readline().split("|")
    one = {
        "Protocol": "grpc",
        "ProtocolVersion": _PROTOCOL,
        "Pid": process.pid,
        "Test": True,
        "Addr": {"Network": network, "String": address},
    }
    sources = {f"{registry}/hashicorp/aws": one for registry in _REGISTRIES}
    return _Standing(process, folder, json.dumps(sources))
