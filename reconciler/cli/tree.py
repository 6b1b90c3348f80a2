"""Findings by module, as the code is laid out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.cli.addresses import split_address
from reconciler.domain.model import Finding


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
