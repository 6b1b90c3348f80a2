"""Which files a root module and its child modules are made of.

Source: internal/configs/parser_config_dir.go of Terraform 1.11; OpenTofu 1.8 release
notes for `*.tofu`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from iac_adapters.terraform.installed import LOCK_FILE
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError

TOFU: Final = "tofu"
_TERRAFORM_ENDINGS: Final = (".tf", ".tf.json")
_TOFU_ENDINGS: Final = (".tofu", ".tofu.json")
_VARIABLES_BY_NAME: Final = ("terraform.tfvars", "terraform.tfvars.json")
_BY_PATTERN: Final = ("*.auto.tfvars", "*.auto.tfvars.json")
_NOT_CONFIGURATION: Final = (".tfstate", ".tfstate.backup", ".tfstate.lock.info")


def configuration_files(directory: Path, *, tool: str) -> tuple[list[Path], list[Path]]:
    """Return a module's primary files and its override files, each in load order.

    Raises:
        PermanentError: the directory cannot be read.
    """
    try:
        names = sorted(
            p.name for p in directory.iterdir() if not _ignored(p.name) and _may_be_code(p)
        )
    except OSError as error:
        raise PermanentError(
            f"{directory}: {error.strerror}", remedy="check the directory and its permissions"
        ) from error
    endings = _TERRAFORM_ENDINGS + (_TOFU_ENDINGS if tool == TOFU else ())
    chosen = [name for name in names if name.endswith(endings)]
    if tool == TOFU:
        # main.tofu takes the place of main.tf beside it.
        shadowed = {name.replace(".tofu", ".tf") for name in chosen if ".tofu" in name}
        chosen = [name for name in chosen if name not in shadowed]
    overrides = [name for name in chosen if _is_override(name)]
    primary = [name for name in chosen if name not in set(overrides)]
    return [directory / n for n in primary], [directory / n for n in overrides]


def read_file(file: Path) -> bytes:
    """Return the content of a configuration file.

    Raises:
        PermanentError: it cannot be read; the message says why.
    """
    try:
        return read_bytes(file)
    except OSError as error:
        raise PermanentError(
            f"{file}: {error.strerror}", remedy="check the file and its permissions"
        ) from error


def variable_files_beside(root: Path) -> list[Path]:
    """Return the files of variables that Terraform reads by name; a later one counts more."""
    named = [root / name for name in _VARIABLES_BY_NAME]
    matched = [file for pattern in _BY_PATTERN for file in root.glob(pattern)]
    found = [*named, *sorted(matched, key=lambda file: file.name)]
    return [file for file in found if file.exists() and not file.is_dir()]


def variable_and_lock_files(root: Path) -> list[Path]:
    """Return the files beside the code that Terraform reads by name."""
    lock = root / LOCK_FILE
    named = [lock] if lock.exists() and not lock.is_dir() else []
    return [*variable_files_beside(root), *named]


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder`, without hidden folders, states and link loops."""
    pending = [folder]
    while pending:
        try:
            entries = sorted(pending.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_NOT_CONFIGURATION):
                continue
            if entry.is_dir():
                if not entry.is_symlink() and entry.name != "terraform.tfstate.d":
                    pending.append(entry)
            else:
                yield entry


def combine(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return one digest of named contents; each is prefixed by its length."""
    digest = hashlib.sha256()
    for name, content in parts:
        encoded = name.encode(errors="surrogateescape")
        digest.update(f"{len(encoded)}:{len(content)}:".encode())
        digest.update(encoded + content)
    return digest.hexdigest()


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or (name[:1] == "#" and name[-1:] == "#")


def _may_be_code(path: Path) -> bool:
    # A link that leads nowhere is kept: reading it fails by its name, as it does in a plan.
    # So is a pipe: the tool would open it, and wait.
    return not path.is_dir()


def _is_override(name: str) -> bool:
    stem = re.sub(r"\.(tf|tofu)(\.json)?\Z", "", name)
    return stem == "override" or stem.endswith("_override")
