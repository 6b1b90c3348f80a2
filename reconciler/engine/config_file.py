"""The stacks and policies of `trueup.toml`, put in force in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.cadence import NOT_SCANNED
from reconciler.domain.errors import ConflictError
from reconciler.domain.model import StackName
from reconciler.domain.policy import Policy
from reconciler.domain.records import StackRecord
from reconciler.engine.journal import ENGINE
from reconciler.engine.policies import tell_policy
from reconciler.engine.service import Service
from reconciler.engine.stacks import anew, forget, in_effect, is_elsewhere, tell_stack
from reconciler.engine.void_approvals import READ_ELSEWHERE, void_approvals
from reconciler.stores import Transaction


async def sync_config(
    service: Service, *, stacks: Sequence[StackRecord], policies: Sequence[Policy]
) -> tuple[StackName, ...]:
    """Make the stacks and policies of `trueup.toml` be exactly these; all of them or none.

    A stack that vanished is forgotten as by `remove`. One whose apply is not over stays until
    this is called again after it; returns the names of those. A name that the API had is the
    file's now. Each registered stack has a time of registration then.

    Raises:
        ConflictError: two policies have one name (`name-taken`).
    """
    at = service.clock.now()
    _check_names(policies)

    def work(tx: Transaction) -> tuple[StackName, ...]:
        waiting = _sync_stacks(tx, stacks, at=at)
        _sync_policies(tx, policies, at=at)
        _note_registered(tx, at=at)
        return waiting

    return await service.store.transact(work)


def _sync_stacks(
    tx: Transaction, records: Sequence[StackRecord], *, at: datetime
) -> tuple[StackName, ...]:
    wanted = {record.name: record for record in records}
    gone = [
        stack for stack in tx.stacks.all() if stack.source == "config" and stack.name not in wanted
    ]
    waiting = tuple(record.name for record in gone if in_effect(tx, record.name))
    for known in gone:
        if known.name not in waiting:
            forget(tx, known, at=at, actor=ENGINE)
    for record in records:
        before = tx.stacks.get(record.name)
        kept = replace(record, registered_at=at) if before is None else anew(before, record)
        if kept != before:
            tx.stacks.put(kept)
            if before is not None and is_elsewhere(before, record):
                void_approvals(tx, at=at, stack=record.name, why=READ_ELSEWHERE)
            tell_stack(tx, kept, "configured", at=at, actor=ENGINE)
    return waiting


def _note_registered(tx: Transaction, *, at: datetime) -> None:
    """Let stacks of an earlier version that no scan ever verified count from now on.

    Without a time of registration they would never go stale, and no channel would hear of them.
    """
    for stack in tx.stacks.all():
        if stack.registered_at is None and stack.source != NOT_SCANNED:
            tx.stacks.put(replace(stack, registered_at=at))


def _sync_policies(tx: Transaction, policies: Sequence[Policy], *, at: datetime) -> None:
    known = {policy.policy_id: policy for policy in tx.policies.all()}
    wanted = {policy.policy_id: policy for policy in policies}
    for policy_id, policy in known.items():
        if policy.source == "config" and policy_id not in wanted:
            tx.policies.remove(policy_id)
            tell_policy(tx, policy, "deleted", at=at)
    for policy_id, policy in wanted.items():
        before = known.get(policy_id)
        same = before is not None and replace(policy, version=before.version) == before
        if not same:
            fresh = replace(policy, version=before.version + 1 if before else 1)
            tx.policies.put(fresh)
            tell_policy(tx, fresh, "updated" if before else "created", at=at)


def _check_names(policies: Sequence[Policy]) -> None:
    names = [policy.name for policy in policies]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ConflictError(
            f"two policies of trueup.toml are named {twins[0]!r}",
            code="name-taken",
            remedy="give one of them another name",
        )
