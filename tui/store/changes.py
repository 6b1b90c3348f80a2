"""What changed, and what is to be read again: names by what they are of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Changes:
    """What a tick changed; `everything` when the lists were read anew."""

    findings: set[str] = field(default_factory=set)
    remediations: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    stacks: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.everything
            or self.findings
            or self.remediations
            or self.runs
            or self.stacks
            or self.others
        )
