"""What a resource is held against: the values that were recorded or accepted last. Pure.

It never follows the state's serial: a refresh by anybody would take an unwanted change into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from reconciler.domain.values import Value

ACCEPTED: Final = "accepted"
"""The mark of a baseline that a person has moved, until the next scan has put it in order."""
ORDERED: Final = "ordered"
"""The mark of one that no read is known to equal."""

BaselineKey: TypeAlias = str
"""A resource's address, or the name of a probe that looks for a child of one."""


@dataclass(frozen=True, slots=True)
class Moves:
    """How often an attribute was seen with another value, and a keyed digest of the last one."""

    times: int
    last: str


@dataclass(frozen=True, slots=True)
class KeptBaseline:
    """The values of one object that count as right; no secret is in them.

    `identity` is a keyed digest of what names the object: another object has another baseline.
    `mark` is that of the read which gave the values (`Witness.mark`), so that an object that
    has not moved is compared without its values. `configured` is a keyed digest of what the code
    declared of it then. `accepted_by` and `reason` are of the person who
    accepted them; both are None of what was recorded at first sight.
    """

    key: BaselineKey
    identity: str
    mark: str
    values: Value = field(repr=False)
    kept_at: datetime
    configured: str = ""
    accepted_by: str | None = None
    reason: str | None = None
    moves: Mapping[str, Moves] = field(default_factory=dict)
    """What has moved since, by path."""


def identity_of(values: Value) -> Value:
    """Return what names the object that has `values`; None where nothing does."""
    if not isinstance(values, dict):
        return None
    return values.get("id") or values.get("arn") or values.get("name")


Baselines: TypeAlias = Mapping[BaselineKey, KeptBaseline]
"""Those of one stack."""

NO_BASELINES: Baselines = {}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One move of a baseline by a person, with what it was before, so that it can be undone."""

    id: str
    stack: str
    finding_id: str
    before: KeptBaseline | None
    after: KeptBaseline
    fingerprint: str
    accepted_by: str
    reason: str
    accepted_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None
