"""How the tool is told to plan, and who answers for its providers meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from iac_adapters.terraform.recorder.tunnel import Answers


def _themselves(_source: str) -> None:
    """Return nobody: the providers answer."""


@dataclass(frozen=True, slots=True, repr=False)
class PlanMode:
    """One way to plan.

    `options` are those of the tool's `plan`. `answers` returns, by the source of a provider, who
    answers in its place. Of a plan that is not `written` only what passes on the wire counts: it
    may be one that would destroy everything.
    """

    options: tuple[str, ...]
    answers: Callable[[str], Answers | None] = _themselves
    written: bool = False


RECORDING: Final = PlanMode(("-refresh=false",), written=True)
"""Evaluates the code in the world as it is recorded."""
