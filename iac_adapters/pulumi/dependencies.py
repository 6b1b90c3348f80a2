"""What a resource depends on, as a checkpoint and a saved plan write it alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dependencies_in(content: Mapping[str, Any]) -> frozenset[str]:
    """Return the URNs that a checkpoint's resource, or a plan's goal, depends on."""
    by_property = (content.get("propertyDependencies") or {}).values()
    return frozenset(
        str(urn)
        for urn in (
            *(content.get("dependencies") or ()),
            *(urn for urns in by_property for urn in urns or ()),
            *(content.get("replaceWith") or ()),
            content.get("deletedWith"),
            content.get("parent"),
        )
        if urn
    )
