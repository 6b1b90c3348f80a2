"""A test provider that goes on, for the applies that only prepare what a test is about.

Terraform starts a provider four times for an apply, and each start is an interpreter that imports
gRPC: half of the processor time of the apply. To one that is running already it only connects.
Source: developer.hashicorp.com/terraform/plugin/debugging, TF_REATTACH_PROVIDERS
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from tests.providers.mirror import SOURCE, TOFU_SOURCE, world_executable
from tests.providers.world_provider import COOKIE, STANDS

_LIMIT_S: Final = 30


@cache
def reattachment() -> str:
    """Return TF_REATTACH_PROVIDERS for the one of this process, which ends with it.

    Each run configures it anew, so it serves one stack after the other, and no stack that
    configures two.
    """
    folder = Path(tempfile.mkdtemp(prefix="trueup-world-"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLUGIN_")}
    process = subprocess.Popen(
        [world_executable(folder / "world")],
        cwd=folder,
        env={**kept, COOKIE[0]: COOKIE[1], STANDS: "1", "PLUGIN_UNIX_SOCKET_DIR": str(folder)},
        stdin=subprocess.PIPE,  # it ends when this is closed, so also when we are killed
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(_end, process, folder)
    assert process.stdout is not None
    _core, _protocol, network, address, *_ = process.stdout.readline().split("|")
    one = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": process.pid,
        "Test": True,
        "Addr": {"Network": network, "String": address},
    }
    return json.dumps({SOURCE: one, TOFU_SOURCE: one})


def _end(process: subprocess.Popen[str], folder: Path) -> None:
    process.kill()
    process.wait(_LIMIT_S)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    shutil.rmtree(folder, ignore_errors=True)
