from __future__ import annotations

import pytest

from reconciler.domain.errors import ConflictError
from reconciler.domain.phases import Phase
from reconciler.domain.records import FindingState, Health, RunState
from reconciler.engine.decisions import approve, cancel, reject, request, retry, suppress
from reconciler.engine.sweep import recover, sweep
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, QUARANTINE, A, B, House


async def test_drift_is_only_observed_when_no_policy_speaks(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.look()
    (finding,) = await house.findings()
    assert (finding.address, finding.state, finding.acted_on) == (A, FindingState.OPEN, False)
    assert (await house.stack()).health is Health.DRIFTED
    assert await house.remediations() == ()
    assert await house.events() == ["template.changed", "drift.detected", "stack.pass"]


async def test_drift_is_corrected_unasked_once_it_lasted(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.look()
    assert (await house.the_open()).phase is Phase.DETECTED
    await house.look(seconds=5)
    assert (await house.the_open()).phase is Phase.DETECTED
    await house.look(seconds=30)
    (ended,) = await house.remediations()
    assert (ended.phase, ended.note) == (Phase.CONVERGED, "a fresh read shows no drift")
    assert house.world.live[A] == {"size": 1}
    assert await house.findings() == ()
    (run,) = await house.runs()
    assert (run.state, run.exit_code, run.progress) == (RunState.FINISHED, 0, {A: "done"})
    assert [one for one in await house.events() if one.startswith("remediation.")] == [
        f"remediation.{phase}"
        for phase in (
            "detected confirmed decided queued planning applying verifying converged".split()
        )
    ]


async def test_a_person_approves_exactly_one_plan(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.look()
    waiting = await house.the_open()
    assert waiting.phase is Phase.AWAITING_APPROVAL
    assert waiting.plan is not None
    assert waiting.plan["summary"] == "1 to update"
    with pytest.raises(ConflictError) as caught:
        await approve(house.service, waiting.id, plan_digest="0" * 64, actor="ann")
    assert caught.value.code == "plan-digest-mismatch"
    assert house.world.effects == []
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    assert (await house.remediation(waiting.id)).phase is Phase.CONVERGED
    assert house.world.live[A] == {"size": 1}
