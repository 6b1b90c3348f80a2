"""The Pulumi CLI with what belongs beside it, and the bridge to Terraform providers.

Found, else installed by Pulumi's own installer, else built once and kept in the cache. Its
Python host is the one part that cannot be built (its Go module cannot be fetched by version):
beside a CLI built here stands the stand-in of `stand_in/`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from go_build import GO_LACK, Program, build, locked, module_source
from locations import (
    HERE,
    cache_folder,
    first_runnable,
    on_path,
    own_folder,
    pulumi_home,
    runnable,
)
from pulumi_installer import install_pulumi

_NAMED: Final = "TRUEUP_PULUMI"
_SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
_CLI: Final = Program(
    name="pulumi",
    module="pulumi",
    pinned_by="github.com/pulumi/pulumi/pkg/v3",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    linker_flags=f"-s -w -X {_SDK}/go/common/version.Version=v{{version}}",
    trial=("version",),
    answer="v{version}",
)
_YAML_HOST: Final = Program(
    name="pulumi-language-yaml",
    module="pulumi",
    pinned_by="github.com/pulumi/pulumi-yaml",
    package="github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    linker_flags="-s -w -X github.com/pulumi/pulumi-yaml/pkg/version.Version=v{version}",
    trial=("--help",),
    answer="",
)
_BRIDGE: Final = Program(
    name="pulumi-resource-terraform-provider",
    module="bridge",
    pinned_by="github.com/pulumi/pulumi-terraform-bridge/v3",
    package="github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
    linker_flags=(
        "-s -w -X github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/version.version=v{version}"
        # Two of its dependencies register one protobuf file.
        " -X google.golang.org/protobuf/reflect/protoregistry.conflictPolicy=ignore"
    ),
    trial=("-version",),
    answer="v{version}",
)
_STAND_IN: Final = ("pulumi-language-python", "language_host.py")
_SDK_SCRIPTS: Final = (
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-resource-pulumi-python",
)
_BESIDE: Final = (_YAML_HOST.name, _STAND_IN[0], "pulumi-resource-pulumi-python")


def provide_pulumi() -> Path | None:
    """Return a CLI with its parts, obtained where there was none; None, and why, without one."""
    if named := os.environ.get(_NAMED):
        return _named(Path(named).expanduser())
    if (there := _found()) is not None:
        _tell_missing_parts(there)
        return there
    with locked(cache_folder()):
        installed = install_pulumi(
            _installed_folder(),
            failure=cache_folder() / ".pulumi-not-installed",
            otherwise_there=runnable(_built_folder() / _CLI.name) is not None,
        )
        return installed or _built()


def provide_bridge() -> Path | None:
    """Return the bridge, built where there was none; None, and why, without it."""
    name, version = _BRIDGE.name, _BRIDGE.version
    target = cache_folder() / f"{name}-{version}" / name
    installed = pulumi_home() / "plugins" / f"resource-terraform-provider-v{version}" / name
    if there := on_path(name) or first_runnable((installed, target)):
        return there
    with locked(cache_folder()):
        return target if build(_BRIDGE, target) else None


def _named(cli: Path) -> Path | None:
    if runnable(cli) is None:
        print(f"pulumi: {_NAMED} names {cli}, and no program is there", file=sys.stderr)
        return None
    _tell_missing_parts(cli)
    return cli


def _found() -> Path | None:
    """Return a CLI that somebody installed."""
    folders = (own_folder() / "bin", pulumi_home() / "bin", _installed_folder() / "bin")
    return on_path(_CLI.name) or first_runnable(folder / _CLI.name for folder in folders)


def _built() -> Path | None:
    """Return the CLI in the cache, made complete; it is put there last, after its parts."""
    folder = _built_folder()
    cli = folder / _CLI.name
    if on_path("go") is None and runnable(cli) is None:
        print(f"pulumi: {GO_LACK}", file=sys.stderr)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name in _STAND_IN:
        _copy(HERE / "stand_in" / name, folder / name)
    complete = build(_YAML_HOST, folder / _YAML_HOST.name) and _sdk_scripts(folder)
    if not complete:
        return runnable(cli)
    return cli if build(_CLI, cli) else None


def _sdk_scripts(folder: Path) -> bool:
    """Put the SDK's scripts into `folder`: one runs programs, the other dynamic providers."""
    missing = [path for path in _SDK_SCRIPTS if runnable(folder / Path(path).name) is None]
    if not missing:
        return True
    source = module_source(_CLI.module, _SDK)
    if source is None:
        return False
    for path in missing:
        _copy(source / path, folder / Path(path).name)
    return True


def _copy(source: Path, target: Path) -> None:
    """Have `target` be a program with the content of `source`, at once or not at all."""
    content = source.read_bytes()
    if runnable(target) and target.read_bytes() == content:
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.replace(target)


def _tell_missing_parts(cli: Path) -> None:
    beside = cli.resolve().parent
    for name in _BESIDE:
        if on_path(name) is None and runnable(beside / name) is None:
            print(f"{name}: not beside {cli}; its installation is not whole", file=sys.stderr)


def _built_folder() -> Path:
    return cache_folder() / f"pulumi-{_CLI.version}"


def _installed_folder() -> Path:
    return own_folder() / "pulumi-installed"
