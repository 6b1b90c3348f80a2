"""A plugin is run only as the lock file's package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iac_adapters.terraform.installed import installed_providers, platform_name
from iac_adapters.terraform.package_check import check_packages, package_hash
from reconciler.domain.errors import PermanentError

_SOURCE = "registry.terraform.io/trueup/world"


def _installed(root: Path) -> Path:
    """Return the plugin of a root module that is locked to it."""
    package = root / ".terraform" / "providers" / _SOURCE / "1.0.0" / platform_name()
    package.mkdir(parents=True)
    binary = package / "terraform-provider-world_v1.0.0"
    binary.write_text("the locked one")
    (root / ".terraform.lock.hcl").write_text(
        f'provider "{_SOURCE}" {{\n  version = "1.0.0"\n'
        f'  hashes = [\n    "{package_hash(package)}",\n  ]\n}}\n'
    )
    return binary


def _check(root: Path) -> None:
    check_packages(
        installed_providers(root, data_dir=root / ".terraform", tool="tofu").required(),
        lock_file=root / ".terraform.lock.hcl",
        known=root / "known",
        tool="tofu",
    )


@pytest.mark.parametrize("way", ["in its place", "over it"])
def test_a_plugin_of_equal_size_and_time_is_refused(tmp_path: Path, way: str) -> None:
    binary = _installed(tmp_path)
    status = binary.stat()
    _check(tmp_path)
    _check(tmp_path)
    file = binary if way == "over it" else tmp_path / "other"
    file.write_text("another, yes!!")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    file.replace(binary)
    assert binary.stat().st_size == status.st_size
    assert binary.stat().st_mtime_ns == status.st_mtime_ns
    with pytest.raises(PermanentError, match="not the package that"):
        _check(tmp_path)
