"""Makes sure that external tools are there, building what it must.

Terraform is found, never installed. OpenTofu (where there is no terraform, or asked for) and
Pulumi are looked for on PATH, in trueup's tool directory and in the cache, and are otherwise
built once from the pinned Go modules beside this file; before it is built, Pulumi is asked of
its own installer. Only the standard library is used. `make setup` and `trueup doctor --fix`
both run this.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from go_build import Program, build, locked
from locations import cache_folder, first_runnable, on_path, own_folder
from pulumi_toolchain import provide_bridge, provide_pulumi

_TOFU: Final = Program(
    name="tofu",
    module="tofu",
    pinned_by="github.com/opentofu/opentofu",
    package="github.com/opentofu/opentofu/cmd/tofu",
    linker_flags="-s -w -X github.com/opentofu/opentofu/version.dev=no",
    trial=("version",),
    answer="OpenTofu v{version}",
)
_BRIDGE: Final = "pulumi-resource-terraform-provider"
_SETS: Final = {
    "needed": ("terraform",),
    "pulumi": ("terraform", "pulumi"),
    "demo": ("terraform", "pulumi", _BRIDGE),
    "all": ("terraform", "tofu", "pulumi", _BRIDGE),
}
_INTERRUPTED: Final = 130


def main() -> int:
    """Report or obtain the tools; 0 also when one is missing and cannot be had."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for name in _wanted():
            _OBTAIN[name]()
    except KeyboardInterrupt:
        print("interrupted: nothing half-made was left", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _wanted() -> tuple[str, ...]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TOOL", help=", ".join(_OBTAIN))
    parser.add_argument(
        "--tools",
        choices=tuple(_SETS),
        help="needed: terraform, or tofu where there is none; pulumi: Pulumi as well;"
        " demo: and the bridge to Terraform providers; all: and tofu beside terraform",
    )
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(_OBTAIN)):
        parser.error(f"no tool is named {unknown[0]} (tools: {', '.join(_OBTAIN)})")
    named: list[str] = given.names
    return (*_SETS.get(given.tools or ("" if named else "needed"), ()), *named)


def _terraform() -> None:
    if terraform := on_path("terraform"):
        _tell("terraform", terraform, "")
    else:
        _tell("tofu", _provide_tofu(), "no Terraform stack can be read")


def _tofu() -> None:
    _tell("tofu", _provide_tofu(), "no OpenTofu stack can be read")


def _pulumi() -> None:
    _tell("pulumi", provide_pulumi(), "Pulumi stacks can be neither read nor corrected")


def _bridge() -> None:
    _tell(_BRIDGE, provide_bridge(), "Pulumi stacks on Terraform providers cannot be read")


_OBTAIN: Final[dict[str, Callable[[], None]]] = {
    "terraform": _terraform,
    "tofu": _tofu,
    "pulumi": _pulumi,
    _BRIDGE: _bridge,
}


def _provide_tofu() -> Path | None:
    target = cache_folder() / f"tofu-{_TOFU.version}" / "tofu"
    if there := on_path("tofu") or first_runnable((own_folder() / "bin" / "tofu", target)):
        return there
    with locked(cache_folder()):
        return target if build(_TOFU, target) else None


def _tell(name: str, path: Path | None, lost: str) -> None:
    if path is None:
        print(f"{name}: not found, and not obtained: {lost}", file=sys.stderr, flush=True)
    else:
        print(f"{name}: {path}", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let SIGTERM unwind as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
