"""What moves again and again though nobody did anything, learned from scan to scan. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.kept_baseline import KeptBaseline, Moves
from reconciler.domain.model import Change, NoiseItem

VOLATILE_AFTER: Final = 3
"""So many other values of one attribute, and nobody expects the next one to tell anything."""

_REASON: Final = "it has moved {times} times without anybody's doing, so it counts as volatile"

IsDangerous = Callable[[Change], bool]


@dataclass(frozen=True, slots=True)
class Learned:
    """What of the changes of one resource is still reported, and what is noise by now."""

    kept: KeptBaseline
    reported: tuple[Change, ...]
    volatile: tuple[NoiseItem, ...]


def learned(
    kept: KeptBaseline,
    changes: Sequence[Change],
    *,
    untouched: bool,
    is_dangerous: IsDangerous,
    key: bytes,
) -> Learned:
    """Count where each of `changes` shows another value than when it was seen last.

    Of a resource that is not `untouched`, where somebody's change or apply may be why, nothing is
    counted. What `is_dangerous` stays reported however often it moves.
    """
    moves = dict(kept.moves)
    if untouched:
        for change in changes:
            moves[change.path] = _counted(moves.get(change.path), change, key)
    volatile = {
        change.path
        for change in changes
        if change.path in moves
        and moves[change.path].times > VOLATILE_AFTER
        and not is_dangerous(change)
    }
    return Learned(
        kept=replace(kept, moves=moves),
        reported=tuple(change for change in changes if change.path not in volatile),
        volatile=tuple(
            NoiseItem(
                change.path,
                _REASON.format(times=moves[change.path].times),
                change.recorded,
                change.live,
            )
            for change in changes
            if change.path in volatile
        ),
    )


def _counted(known: Moves | None, change: Change, key: bytes) -> Moves:
    now = value_digest(change.live, key=key)
    if known is not None and known.last == now:
        return known
    return Moves((known.times if known is not None else 0) + 1, now)
