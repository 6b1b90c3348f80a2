"""A finding as a row of the fleet table: what is sorted, filtered and shown, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from sys import intern
from typing import Any, Final

import orjson

from reconciler.client.proposals import Proposal
from reconciler.wire.findings import Finding

SEVERITIES: Final = ("low", "medium", "high", "critical")
RANKS: Final[Mapping[str, int]] = {word: rank for rank, word in enumerate(SEVERITIES)}


@dataclass(slots=True)
class Row:
    """One finding. `signature` is equal for identical changes of resources of one type.

    `paths` are the attributes that differ, `follows` is the address it follows from. `proposed`
    is what `policy` would have done about it, and `owner` whom that policy names. `remediation`
    is the state of the newest one, `action` what it does; `sent` says what was just asked of the
    daemon about either. `revision` rises whenever something changes that a person decides about.
    """

    id: str
    stack: str
    address: str
    type: str
    kind: str
    severity: str
    score: int
    state: str
    origin: str
    paths: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    report_id: str
    signature: str
    provider: str = ""
    owner: str = ""
    account: str = ""
    region: str = ""
    proposed: str = ""
    policy: str = ""
    follows: str = ""
    remediation: str = ""
    remediation_id: str = ""
    action: str = ""
    sent: str = ""
    not_isolated: str = ""
    """Why what is in quarantine is connected all the same, or not seen to be isolated."""
    revision: int = 0

    @property
    def rank(self) -> int:
        """How severe, as a number."""
        return RANKS.get(self.severity, len(RANKS))

    @property
    def decided_about(self) -> tuple[object, ...]:
        """What a decision about it rests on: its drift, and what is done about that already."""
        return (
            self.kind, self.severity, self.state, self.report_id, self.signature, self.paths,
            self.remediation_id, self.remediation, self.action,
        )  # fmt: skip


def row_of(finding: Finding, proposal: Proposal | None = None) -> Row:
    """Return the row of a finding; its values are left behind.

    Words that many rows have are kept once: each answer brings its own copy of them.
    """
    policy = proposal.policy if proposal else None
    return Row(
        id=finding.id,
        stack=intern(finding.stack),
        address=finding.address,
        type=intern(finding.type),
        kind=intern(finding.kind),
        severity=intern(finding.severity),
        score=finding.score,
        state=intern(finding.state),
        origin=intern(finding.origin or ""),
        paths=tuple(intern(change.path) for change in finding.changes),
        first_seen=finding.first_seen,
        last_seen=finding.last_seen,
        report_id=finding.report_id,
        signature=intern(signature_of(finding)),
        provider=intern(finding.provider.rpartition("/")[2]),
        owner=(policy.owner if policy else None) or "",
        account=intern(finding.account),
        region=intern(finding.region),
        follows=finding.consequence_of or "",
        proposed=proposal.action if proposal else "",
        policy=policy.name if policy else "",
    )


def signature_of(finding: Finding) -> str:
    """Return what is equal for the same change of another resource of the type."""
    changes = [[change.path, change.declared, change.live] for change in finding.changes]
    parts: list[Any] = [finding.type, finding.kind, changes]
    try:
        written = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        # An integer beyond 64 bits; as text it is compared just as well.
        written = repr(parts).encode("utf-8", "backslashreplace")
    return blake2b(written, digest_size=6).hexdigest()
