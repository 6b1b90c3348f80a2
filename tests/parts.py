"""Optional parts of a test machine: there, skipped with the reason, or failing when required."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

Part = TypeVar("Part")


def require(part: str, found: Part | None, *, lack: str = "") -> Part:
    """Return `found`; without it skip the test, or fail it where `TRUEUP_REQUIRE` names `part`."""
    if found is not None:
        return found
    reason = f"{part} is missing" + (f": {lack}" if lack else "")
    if part in required_parts():
        pytest.fail(f"{reason} (TRUEUP_REQUIRE demands it)", pytrace=False)
    pytest.skip(reason)


def required_parts() -> frozenset[str]:
    """Return the parts that must not be missing."""
    listed = os.environ.get("TRUEUP_REQUIRE", "").split(",")
    return frozenset(part.strip() for part in listed if part.strip())
