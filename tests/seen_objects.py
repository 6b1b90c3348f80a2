"""Objects as a scan sees them, for tests of what is undeclared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from reconciler.domain.model import Change, InSync, Observed, ResourceAddress, Verdict
from reconciler.domain.paths import Steps
from reconciler.domain.severity import Rulebook
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.domain.undeclared_scan import Compared, Yardstick, compared
from reconciler.domain.values import Value

KEY = b"k" * 32
AT = datetime(2026, 5, 1, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Schema:
    """Implements `Facts`: everything is settable but `computed`; `blocks` are blocks and sets."""

    computed: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()

    def is_set(self, steps: Steps) -> bool:
        return steps[-1] in self.blocks | self.sets

    def is_settable(self, steps: Steps) -> bool:
        return steps[0] not in self.computed

    def is_block(self, steps: Steps) -> bool:
        return steps[0] in self.blocks and len(steps) <= 2

    def has_block(self, name: str) -> bool:
        return name in self.blocks


@dataclass(frozen=True)
class Seen:
    """Implements `Witness` with trees that are there already."""

    type: str
    before: Mapping[str, Any]
    now: Mapping[str, Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    facts: Schema = field(default_factory=Schema)
    ignored: tuple[str, ...] = ()
    by_apply: Mapping[str, Any] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return json.dumps(self.now, sort_keys=True, default=str)

    @property
    def recorded_mark(self) -> str:
        return json.dumps(self.before, sort_keys=True, default=str)

    def recorded(self) -> Value:
        return dict(self.before)

    def live(self) -> Value:
        return dict(self.now)

    def configured(self) -> Value:
        return dict(self.config)

    def chosen(self) -> Mapping[Steps, Value]:
        return {(name,): value for name, value in self.by_apply.items()}

    def forget_chosen(self) -> None:
        self.forgotten.extend(self.by_apply)

    def is_ignored(self, steps: Steps) -> bool:
        return steps[0] in self.ignored

    def beside(self) -> Mapping[str, Seen]:
        return {}

    def mentions(self, text: str) -> bool:
        return text in self.mark + self.recorded_mark

    def children_behind(self, changes: Sequence[Change]) -> tuple[tuple[str, str], ...]:
        """Take each new element of `members` for a child, where nothing else changed."""
        paths = [str(change.path) for change in changes]
        if not all(path.startswith("members[") for path in paths):
            return ()
        return tuple(("member", str(change.live)) for change in changes)

    def undone_by_hand(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Know a command for each new element of `words`."""
        added = [change for change in changes if str(change.path).startswith("words[")]
        return tuple(f"unsay {change.live}" for change in added)

    def becoming(self, **values: Any) -> Seen:
        return replace(self, now={**self.now, **values})


def seen(address: str, witness: Seen, verdict: Verdict | None = None) -> Observed:
    return Observed(ResourceAddress(address), verdict or InSync(), witness=witness)


def paths(*observed: Observed, yardstick: Yardstick | None = None) -> dict[str, list[str]]:
    """Return the paths that are undeclared changes, by address."""
    found = scan(*observed, yardstick=yardstick)
    return {
        str(one.address): [str(change.path) for change in one.undeclared]
        for one in found.observed
        if one.undeclared
    }


def scan(*observed: Observed, yardstick: Yardstick | None = None) -> Compared:
    rulebook = Rulebook((), CATALOGUE)
    return compared(observed, yardstick or Yardstick(), rulebook=rulebook, key=KEY, at=AT)
