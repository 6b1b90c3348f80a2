"""Evaluated programs: made once per revision, kept encrypted, and made anew after a while."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation, unpack_evaluation
from iac_adapters.pulumi.programs import find_beside
from iac_adapters.sealed_files import SealedFiles

# A program may ask a cloud, another stack or the clock, and nothing tells that they changed.
FRESH_FOR_S: Final = 3600.0
_MOST: Final = 4096
_MOST_BYTES: Final = 512 * 2**20
_STAMP_BYTES: Final = 8

Evaluate = Callable[[Cli], Awaitable[Evaluation]]


class Evaluations:
    """Evaluated programs by the revision they were evaluated at."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self._files = SealedFiles(
            folder,
            key=key,
            purpose="trueup pulumi evaluations",
            suffix=".evaluation",
            most=_MOST,
            most_bytes=_MOST_BYTES,
        )

    def load(self, revision: str) -> tuple[Evaluation, float] | None:
        """Return an evaluation that is fresh enough, and when it was made (epoch seconds)."""
        content = self._files.load(revision)
        if content is None:
            return None
        made_at_s = float(int.from_bytes(content[:_STAMP_BYTES], "big"))
        if not is_fresh(made_at_s):
            return None
        evaluation = unpack_evaluation(content[_STAMP_BYTES:])
        return None if evaluation is None else (evaluation, made_at_s)

    def store(self, revision: str, evaluation: Evaluation, made_at_s: float) -> None:
        """Keep `evaluation` under `revision`."""
        stamp = int(made_at_s).to_bytes(_STAMP_BYTES, "big")
        self._files.store(revision, stamp + evaluation.pack())


def is_fresh(made_at_s: float) -> bool:
    """Whether what was evaluated then may still be believed."""
    return 0 <= time.time() - made_at_s < FRESH_FOR_S


def missing_host(context: Context) -> str | None:
    """Return the language host that the program needs and that is not there; None if it is."""
    name = f"pulumi-language-{context.project.runtime}"
    return name if find_beside(name, context.cli.environment) is None else None
