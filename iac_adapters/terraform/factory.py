"""Terraform and OpenTofu as they are registered: which directories are root modules."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.terraform.options import TerraformOptions
from reconciler.bounded_files import names_in, open_regular
from reconciler.ports import AdapterSetup, Claim, DiscoveredStack, IacAdapter, LeftOut

_CODE_ENDINGS: Final = (".tf", ".tofu", ".tf.json", ".tofu.json")
_ROOT_BLOCK: Final = re.compile(
    r'^\s*(?:terraform\s*\{|provider\s+"|"(?:terraform|provider)"\s*:)', re.MULTILINE
)
_LOCAL_MODULE: Final = re.compile(r'^\s*"?source"?\s*[=:]\s*"(\.{1,2}/[^"]*)"', re.MULTILINE)
TERRAGRUNT: Final = "terragrunt.hcl"
_TERRAGRUNT_SOURCE: Final = re.compile(r'^\s*source\s*=\s*"((?:\.{1,2}/|\$\{)[^"]*)"', re.MULTILINE)
TERRAGRUNT_MAKES_IT: Final = "Terragrunt makes the code of this stack elsewhere"
TERRAGRUNT_REMEDY: Final = (
    "run `terragrunt init` in it, and give trueup the folder that it made below"
    " .terragrunt-cache, with the environment that terragrunt sets"
)
_TERRAGRUNT_UNIT: Final = re.compile(r"^\s*(?:include\b[^{\n]*\{|source\s*=)", re.MULTILINE)
"""What a file that other units include, such as a repository's root, lacks."""
_STATE_NAMES: Final = ("terraform.tfstate", "terraform.tfstate.d", ".terraform")
_MOST_CODE_BYTES: Final = 4 << 20
_PROPOSED: Final = ('# workspace = "default"',)


class TerraformFactory:
    """Implements `reconciler.ports.AdapterFactory`."""

    looks_for = "*.tf file"
    options = TerraformOptions

    def detect(self, directory: Path) -> Claim | None:
        """Claim a directory that holds code, or Terragrunt's. See `AdapterFactory.detect`."""
        named = _code_in(directory) or TERRAGRUNT in names_in(directory)
        return Claim.SOURCES if named else None

    def discover(self, claimed: Sequence[Path]) -> Sequence[DiscoveredStack | LeftOut]:
        """Return the root modules; a directory that another one calls as a module is none.

        A unit of Terragrunt is left out: its code is made below its cache.
        """
        code = {
            folder: "\n".join(_text(folder / name) for name in _code_in(folder))
            for folder in claimed
        }
        called = {
            Path(os.path.normpath(folder / source))
            for folder, text in code.items()
            for source in _LOCAL_MODULE.findall(text)
        } | set(_used_by_terragrunt(claimed))
        roots = [
            DiscoveredStack(folder, _PROPOSED)
            for folder, text in code.items()
            if folder not in called and _is_root(folder, text)
        ]
        units = (folder / TERRAGRUNT for folder, text in code.items() if not text.strip())
        left_out = [
            LeftOut(unit, TERRAGRUNT_MAKES_IT, TERRAGRUNT_REMEDY)
            for unit in units
            if _TERRAGRUNT_UNIT.search(_text(unit))
        ]
        return [*roots, *left_out]

    def open(self, setup: AdapterSetup) -> IacAdapter:
        """Return a fresh adapter. See `AdapterFactory.open`."""
        # The adapter loads gRPC; a command that only names stacks must not.
        from iac_adapters.terraform.adapter import TerraformAdapter  # noqa: PLC0415

        return TerraformAdapter(setup)


def _used_by_terragrunt(claimed: Sequence[Path]) -> Iterator[Path]:
    """Yield the folders that some `terragrunt.hcl` makes a root module of, elsewhere."""
    for folder in claimed:
        for source in _TERRAGRUNT_SOURCE.findall(_text(folder / TERRAGRUNT)):
            path = re.sub(r"/{2,}", "/", source)
            if not path.startswith("${"):
                yield Path(os.path.normpath(folder / path))
                continue
            # A function gives the beginning, such as the repository's root.
            ending = path.rpartition("}")[2].strip("/")
            if ending:
                yield from (path for path in claimed if f"{path}/".endswith(f"/{ending}/"))


def _code_in(directory: Path) -> list[str]:
    return sorted(name for name in names_in(directory) if name.endswith(_CODE_ENDINGS))


def _text(file: Path) -> str:
    try:
        with open_regular(file) as stream:
            return stream.read(_MOST_CODE_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _is_root(folder: Path, text: str) -> bool:
    return bool(_ROOT_BLOCK.search(text)) or any((folder / name).exists() for name in _STATE_NAMES)
