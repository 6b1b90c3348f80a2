"""Under which digest a plan is asked about: that of what a person is shown before approving it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.domain.doubts import without_answers
from reconciler.domain.plan import Plan, plan_digest, shown_digest
from reconciler.domain.records import Remediation
from reconciler.engine.judged_plan import JudgedPlan
from reconciler.engine.plan_object import plan_object


def since_approved(known: Remediation, judged: JudgedPlan) -> tuple[str, ...]:
    """Return the concerns about `judged` that whoever approved it was not shown.

    None of a plan that is another one than `known` has: of that nothing was approved.
    """
    return _not_shown(known, judged) if known.approvals and _is_same(known, judged.plan) else ()


def asked_about(known: Remediation, judged: JudgedPlan) -> Remediation:
    """Return `known` with the plan of now, under the digest that an approval of it must name.

    It is the digest of before where the plan is the same and each reason to look at it was shown
    under that: one less makes no approval void, and no other question gets that digest again.
    Where `judged` has what nobody who approved was shown, those approvals are taken off.
    """
    voided, approvals = known.voided, known.approvals
    if judged.unapproved:
        voided, approvals = voided + 1, ()
    digest = known.plan_digest
    if digest is None or not _is_same(known, judged.plan) or _not_shown(known, judged):
        reasons = map(without_answers, judged.concerns)
        digest = shown_digest(judged.plan, reasons=reasons, voided=voided)
    elif _shows(known) - _told(judged.concerns):
        # A page has that digest with less on it: should the reason come back, it is another one.
        voided += 1
    return replace(
        known,
        plan=plan_object(judged.plan, digest=digest, reasons=judged.concerns),
        plan_digest=digest,
        change_digest=plan_digest(judged.plan),
        approvals=approvals,
        voided=voided,
    )


def _is_same(known: Remediation, plan: Plan) -> bool:
    """Whether what `known` would do is what `plan` does.

    A program approves a plan by the digest of that alone, as everybody did in earlier versions.
    """
    return plan_digest(plan) == (known.change_digest or known.plan_digest)


def _not_shown(known: Remediation, judged: JudgedPlan) -> tuple[str, ...]:
    """Return the concerns about `judged` that `known` does not show; a program is shown none."""
    if known.plan is None:
        return ()
    shown = _shows(known)
    return tuple(each for each in judged.concerns if without_answers(each) not in shown)


def _shows(known: Remediation) -> frozenset[str]:
    return _told((known.plan or {}).get("concerns") or ())


def _told(concerns: Iterable[str]) -> frozenset[str]:
    return frozenset(map(without_answers, concerns))
