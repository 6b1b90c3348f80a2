"""Policies that people keep by the API; those of `trueup.toml` are the file's."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import PolicyChanged
from reconciler.domain.policy import ActionType, Policy, PolicyId, contradiction
from reconciler.domain.records import TemplateId
from reconciler.engine.journal import ENGINE, audit, emit, new_id
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.model import encode
from reconciler.wire.policies import PolicyBody, as_stated


async def create(service: Service, body: PolicyBody, *, actor: str) -> Policy:
    """Keep a new policy; it is asked from the next pass on.

    Raises:
        ConflictError: another one has its name (`name-taken`).
        InvalidError: it names no template there is, or makes no sense.
    """
    at = service.clock.now()
    policy_id = PolicyId(new_id())

    def work(tx: Transaction) -> Policy:
        last = Policy(
            policy_id, body.name, ActionType(body.action_type), position=_next_position(tx)
        )
        policy = as_stated(last, body)
        _check(tx, service, policy)
        tx.policies.put(policy)
        tell_policy(tx, policy, "created", at=at, actor=actor)
        return policy

    return await service.store.transact(work)


async def update(service: Service, policy_id: PolicyId, body: PolicyBody, *, actor: str) -> Policy:
    """Replace what a policy says; its version rises, and without a `position` it keeps its own.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: `trueup.toml` states it (`from-config`), or another one has its name
            (`name-taken`).
        InvalidError: see `create`.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Policy:
        known = _of_api(tx, policy_id)
        changed = replace(as_stated(known, body), version=known.version + 1)
        _check(tx, service, changed)
        tx.policies.put(changed)
        tell_policy(tx, changed, "updated", at=at, actor=actor)
        return changed

    return await service.store.transact(work)


async def delete(service: Service, policy_id: PolicyId, *, actor: str) -> None:
    """Remove a policy; what it had decided and not begun is decided anew.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: `trueup.toml` states it (`from-config`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        known = _of_api(tx, policy_id)
        tx.policies.remove(policy_id)
        tell_policy(tx, known, "deleted", at=at, actor=actor)

    await service.store.transact(work)


def tell_policy(
    tx: Transaction, policy: Policy, verb: str, *, at: datetime, actor: str = ENGINE
) -> None:
    """Write the audit row and the event of a policy that was `verb`."""
    body = mapping.shown(PolicyChanged, policy, change=verb)
    audit(tx, f"policy.{verb}", policy.policy_id, at=at, actor=actor, details=encode(body))
    emit(tx, "policy.changed", policy.policy_id, body, at=at)


def _next_position(tx: Transaction) -> int:
    """Return the position after every policy of the API, so that a file's order is kept."""
    taken = [policy.position for policy in tx.policies.all() if policy.source == "api"]
    return max(taken, default=-1) + 1


def _check(tx: Transaction, service: Service, policy: Policy) -> None:
    if not policy.name.strip():
        raise InvalidError("a policy has a name")
    for other in tx.policies.all():
        if other.name == policy.name and other.policy_id != policy.policy_id:
            raise ConflictError(
                f"there is a policy {policy.name!r} already ({other.policy_id})",
                code="name-taken",
                remedy=_instead_of_second(other),
            )
    if policy.template_id and tx.templates.get(TemplateId(policy.template_id)) is None:
        raise InvalidError(f"there is no template {policy.template_id}")
    _check_driver(policy)
    if policy.script is not None:
        _check_script(service, policy)


def _instead_of_second(other: Policy) -> str:
    """Return how to change the policy that has the name already."""
    if other.source == "config":
        return "choose another name, or change that one in trueup.toml"
    return f"choose another name, or change that one: trueup policy edit {shlex.quote(other.name)}"


def _check_driver(policy: Policy) -> None:
    found = contradiction(
        action_type=policy.action_type,
        driver=policy.driver,
        edges=policy.edges,
        group=policy.isolation_group,
        script=policy.script,
    )
    if found is not None:
        raise InvalidError(f"{found.key}: {found.sentence}", remedy=found.remedy)


def _check_script(service: Service, policy: Policy) -> None:
    if service.scripts is None or policy.script not in service.scripts.names:
        raise InvalidError(
            f"there is no script {policy.script!r}",
            remedy="an administrator of the daemon's host adds [[script]] to trueup.toml",
        )


def _of_api(tx: Transaction, policy_id: PolicyId) -> Policy:
    known = tx.policies.get(policy_id)
    if known is None:
        raise NotFoundError(f"there is no policy {policy_id}")
    if known.source == "config":
        raise ConflictError(
            f"policy {known.name!r} is defined in trueup.toml",
            code="from-config",
            remedy="change trueup.toml, then: trueup reload",
        )
    return known
