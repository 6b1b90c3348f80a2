"""Whose turn it is: questions are spread over scans, the dangerous ones first. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iac_adapters.children.question import Question
from reconciler.domain.model import Severity

SHARE: Final = 0.1
"""How many questions may be asked for each read of a scan."""
_MOST_SAVED: Final = 8.0
_URGENCY: Final = {Severity.CRITICAL: 4, Severity.HIGH: 2, Severity.MEDIUM: 1, Severity.LOW: 1}
_OPEN: Final = 4
"""By how much sooner a child that was found is asked for again: it may be gone."""


@dataclass(frozen=True, slots=True)
class Turn:
    """When a question was last asked, in scans, and whether it found an added child."""

    scan: int
    found: bool


@dataclass(frozen=True, slots=True)
class Turns:
    """Which questions are asked now, and what is left to be spent."""

    chosen: tuple[Question, ...]
    credit: float


def take_turns(
    questions: Sequence[Question],
    asked: Mapping[str, Turn],
    *,
    scan: int,
    reads: int,
    credit: float,
) -> Turns:
    """Choose what may be asked in a scan of `reads` reads, of which a tenth is earned.

    What is not spent is saved, up to a few calls or a tenth of the scan, so that a stack of
    five resources has its turn as well.
    """
    credit = min(credit + reads * SHARE, max(_MOST_SAVED, reads * SHARE))
    chosen = []
    for question in sorted(questions, key=lambda item: _order(item, asked, scan)):
        cost = question.rule.base_calls
        if cost > credit:
            break
        credit -= cost
        chosen.append(question)
    return Turns(tuple(chosen), credit)


def _order(question: Question, asked: Mapping[str, Turn], scan: int) -> tuple[float, int, str]:
    turn = asked.get(question.key)
    rank = question.rule.rank
    if turn is None:
        return -math.inf, -rank, question.key
    urgency = _URGENCY[rank] * (_OPEN if turn.found else 1)
    return -float((scan - turn.scan) * urgency), -rank, question.key
