"""Install the test provider where terraform and trueup look for providers."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tests.providers.certificate import new_certificate
from tests.warm.asking import write_plain
from tests.warm.sdk import write_warm_call

SOURCE: Final = "registry.terraform.io/trueup/world"
TOFU_SOURCE: Final = "registry.opentofu.org/trueup/world"
VERSION: Final = "1.0.0"
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_INSTALLED: Final = ("purelib", "platlib")
_MAIN: Final = "tests.providers.world_provider:main"
_ROOT: Final = Path(__file__).resolve().parents[2]


def world_executable(path: Path, *, forked: bool = False) -> Path:
    """Write an executable file that runs the test provider; return its path.

    Tools start it some thousand times in a run of the tests. So it gets a certificate made
    here, and no `site`, which looks through all that is installed: half of what a start took.
    A `forked` one has all loaded, for an eighth of the 0.34 s; that is not for tests of processes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    certificate = path.with_name("certificate.pem")
    certificate.write_bytes(new_certificate())
    places = [str(_ROOT), *dict.fromkeys(sysconfig.get_path(name) for name in _INSTALLED)]
    code = (
        f"import gc, sys; gc.disable(); sys.path[:0] = {places!r};"
        " from tests.providers.world_provider import main; sys.exit(main())"
    )
    plain = ("-S", "-c", code, str(certificate))
    if forked:
        write_warm_call(path, _MAIN, str(certificate), plain=plain)
    else:
        write_plain(path, plain)
    return path


def world_mirror(folder: Path, *, forked: bool = False) -> Path:
    """Make `folder` a filesystem mirror that holds the test provider; return the binary."""
    machine = platform.machine().lower()
    target = f"{sys.platform}_{_MACHINES.get(machine, machine)}"
    name = f"terraform-provider-world_v{VERSION}"
    return world_executable(folder / SOURCE / VERSION / target / name, forked=forked)
