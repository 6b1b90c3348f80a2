"""What a transaction says should be looked at again, once it is committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from reconciler.domain.model import StackName
from reconciler.domain.records import RemediationId


@dataclass(frozen=True, slots=True)
class ScanStack:
    """Scan the stack, at `due` or at once."""

    stack: StackName
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class AdvanceRemediation:
    """Look at the remediation, at `due` or at once."""

    remediation: RemediationId
    due: datetime | None = None


WakeUp: TypeAlias = ScanStack | AdvanceRemediation
"""What is due stands in the rows. A wake-up saves the wait for the next sweep, no more."""
