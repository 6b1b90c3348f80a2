"""Install the test provider where terraform and trueup look for providers."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tests.providers.certificate import new_certificate

SOURCE: Final = "registry.terraform.io/trueup/world"
TOFU_SOURCE: Final = "registry.opentofu.org/trueup/world"
VERSION: Final = "1.0.0"
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_INSTALLED: Final = ("purelib", "platlib")
_ROOT: Final = Path(__file__).resolve().parents[2]


def world_executable(path: Path) -> Path:
    """Write an executable file that runs the test provider; return its path.

    Tools start it some thousand times in a run of the tests. So it gets a certificate made
    here, and no `site`, which looks through all that is installed: half of what a start took.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    certificate = path.with_name("certificate.pem")
    certificate.write_bytes(new_certificate())
    places = [str(_ROOT), *dict.fromkeys(sysconfig.get_path(name) for name in _INSTALLED)]
    path.write_text(
        f'#!/bin/sh\nexec {sys.executable} -S -c "import gc, sys; gc.disable();'
        f" sys.path[:0] = {places!r}; from tests.providers.world_provider import main;"
        f' sys.exit(main({str(certificate)!r}))" "$@"\n'
    )
    path.chmod(0o755)
    return path


def world_mirror(folder: Path) -> Path:
    """Make `folder` a filesystem mirror that holds the test provider; return the binary."""
    machine = platform.machine().lower()
    target = f"{sys.platform}_{_MACHINES.get(machine, machine)}"
    name = f"terraform-provider-world_v{VERSION}"
    return world_executable(folder / SOURCE / VERSION / target / name)
