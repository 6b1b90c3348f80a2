"""Install the test provider where terraform and trueup look for providers."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = "registry.terraform.io/trueup/world"
VERSION: Final = "1.0.0"
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_ROOT: Final = Path(__file__).resolve().parents[2]


def world_executable(path: Path) -> Path:
    """Write an executable file that runs the test provider; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r})"
    path.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c "
        f'"{code}; from tests.providers.world_provider import main; sys.exit(main())" "$@"\n'
    )
    path.chmod(0o755)
    return path


def world_mirror(folder: Path) -> Path:
    """Make `folder` a filesystem mirror that holds the test provider; return the binary."""
    machine = platform.machine().lower()
    target = f"{sys.platform}_{_MACHINES.get(machine, machine)}"
    name = f"terraform-provider-world_v{VERSION}"
    return world_executable(folder / SOURCE / VERSION / target / name)
