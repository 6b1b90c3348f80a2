"""What stays in memory of a stack between its passes."""

from __future__ import annotations

from dataclasses import dataclass

from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation
from iac_adapters.pulumi.loaded import LoadedStack
from iac_adapters.pulumi.reader import PulumiReader


@dataclass(slots=True)
class WarmStack:
    """What the last load of a stack left in memory. Losing it never changes a verdict."""

    context: Context
    evaluation: Evaluation | None
    evaluated_at_s: float
    stack: LoadedStack
    reader: PulumiReader
