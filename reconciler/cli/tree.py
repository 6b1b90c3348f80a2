"""Findings by module, as the code is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from reconciler.domain.model import Finding

_MODULE: Final = re.compile(r'(module\.[^.\[]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?)\.')
_URN: Final = re.compile(r"urn:pulumi:[^:]*::[^:]*::(.*)\Z", re.DOTALL)


@dataclass(slots=True)
class Branch:
    """One module: its findings under their short names, and the modules inside it."""

    findings: list[tuple[str, Finding]] = field(default_factory=list)
    modules: dict[str, Branch] = field(default_factory=dict)


def grown(findings: Iterable[Finding]) -> Branch:
    """Return the root, holding every finding exactly once."""
    root = Branch()
    for finding in findings:
        modules, name = split_address(finding.address)
        branch = root
        for module in modules:
            branch = branch.modules.setdefault(module, Branch())
        branch.findings.append((name, finding))
    return root


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
