"""What can be asked of the rows of the fleet table and of those of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.store.filters import Language
from tui.store.rows import Row

if TYPE_CHECKING:
    from reconciler.wire.agents import Agent
    from reconciler.wire.audit import AuditEntry
    from reconciler.wire.findings import Finding
    from reconciler.wire.policies import Policy
    from reconciler.wire.remediations import Remediation
    from reconciler.wire.runs import Run
    from reconciler.wire.stacks import Stack

FLEET: Final[Language[Row]] = Language(
    texts={
        "stack": lambda row: row.stack,
        "type": lambda row: row.type,
        "address": lambda row: row.address,
        "kind": lambda row: row.kind,
        "state": lambda row: row.state,
        "rem": lambda row: row.remediation or "none",
        "origin": lambda row: row.origin,
        "owner": lambda row: row.owner or "none",
        "account": lambda row: row.account or "none",
        "region": lambda row: row.region or "none",
        "proposed": lambda row: row.proposed,
        "policy": lambda row: row.policy or "none",
        "provider": lambda row: row.provider,
        "same": lambda row: row.signature,
        "id": lambda row: row.id,
    },
    lists={"attr": lambda row: row.paths},
    searched=(lambda row: row.address, lambda row: row.stack, lambda row: row.type),
    severity=lambda row: row.severity,
    since=lambda row: row.first_seen,
)
"""Of findings: `attr:` is a changed attribute, `rem:` the state of the remediation."""

REMEDIATIONS: Final[Language[Remediation]] = Language(
    texts={
        "stack": lambda row: row.stack,
        "by": lambda row: row.requested_by,
        "id": lambda row: row.id,
    },
    lists={
        "state": lambda row: (row.state,),
        "action": lambda row: (row.action_type,),
        "address": lambda row: row.addresses,
        "guard": lambda row: (row.guard or "none",),
    },
    searched=(),
    since=lambda row: row.created_at,
)

RUNS: Final[Language[Run]] = Language(
    texts={"stack": lambda row: row.stack, "id": lambda row: row.id},
    lists={
        "state": lambda row: (row.state,),
        "address": lambda row: row.progress,
        "summary": lambda row: (row.summary or "",),
    },
    searched=(),
    since=lambda row: row.started_at,
)

AUDIT: Final[Language[AuditEntry]] = Language(
    texts={
        "who": lambda row: row.actor,
        "kind": lambda row: row.actor_kind or "none",
        "to": lambda row: row.subject,
    },
    lists={"did": lambda row: (row.action,)},
    searched=(),
    since=lambda row: row.at,
)

STACKS: Final[Language[Stack]] = Language(
    texts={
        "stack": lambda row: row.name,
        "tool": lambda row: row.tool,
        "health": lambda row: row.health,
    },
    lists={
        "directory": lambda row: (row.directory,),
        "error": lambda row: (row.error or "none",),
    },
    searched=(),
    since=lambda row: row.last_scan_at,
)
"""`age` is that of the last scan."""

POLICIES: Final[Language[Policy]] = Language(
    texts={
        "action": lambda row: row.action_type,
        "from": lambda row: row.drift_threshold,
        "owner": lambda row: row.owner or "none",
        "source": lambda row: row.source,
    },
    lists={"policy": lambda row: (row.name,)},
    searched=(),
)

AGENTS: Final[Language[Agent]] = Language(
    texts={
        "host": lambda row: row.host,
        "state": lambda row: row.state,
        "version": lambda row: row.version,
    },
    lists={"system": lambda row: (row.system,)},
    searched=(),
    since=lambda row: row.last_seen_at,
)
"""`age` is that of the last report."""

IGNORES: Final[Language[Finding]] = Language(
    texts={
        "stack": lambda row: row.stack,
        "type": lambda row: row.type,
        "address": lambda row: row.address,
        "kind": lambda row: row.kind,
        "by": lambda row: (row.decision.by if row.decision else None) or "rule",
    },
    lists={
        "attr": lambda row: (change.path for change in row.changes),
        "why": lambda row: ((row.decision.reason if row.decision else None) or "none",),
    },
    searched=(),
    severity=lambda row: row.severity,
    since=lambda row: row.first_seen,
)
