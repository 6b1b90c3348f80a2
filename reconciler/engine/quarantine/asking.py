"""What a person's request for a quarantine meets: a correction, or another quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.errors import ConflictError
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.quarantines import resource_of
from reconciler.domain.records import FindingRecord, Remediation
from reconciler.domain.remediation_states import BEFORE_EFFECT, RemediationState
from reconciler.engine.moves import tell
from reconciler.engine.quarantine.joining import isolating_now, proposed_of
from reconciler.stores import Transaction

GAVE_WAY: Final = "a quarantine was requested instead"
_WITH_ITS_POLICY: Final = frozenset(
    {RemediationState.DETECTED, RemediationState.CONFIRMED, RemediationState.DECIDED}
)
"""Here guard `policy` still refuses what its policy does not ask for."""


def gives_way(known: Remediation, wanted: ActionType | None, group: str | None) -> bool:
    """Whether what has not begun ends for the quarantine that a person asks for.

    A correction does, and a quarantine by another group than the one that is asked for.

    Raises:
        ConflictError: it is at work, or is about other findings too (`other-remediation`).
    """
    if wanted is not ActionType.QUARANTINE:
        return False
    if known.action_type is ActionType.QUARANTINE and group in (None, known.isolation_group):
        return False
    if known.state in BEFORE_EFFECT and len(known.finding_ids) == 1:
        return True
    raise ConflictError(
        f"remediation {known.id} is about this finding too, and is {known.state.value}",
        code="other-remediation",
        remedy=f"cancel it first: trueup cancel {known.id[:8]}",
    )


def of_its_resource(
    tx: Transaction, record: FindingRecord, known: Remediation | None, group: str | None
) -> Remediation | None:
    """Return the quarantine of the same resource that waits for another of its findings.

    Raises:
        ConflictError: the resource is isolated so already (`already-quarantined`), or that one
            isolates by another group (`other-remediation`).
    """
    resource = resource_of(record)
    driver = Driver.DETACH if group is None else Driver.SWAP
    if (isolating := isolating_now(tx, record.stack, resource, driver=driver)) is not None:
        raise ConflictError(
            f"{resource} is in quarantine already",
            code="already-quarantined",
            remedy=f"show it: trueup quarantines; release it: trueup release {isolating.id[:8]}",
        )
    other = proposed_of(tx, tx.remediations.open_of(record.stack), resource)
    if other is None or (known is not None and other.id == known.id):
        return None
    if group in (None, other.isolation_group):
        return other
    raise ConflictError(
        f"remediation {other.id} isolates {resource} already, and is {other.state.value}",
        code="other-remediation",
        remedy=f"cancel it first: trueup cancel {other.id[:8]}",
    )


def take_in(
    tx: Transaction, waiting: Remediation, record: FindingRecord, *, at: datetime, actor: str
) -> Remediation:
    """Return `waiting`, which isolates the resource of `record`, as the quarantine of that too.

    Its plan is about the resource and stays as it is. It lasts until `record` has healed as well.

    Raises:
        ConflictError: its policy is just asked about it, or it is carried out: what it isolates
            is written down by then (`moved-on`).
    """
    if waiting.state not in BEFORE_EFFECT:
        raise ConflictError(
            f"remediation {waiting.id} isolates {resource_of(record)} just now, and is"
            f" {waiting.state.value}",
            code="moved-on",
            remedy=f"ask again once it has ended: trueup remediation {waiting.id[:8]}",
        )
    if waiting.policy_id is not None and waiting.state in _WITH_ITS_POLICY:
        raise ConflictError(
            f"remediation {waiting.id}, which isolates {resource_of(record)}, is just beginning",
            code="moved-on",
            remedy="ask again in a moment",
        )
    joined = tx.remediations.save(
        replace(
            waiting,
            finding_ids=(*waiting.finding_ids, record.id),
            fingerprints=(*waiting.fingerprints, record.fingerprint),
            addresses=tuple(dict.fromkeys((*waiting.addresses, record.address))),
            updated_at=at,
        )
    )
    tell(tx, joined, at=at, actor=actor)
    return joined
