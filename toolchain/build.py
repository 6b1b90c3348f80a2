"""Makes sure the external tools are there, building what it must.

Terraform is found, never installed. OpenTofu (where there is no terraform, or with `--tools
all`) and Pulumi are looked for on PATH, in trueup's tool directory and in the cache, and are
otherwise built once from the pinned Go modules beside this file; before it is built, Pulumi
is asked of its own installer. Only the standard library is used.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

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
_NEEDED, _DEMO, _ALL = "needed", "demo", "all"


def main() -> int:
    """Report or obtain the tools; 0 also when one is missing and cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tools",
        choices=(_NEEDED, _DEMO, _ALL),
        default=_NEEDED,
        help=f"{_NEEDED}: what any stack needs; {_DEMO}: the bridge to Terraform providers"
        f" as well; {_ALL}: OpenTofu as well, beside a terraform that is there",
    )
    wanted = parser.parse_args().tools
    terraform = on_path("terraform")
    if terraform:
        _tell("terraform", terraform, "")
    if wanted == _ALL or not terraform:
        lost = "tests with OpenTofu are skipped" if terraform else "no Terraform stack can be read"
        _tell("tofu", _provide_tofu(), lost)
    _tell("pulumi", provide_pulumi(), "Pulumi stacks can be neither read nor corrected")
    if wanted != _NEEDED:
        lost = "Pulumi stacks on Terraform providers cannot be shown or tested"
        _tell("pulumi-resource-terraform-provider", provide_bridge(), lost)
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
