"""What one declared thing becomes in the stack's checkpoint."""

from __future__ import annotations

from typing import Any, Protocol

Entry = dict[str, Any]
"""ASCII keys; texts, whole numbers, truth values; Pulumi outputs where a value is secret."""


class Declared(Protocol):
    """One thing a host must have: a file, a package, a service, a setting, a rule."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What there is only one of on a host; entries are sorted by it."""
        ...

    def entry(self) -> Entry:
        """Return the canonical form."""
        ...
