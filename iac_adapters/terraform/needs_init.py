"""Whether a root module needs anything of `terraform init`: a provider, a module, a backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from iac_adapters.terraform.hcl_errors import decode_hcl
from iac_adapters.terraform.outline import RESOURCE_BLOCKS, parse
from iac_adapters.terraform.source_files import configuration_files, read_file
from reconciler.domain.errors import PermanentError

_BUILT_IN: Final = ("terraform_data", "terraform_remote_state")
"""What the tool brings itself; `init` leaves nothing behind for these."""
_INSTALLED: Final = frozenset({"module", "provider"})
_SETTINGS: Final = frozenset({"backend", "cloud", "required_providers"})


def needs_init(directory: Path, *, tool: str) -> bool:
    """Return whether `directory` can be scanned only once `tool` has initialised it.

    True as well where that cannot be told: without code, or where a file does not parse.
    """
    try:
        primary, overrides = configuration_files(directory, tool=tool)
        return not primary or any(map(_file_needs, (*primary, *overrides)))
    except (PermanentError, ValueError):
        return True


def _file_needs(file: Path) -> bool:
    text = decode_hcl(file, read_file(file))
    return any(map(_block_needs, parse(text, file=file.name).blocks()))


def _block_needs(block: Any) -> bool:
    if block.block_type in RESOURCE_BLOCKS:
        return block.name_labels[0] not in _BUILT_IN
    if block.block_type == "terraform":
        return any(inner.block_type in _SETTINGS for inner in block.blocks())
    return block.block_type in _INSTALLED
