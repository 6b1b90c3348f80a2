"""Offline provider mirrors: folders that hold `registry.terraform.io/...`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_TERRAFORM_REGISTRY: Final = "registry.terraform.io"
_TOFU_REGISTRY: Final = "registry.opentofu.org"
_SHARED_FOLDERS: Final = (Path("/opt"), Path("/usr/share"), Path("/usr/local/share"))


def provider_mirrors(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return every mirror there is: named by `TRUEUP_PROVIDER_MIRROR`, then customary places."""
    named = environment.get("TRUEUP_PROVIDER_MIRROR", "").split(os.pathsep)
    candidates = [Path(folder).expanduser() for folder in named if folder]
    for shared in _SHARED_FOLDERS:
        if shared.is_dir():
            candidates += sorted(shared.iterdir())
            candidates.append(shared / "terraform" / "plugins")
    if home := environment.get("HOME"):
        own = Path(home)
        candidates += [own / ".terraform.d", own / ".terraform.d" / "plugins"]
        candidates.append(own / ".local" / "share" / "terraform" / "plugins")
    found = (path.resolve() for path in candidates if (path / _TERRAFORM_REGISTRY).is_dir())
    return tuple(dict.fromkeys(found))


def held_providers(mirrors: Sequence[Path]) -> list[str]:
    """Return every provider the mirrors hold, as `host/namespace/name`, sorted."""
    registries = (_TERRAFORM_REGISTRY, _TOFU_REGISTRY)
    return sorted(
        {
            str(provider.relative_to(mirror))
            for mirror in mirrors
            for registry in registries
            for provider in (mirror / registry).glob("*/*")
        }
    )
