"""Which addresses a `moved`, `removed` or `import` block is about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from iac_adapters.terraform.addresses import block_address

_ENDS: Final = (".", "[")
_KEY: Final = re.compile(r"\[[^\]]*\]")


def subjects(module: str, text: str) -> Iterator[str]:
    """Yield the address that `text`, a reference in the block's own `module`, stands for.

    Keys that are computed (`[each.key]`) are left out: the block is about each of them.
    """
    reference = re.sub(r"\s", "", text).strip('"')
    plain = _KEY.sub("", reference) if "each." in reference else reference
    if not plain:
        return
    yield f"{module}.{plain}" if module else plain


def is_within(address: str, subject: str) -> bool:
    """Whether `address` is `subject` itself, an instance of it, or below that module."""
    if address == subject:
        return True
    if address.startswith(subject) and address[len(subject)] in _ENDS:
        return True
    # Keys of the calling modules are not written in the block.
    try:
        without_keys = block_address(address)
    except ValueError:
        return False
    return without_keys == subject or (
        without_keys.startswith(subject) and without_keys[len(subject)] in _ENDS
    )
