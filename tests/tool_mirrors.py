"""Offline mirrors of providers, as terraform and tofu install from them.

Terraform finds one through a CLI configuration written here. OpenTofu asks another registry by
default, so it gets a folder of links to the same plugins under that name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from reconciler.domain.xdg_folders import cache_home
from reconciler.mirrors import held_providers

_TERRAFORM_REGISTRY: Final = "registry.terraform.io"
_TOFU_REGISTRY: Final = "registry.opentofu.org"


def tofu_mirror(mirror: Path, environment: Mapping[str, str]) -> Path:
    """Return a folder in the cache that offers `mirror` under OpenTofu's registry name.

    Links stand at `VERSION/OS_ARCH` (or at the packed file): OpenTofu follows none higher up.
    """
    digest = hashlib.sha256(os.fsencode(mirror)).hexdigest()[:16]
    linked = cache_home(environment) / "mirrors" / digest
    source = mirror / _TERRAFORM_REGISTRY
    for provider in sorted(source.glob("*/*")):
        target = linked / _TOFU_REGISTRY / provider.relative_to(source)
        for plugin in (*provider.glob("*/*_*"), *provider.glob("terraform-provider-*.zip")):
            _link(target / plugin.relative_to(provider), plugin)
    return linked


def write_cli_configuration(file: Path, mirrors: Sequence[Path], *, direct: bool = False) -> Path:
    """Write a Terraform CLI configuration that installs from `mirrors`; return its path.

    With `direct` providers that no mirror holds may come from their registry; without it
    nothing is ever downloaded.
    """
    blocks = [
        f"  filesystem_mirror {{\n    path = {json.dumps(str(path))}\n  }}" for path in mirrors
    ]
    if direct:
        blocks.append(f"  direct {{\n    exclude = {json.dumps(held_providers(mirrors))}\n  }}")
    lines = ["disable_checkpoint = true", "provider_installation {", *blocks, "}", ""]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _link(link: Path, target: Path) -> None:
    """Make `link` point to `target`; another process doing the same at once is no error."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
