"""Addresses in parts: what they lie in, and how they are called there."""

from __future__ import annotations

import re
from typing import Final

_MODULE: Final = re.compile(r'(module\.[^.\[]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?)\.')
_URN: Final = re.compile(r"urn:pulumi:[^:]*::[^:]*::(.*)\Z", re.DOTALL)


def split_address(address: str) -> tuple[tuple[str, ...], str]:
    """Return the modules an address lies in, outermost first, and the rest.

    Of a Pulumi URN the modules are its parent types.
    """
    urn = _URN.match(address)
    if urn:
        types, _, name = urn.group(1).partition("::")
        *parents, leaf = types.split("$")
        return tuple(parents), f"{leaf}::{name}"
    modules: list[str] = []
    rest = address
    while found := _MODULE.match(rest):
        modules.append(found.group(1))
        rest = rest[found.end() :]
    return tuple(modules), rest
