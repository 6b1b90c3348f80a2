"""`python -m tests.bench.guards [FOLDER]`: what it costs to ask every guard.

With 100,000 findings and 10,000 past runs in the database; the median of many admissions may be
1 ms. What the limits ask of the past is shown apart from the rest.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.domain.activity import Activity
from reconciler.domain.guardrails import Guardrails
from reconciler.domain.model import Counts, StackName
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.domain.records import Evaluation, Remediation, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.admit import admit
from reconciler.engine.admission.situation import Situation
from reconciler.storage.sqlite import open_store
from reconciler.stores import Store, Transaction
from tests.contract.store.records import NOW, a_finding, a_remediation, a_run, a_stack

MOST_MS: Final = 1.0
_STACKS: Final = 200
_FINDINGS: Final = 500
_RUNS: Final = 50
_ADMISSIONS: Final = 500
_AUTO: Final = Policy(PolicyId("auto"), "auto", ActionType.AUTO_CORRECT)


async def main(folder: Path) -> int:
    """Fill a database, admit one remediation again and again, and print what that took."""
    store = await open_store(folder / "trueup.db")
    try:
        for number in range(_STACKS):
            await store.transact(lambda tx, number=number: _fill(tx, number))  # type: ignore[misc]
        await store.transact(lambda tx: tx.policies.put(_AUTO))
        return await _measure(store)
    finally:
        await store.close()


def _fill(tx: Transaction, number: int) -> None:
    stack = StackName(f"s{number}")
    counts = Counts(_FINDINGS, 0, _FINDINGS, 0, 0, 0, 0, 0)
    tx.stacks.put(a_stack(stack, counts=counts, drifted_at=NOW - timedelta(days=number)))
    tx.findings.put_many(a_finding(f"f{number}-{one}", stack=stack) for one in range(_FINDINGS))
    for one in range(_RUNS):
        name, began = f"{number}-{one}", NOW - timedelta(hours=12 * one + 1)
        state = RemediationState.CONVERGED if one else RemediationState.NEEDS_HUMAN
        tx.remediations.add(
            a_remediation(
                f"m{name}",
                f"f{number}-{one}",
                stack=stack,
                state=state,
                run_id=f"r{name}",
                policy_id="auto",
                created_at=began,
                updated_at=began,
            )
        )
        tx.runs.put(
            a_run(f"r{name}", remediation_id=f"m{name}", stack=stack, state=RunState.FINISHED,
                  started_at=began, ended_at=began, unasked=True)
        )  # fmt: skip


async def _measure(store: Store) -> int:
    known = a_remediation(
        "new", *(f"f0-{one}" for one in range(5)), stack=StackName("s0"), policy_id="auto",
        action_type=ActionType.AUTO_CORRECT, state=RemediationState.PLANNING,
    )  # fmt: skip
    resources = tuple(PlannedResource(one, "thing", Action.UPDATE) for one in known.addresses)
    plan = Plan(known.stack, known.addresses, resources)

    def work(view: Transaction) -> tuple[list[float], list[float]]:
        asked = [_timed(lambda: view.past_runs.around(known, at=NOW)) for _ in range(_ADMISSIONS)]
        activity = view.past_runs.around(known, at=NOW)
        situation = _situation(view, known, activity, plan)
        answered = [_timed(lambda: admit(situation)) for _ in range(_ADMISSIONS)]
        return asked, answered

    asked, answered = await store.read(work)
    whole = statistics.median(map(sum, zip(asked, answered, strict=True)))
    print(f"what was done lately: {_spread(asked)}")
    print(f"every guard: {_spread(answered)}")
    print(f"together {whole:.2f} ms (at most {MOST_MS:g} ms)")
    return 0 if whole <= MOST_MS else 1


def _situation(view: Transaction, known: Remediation, activity: Activity, plan: Plan) -> Situation:
    return Situation(
        remediation=known,
        findings=view.findings.get_many(known.finding_ids),
        now=NOW,
        confirm_after=timedelta(),
        stack=view.stacks.get(known.stack),
        holds=view.holds.all(),
        history=view.remediations.corrected(known.stack, since=NOW - timedelta(days=1)),
        evaluations={"policy": Evaluation("saw", {"wanted": True, "policies": {}})},
        plan=plan,
        policy="auto",
        limits=Guardrails(stack_per_day=99, total_per_day=999, failures=99, fleet_percent=100),
        activity=activity,
    )


def _timed(work: Callable[[], Any]) -> float:
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1000


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    return f"median {statistics.median(ordered):.2f} ms, 95 % within {p95:.2f} ms"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as place:
        sys.exit(asyncio.run(main(Path(place))))
