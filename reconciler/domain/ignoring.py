"""Rules by which drift is kept and shown as ignored, and raises no alarm."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reconciler.domain.details import paths_of
from reconciler.domain.globs import glob_covers, glob_matches
from reconciler.domain.model import Kind, Severity
from reconciler.domain.records import FindingRecord, FindingState
from reconciler.domain.spelling import meets_path, meets_type

MISSING: Final = "missing"
CRITICAL: Final = "critical"
COVERED: Final = (MISSING, CRITICAL)
"""What is ignored only where it is named: what is gone, and what is security-critical."""


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Which findings are ignored, whose rule that is and why; every part given must hold.

    Texts are globs. With `path` every attribute that drifted must be covered, with `value` every
    live value must match it. `covers` names what is not ignored otherwise.
    """

    name: str
    reason: str
    owner: str | None = None
    expires_at: datetime | None = None
    stack: str | None = None
    type: str | None = None
    address: str | None = None
    path: str | None = None
    kind: Kind | None = None
    value: str | None = None
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleMatches:
    """How many findings a rule has ignored so far, and when the last of them was seen."""

    matched: int = 0
    last: datetime | None = None


def rule_for(
    rules: Iterable[IgnoreRule], record: FindingRecord, *, now: datetime
) -> IgnoreRule | None:
    """Return the first rule in force that ignores `record`."""
    return next((rule for rule in rules if _ignores(rule, record, now=now)), None)


def uncovered(record: FindingRecord, covers: Collection[str]) -> tuple[str, ...]:
    """Return what of `COVERED` the finding is, and `covers` does not name."""
    is_so = {
        MISSING: record.kind is Kind.MISSING,
        CRITICAL: record.severity is Severity.CRITICAL,
    }
    return tuple(word for word in COVERED if is_so[word] and word not in covers)


def may_be_ignored(record: FindingRecord) -> bool:
    """Whether a rule may decide about it: a person's own decision stands."""
    if record.state is FindingState.OPEN:
        return record.decision is None
    return record.decision is not None and record.decision.rule is not None


def _ignores(rule: IgnoreRule, record: FindingRecord, *, now: datetime) -> bool:
    if rule.expires_at is not None and rule.expires_at <= now:
        return False
    return (
        not uncovered(record, rule.covers)
        and (rule.stack is None or glob_matches(rule.stack, record.stack))
        and (rule.type is None or meets_type(rule.type, record.type))
        and (rule.address is None or glob_covers(rule.address, record.address))
        and (rule.kind is None or rule.kind is record.kind)
        and (rule.path is None or _covers_paths(rule.path, record))
        and (rule.value is None or _covers_values(rule.value, record))
    )


def _covers_paths(glob: str, record: FindingRecord) -> bool:
    # One attribute that the rule does not name would be hidden with the others.
    paths = paths_of(record.details)
    return bool(paths) and all(meets_path(glob, path) for path in paths)


def _covers_values(glob: str, record: FindingRecord) -> bool:
    changes = record.details.get("changes") or ()
    values = [change.get("live") for change in changes]
    return bool(values) and all(glob_matches(glob, _text(value)) for value in values)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
