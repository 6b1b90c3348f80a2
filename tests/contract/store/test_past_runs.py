"""What guards ask of the past, of every kind of store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from reconciler.domain.model import StackName
from reconciler.domain.records import Remediation, RemediationId, Run, RunId, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.stores import Store, Transaction
from tests.contract.store.records import HOUR, NOW, a_remediation, a_run

_MINUTE = timedelta(minutes=1)
_LATELY = NOW - 10 * _MINUTE


async def keep(store: Store, remediations: Sequence[Remediation], runs: Sequence[Run]) -> None:
    def work(tx: Transaction) -> None:
        for remediation in remediations:
            tx.remediations.add(remediation)
        for run in runs:
            tx.runs.put(run)

    await store.transact(work)


def failed(run_id: str, of: str, *, took: timedelta = _MINUTE, ago: timedelta = _MINUTE) -> Run:
    return a_run(
        run_id,
        remediation_id=RemediationId(of),
        state=RunState.FAILED,
        started_at=NOW - ago - took,
        ended_at=NOW - ago,
    )


async def test_a_remediation_that_failed_three_times_has_failed_once(store: Store) -> None:
    one = a_remediation("m1", state=RemediationState.NEEDS_HUMAN, run_id=RunId("r3"))
    await keep(store, [one], [failed(f"r{n}", "m1", ago=n * _MINUTE) for n in (3, 2, 1)])
    assert await store.read(lambda t: t.past_runs.failed_since(_LATELY)) == 1
    assert await store.read(lambda t: t.past_runs.begun_since(_LATELY)) == 1


async def test_an_apply_counts_when_it_fails_however_long_it_took(store: Store) -> None:
    names = ("m1", "m2", "m3")
    kept = [
        a_remediation(name, f"f{name}", stack=StackName(name), state=RemediationState.NEEDS_HUMAN)
        for name in names
    ]
    runs = [failed(f"r-{name}", name, took=HOUR) for name in names]
    await keep(store, kept, [*runs, failed("r-old", "m1", ago=2 * HOUR)])
    assert await store.read(lambda t: t.past_runs.failed_since(_LATELY)) == 3
    assert await store.read(lambda t: t.past_runs.begun_since(_LATELY)) == 0


async def test_a_policy_corrected_each_stack_since_its_first_success(store: Store) -> None:
    many = [
        a_remediation(
            f"m{n}", f"f{n}", stack=StackName("busy"), state=RemediationState.CONVERGED,
            policy_id="p", run_id=RunId(f"r{n}"), updated_at=NOW + n * _MINUTE,
        )
        for n in range(40)
    ]  # fmt: skip
    late = a_remediation(
        "late", "f-late", stack=StackName("late"), state=RemediationState.CONVERGED,
        policy_id="p", run_id=RunId("r-late"), created_at=NOW + HOUR, updated_at=NOW + HOUR,
    )  # fmt: skip
    await keep(store, [*many, late], [])
    asking = a_remediation("asking", "f-asking", policy_id="p")
    activity = await store.read(lambda t: t.past_runs.around(asking, at=NOW + 2 * HOUR))
    assert activity.corrected == ((StackName("busy"), NOW), (StackName("late"), NOW + HOUR))


async def test_the_first_stacks_that_a_policy_corrected_are_given_oldest_first(
    store: Store,
) -> None:
    def corrected(number: int, *, turn: int) -> Remediation:
        at = NOW + (number + 40 * turn) * _MINUTE
        return a_remediation(
            f"m{number}-{turn}", f"f{number}-{turn}", stack=StackName(f"s{number}"),
            state=RemediationState.CONVERGED, policy_id="p", run_id=RunId("r"),
            created_at=NOW, updated_at=at,
        )  # fmt: skip

    many = [corrected(number, turn=turn) for turn in (1, 0) for number in range(40)]
    begun_before = a_remediation(
        "long", "f-long", stack=StackName("long"), state=RemediationState.CONVERGED,
        policy_id="p", run_id=RunId("r"), created_at=NOW - 30 * HOUR, updated_at=NOW,
    )  # fmt: skip
    await keep(store, [*many, begun_before], [])
    asking = a_remediation("asking", "f-asking", policy_id="p")
    activity = await store.read(lambda t: t.past_runs.around(asking, at=NOW + 2 * HOUR))
    assert activity.corrected == tuple(
        (StackName(f"s{number}"), NOW + number * _MINUTE) for number in range(30)
    )
