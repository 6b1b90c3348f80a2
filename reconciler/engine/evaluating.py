"""What is slow to find out is found out before the transaction that needs it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.records import Evaluation, FindingRecord, Remediation
from reconciler.engine.admission.answers import SCAN_AGAIN
from reconciler.engine.admission.guard import Evaluated, Evidence, Guard
from reconciler.engine.admission.situation import stage_of
from reconciler.engine.defects import defect
from reconciler.engine.moves import unhealed_of
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def evaluated(service: Service, known: Remediation) -> Remediation:
    """Return `known` with what each slow guard of its stage finds out; nothing is written.

    What is kept and still true is taken over. One that fails says why, and is tried again after
    a while.
    """
    stage = stage_of(known)
    slow = [guard for guard in service.guards if guard.evaluate is not None and stage in guard.at]
    if not slow:
        return known
    now = service.clock.now()
    stale, evidence, saw = await service.store.read(lambda view: _scan(view, known, slow, now=now))
    fresh = dict(known.evaluations)
    for guard in stale:
        fresh[guard.name] = await asyncio.to_thread(_evaluation, guard, evidence, saw)
    return replace(known, evaluations=fresh)


def what_it_saw(view: Transaction, findings: Sequence[FindingRecord]) -> str:
    """Return what an evaluation depends on: the version of the rules, and the drift."""
    drift = "\n".join(f"{finding.id} {finding.fingerprint}" for finding in findings)
    return f"{view.rules.version()}:{hashlib.sha256(drift.encode()).hexdigest()}"


def _scan(
    view: Transaction, known: Remediation, slow: Sequence[Guard], *, now: datetime
) -> tuple[list[Guard], Evidence, str]:
    """Return which of `slow` have to evaluate anew, of what, and its mark."""
    findings = unhealed_of(view, known)
    saw = what_it_saw(view, findings)
    stale = [guard for guard in slow if not _is_current(known, guard, saw, now=now)]
    policies = view.policies.all() if stale else ()
    uploaded = view.templates.uploaded() if policies else ()
    return stale, Evidence(known, findings, policies, uploaded, now), saw


def _is_current(known: Remediation, guard: Guard, saw: str, *, now: datetime) -> bool:
    kept = known.evaluations.get(guard.name)
    return kept is not None and kept.is_current(saw, now=now)


def _evaluation(guard: Guard, evidence: Evidence, saw: str) -> Evaluation:
    again = evidence.now + SCAN_AGAIN
    try:
        found = guard.evaluate(evidence) if guard.evaluate else Evaluated()
    except ReconcilerError as error:
        return Evaluation(saw, failed=str(error), until=again)
    except Exception as error:  # noqa: BLE001 - then the guard holds, and says so
        return Evaluation(saw, failed=str(defect(error)), until=again)
    if found.until is not None and found.until <= evidence.now:
        return Evaluation(saw, failed="what it found out is over already", until=again)
    return Evaluation(saw, found.result, until=found.until)
