"""The store as the engine sees it: transactions over collections of records.

One transaction is one function: it commits when it returns, and leaves nothing when it
raises. Writing transactions run one after the other.
"""

from __future__ import annotations

from reconciler.stores.alerts import Alerts
from reconciler.stores.corrections import Holds, PastRuns, Quarantines, Remediations, Runs
from reconciler.stores.drift import Findings, KeptBaselines, Reports
from reconciler.stores.history import History
from reconciler.stores.hosts import Agents
from reconciler.stores.journal import Audit, Events, Replays, Retention, Tokens
from reconciler.stores.transaction import Store, Transaction
from reconciler.stores.watched import Policies, Rules, Stacks, Templates

__all__ = [
    "Agents",
    "Alerts",
    "Audit",
    "Events",
    "Findings",
    "History",
    "Holds",
    "KeptBaselines",
    "PastRuns",
    "Policies",
    "Quarantines",
    "Remediations",
    "Replays",
    "Reports",
    "Retention",
    "Rules",
    "Runs",
    "Stacks",
    "Store",
    "Templates",
    "Tokens",
    "Transaction",
]
