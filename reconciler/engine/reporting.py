"""The report on a span of time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.errors import InvalidError
from reconciler.domain.fleet_report import FleetReport, Past, PastRemediation, fleet_report
from reconciler.domain.policy import Policy
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.stores.journal import DRIFT_KEPT

_USUAL: Final = timedelta(days=7)
_ON_THE_WAY: Final = timedelta(minutes=5)
"""By so much `90d`, as the caller's clock has it, may be older than that here."""


async def report_since(service: Service, since: datetime | None) -> FleetReport:
    """Report on what happened since then; on the last seven days where None is given.

    Raises:
        InvalidError: that is longer ago than healed findings are kept, or has not come yet.
    """
    until = service.clock.now()
    since = since or until - _USUAL
    if not until - DRIFT_KEPT - _ON_THE_WAY <= since < until:
        raise InvalidError(
            f"`since` is not within the last {DRIFT_KEPT.days} days, for which healed findings"
            " are kept",
            remedy="give a later time",
        )
    past = await service.store.read(lambda view: _past(view, since))
    # Beside the loop: a year of a large fleet takes a moment.
    return await asyncio.to_thread(fleet_report, past, since=since, until=until)


def _past(view: Transaction, since: datetime) -> Past:
    policies: dict[str, Policy] = {policy.policy_id: policy for policy in view.policies.all()}
    deleted = view.history.deleted_policies()
    matches = view.findings.ignored_by_rule()
    return Past(
        drifts=view.history.drifts(since),
        scans=view.history.scans(since),
        remediations=[
            _named(remediation, policies, deleted)
            for remediation in view.history.remediations(since)
        ],
        assigned=view.history.assigned(),
        ignored={name: found.matched for name, found in matches.items()},
    )


def _named(
    remediation: PastRemediation, policies: Mapping[str, Policy], deleted: Mapping[str, str]
) -> PastRemediation:
    """Return it with the name of its policy, and with the owner where that is still there."""
    policy_id = remediation.policy
    if policy_id is None:
        return remediation
    if (policy := policies.get(policy_id)) is not None:
        return replace(remediation, policy=policy.name, owner=policy.owner)
    # Another policy may have the name by now.
    name = deleted.get(policy_id)
    return replace(remediation, policy=f"{name} (deleted)") if name else remediation
