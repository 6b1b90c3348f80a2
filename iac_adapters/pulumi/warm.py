"""What stays in memory of a stack between its scans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation
from iac_adapters.pulumi.loaded import LoadedStack
from iac_adapters.pulumi.reader import PulumiQuestions, PulumiReader

_STACK_BYTES: Final = 20_000
_FILE_BYTES: Final = 300


@dataclass(slots=True)
class WarmStack:
    """What the last load of a stack left in memory. Losing it never changes a verdict."""

    context: Context
    evaluation: Evaluation | None
    evaluated_at_s: float
    stack: LoadedStack
    questions: PulumiQuestions
    reader: PulumiReader

    def weight(self) -> int:
        """Estimate the bytes that it holds of its own.

        The record is held as it stands and deciphered, the baseline and what was read last
        are each about as large again.
        """
        files = _FILE_BYTES * len(self.context.sources)
        return _STACK_BYTES + 5 * len(self.context.content) + files
