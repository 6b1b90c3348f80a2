"""What a message says that happens next: nothing that a person's decision keeps from happening."""

from __future__ import annotations

from reconciler.domain.records import FindingState
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve, cancel, reject
from reconciler.engine.quarantine.releasing import release
from tests.unit.engine.board import Board, begin, drift, listen, tell
from tests.unit.engine.house import MANUAL, QUARANTINE, A, B, House


def said(board: Board) -> str:
    """Return what the one alert says that happens next."""
    (notice,) = board.open
    return notice.members[0].next_step or ""


async def shown(house: House) -> Board:
    """Let a message tell of a drift whose plan waits for an approval."""
    board = listen(house)
    await house.put(MANUAL)
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    (notice,) = board.open
    assert notice.members[0].awaiting is not None
    return board


async def changed(house: House) -> None:
    """Scan, and let what changed meanwhile be told."""
    await house.scan()
    await tell(house, minutes=2)
    await tell(house, minutes=2)


async def test_a_correction_that_was_rejected_is_not_promised_again(house: House) -> None:
    board = await shown(house)
    known = await house.the_open()
    await reject(house.service, known.id, reason="the load test runs", actor="ann")
    await changed(house)
    assert await house.remediations() == (await house.remediation(known.id),), "none is opened"
    (finding,) = await house.findings()
    assert said(board) == (
        "trueup changes nothing by itself (to plan a correction:"
        f" trueup remediate {finding.id}); ann rejected its correction: the load test runs"
    )


async def test_a_correction_that_was_cancelled_is_not_promised_again(house: House) -> None:
    board = await shown(house)
    await cancel(house.service, (await house.the_open()).id, actor="ann")
    await changed(house)
    assert said(board).endswith("; ann cancelled its correction")


async def test_drift_that_changed_after_a_rejection_is_planned_again_as_it_is_said(
    house: House,
) -> None:
    board = await shown(house)
    await reject(house.service, (await house.the_open()).id, reason="known", actor="ann")
    await drift(house, size=11)
    await tell(house, minutes=2)
    (notice,) = board.open
    assert (notice.members[0].next_step, notice.members[0].awaiting is None) == (None, False)


async def test_a_plan_that_nobody_approved_in_time_is_made_again_as_it_is_said(
    house: House,
) -> None:
    board = await shown(house)
    await house.later(hours=25)
    await tell(house, minutes=2)
    assert (await house.remediations(RemediationState.EXPIRED)) != ()
    assert said(board).startswith("trueup plans a correction and waits for an approval")
    await house.scan()
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL


async def test_a_resource_that_a_person_released_is_not_said_to_be_isolated_again(
    house: House,
) -> None:
    board = listen(house)
    house.world.edges = {B: A}
    await house.put(QUARANTINE)
    await begin(house)
    await drift(house)
    waiting = await house.the_open()
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    await release(house.service, waiting.id, actor="bob")
    await house.settle()
    await changed(house)
    (finding,) = await house.findings()
    assert finding.state is FindingState.OPEN
    assert "bob ended its quarantine: released from quarantine" in said(board)
