"""Ways to an apply that nobody approved: each ends before the effect, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.bootstrap.database_mark import read_mark, write_mark
from reconciler.bootstrap.keepsakes import Keepsakes
from reconciler.domain.errors import ConflictError
from reconciler.domain.model import ProviderDoubt
from reconciler.domain.policy import ActionType, PolicyId
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.engine.config_file import sync_config
from reconciler.engine.decisions import approve, cancel, reject, retry
from reconciler.engine.holding import hold, resume
from reconciler.engine.moves import move
from reconciler.engine.stacks import accept_state
from tests.fake_world import World
from tests.unit.engine.house import MANUAL, SHOP, A, B, House, open_house

P = RemediationState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    world = World.in_sync(a={"size": 1}, b={"size": 1})
    async with open_house(tmp_path, {SHOP: world}) as made:
        await made.put(MANUAL)
        made.world.live[A]["size"] = 9
        await made.scan()
        yield made


async def approved_and_held(house: House) -> Remediation:
    """Return the correction whose plan was approved while a person holds the stack."""
    waiting = await house.the_open()
    assert waiting.state is P.AWAITING_APPROVAL
    await hold(house.service, by="ann", stack=SHOP)
    await approve(house.service, waiting.id, plan_digest=str(waiting.plan_digest), actor="ann")
    await house.settle()
    return await house.the_open()


async def let_go(house: House) -> Remediation:
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    return await house.the_open()


@pytest.mark.parametrize("is_scanned", [False, True])
async def test_a_stack_that_is_another_one_by_now(house: House, *, is_scanned: bool) -> None:
    """Its code or workspace was exchanged: the same change, of the same size, elsewhere."""
    known = await approved_and_held(house)
    house.world.lineage = "another"
    if is_scanned:
        await house.scan()
    now = await let_go(house)
    assert now.id == known.id
    assert (now.state, house.world.effects) == (P.AWAITING_APPROVAL, [])
    assert "the state is another one" in str(now.note)
    # Whoever reads an old message was not shown that.
    with pytest.raises(ConflictError, match=r"since it was approved: .*the state is another one"):
        await approve(house.service, now.id, plan_digest=str(known.plan_digest), actor="ann")
    # Whoever approves it with that before his eyes gets it.
    await approve(house.service, now.id, plan_digest=str(now.plan_digest), actor="ann")
    await house.settle()
    assert (await house.remediation(now.id)).state is P.CONVERGED


@pytest.mark.parametrize("way", ["the file", "accept-state"])
async def test_a_stack_that_is_read_elsewhere_by_now(house: House, *, way: str) -> None:
    """Whoever may say where a stack lies need not be who may approve; its lineage is forgotten."""
    known = await approved_and_held(house)
    stack = await house.stack()
    moved = replace(stack, directory="/elsewhere", source="config")
    if way == "the file":
        await sync_config(house.service, stacks=[moved], policies=[])
        house.world.lineage = "another"
    else:
        house.world.lineage = "another"
        await accept_state(house.service, SHOP, actor="bob")
    await house.scan()
    now = await let_go(house)
    assert now.id == known.id
    assert (now.state, now.approvals, house.world.effects) == (P.AWAITING_APPROVAL, (), [])
    assert "remediation.approvals_voided" in await house.actions()
    with pytest.raises(ConflictError, match="is asked about anew"):
        await approve(house.service, now.id, plan_digest=str(known.plan_digest), actor="ann")


async def test_what_waits_is_planned_anew_where_its_stack_is_read_elsewhere(house: House) -> None:
    """Nobody approved it yet; an old message shows the plan of the old place."""
    waiting = await house.the_open()
    moved = replace(await house.stack(), directory="/elsewhere", source="config")
    await sync_config(house.service, stacks=[moved], policies=[])
    await house.settle()
    now = await house.the_open()
    assert (now.id, now.state) == (waiting.id, P.AWAITING_APPROVAL)
    with pytest.raises(ConflictError, match="is asked about anew"):
        await reject(
            house.service, now.id, reason="no", plan_digest=waiting.plan_digest, actor="ann"
        )
    await approve(house.service, now.id, plan_digest=str(now.plan_digest), actor="ann")
    await house.settle()
    assert (await house.remediation(now.id)).state is P.CONVERGED


async def test_a_stack_that_is_read_elsewhere_while_it_is_planned(house: House) -> None:
    """The plan that is just being made is one of the old place: nobody is asked about it."""
    first = await house.the_open()
    await cancel(house.service, first.id, actor="ann")
    moved = replace(await house.stack(), directory="/elsewhere", source="config")

    async def is_read_elsewhere() -> None:
        await sync_config(house.service, stacks=[moved], policies=[])

    house.adapter.after_plan = is_read_elsewhere
    house.world.live[A]["size"] = 8
    await house.scan()
    await house.later(minutes=2)
    now = await house.the_open()
    assert (now.state, now.voided) == (P.AWAITING_APPROVAL, 1)
    page = await house.read(lambda view: view.audit.page(subject=now.id, limit=100))
    asked = [entry for entry in page.items if entry.action == "remediation.awaiting_approval"]
    assert len(asked) == 1


async def test_a_reason_that_is_new_before_anybody_approved(house: House) -> None:
    """Tried again, it has the same plan; what is to be known of it came since its first message."""
    first = await house.the_open()
    house.world.doubts = (ProviderDoubt("", "region is another one by now"),)
    await house.service.store.transact(
        lambda tx: move(tx, first, Event.GIVEN_UP, at=house.clock.now(), note="somebody looks")
    )
    await retry(house.service, first.id, reason="again", actor="ann")
    await house.settle()
    now = await house.the_open()
    assert (now.id, now.state) == (first.id, P.AWAITING_APPROVAL)
    with pytest.raises(ConflictError, match="is asked about anew"):
        await approve(house.service, now.id, plan_digest=str(first.plan_digest), actor="ann")


async def test_a_reason_that_is_gone_leaves_the_approval(house: House) -> None:
    house.world.doubts = (ProviderDoubt("", "region is another one by now"),)
    known = await approved_and_held(house)
    shown = await let_go(house)
    assert (shown.id, "region is another one" in str(shown.note)) == (known.id, True)
    await approved_and_held(house)
    house.world.doubts = ()
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    assert (await house.remediation(known.id)).state is P.CONVERGED


async def test_a_provider_that_came_into_doubt(house: House) -> None:
    await approved_and_held(house)
    house.world.doubts = (ProviderDoubt("", "region is another one by now"),)
    now = await let_go(house)
    assert (now.state, house.world.effects) == (P.AWAITING_APPROVAL, [])
    assert "region is another one by now" in str(now.note)
    assert "remediation.approvals_voided" in await house.actions()


async def test_another_state_beside_a_doubt_that_was_shown(house: House) -> None:
    """What was shown of the stack hides no second reason, though it comes first."""
    house.world.doubts = (ProviderDoubt("", "region is another one by now"),)
    await approved_and_held(house)
    shown = await let_go(house)
    await approved_and_held(house)
    house.world.lineage = "another"
    now = await let_go(house)
    assert (now.id, now.state, house.world.effects) == (shown.id, P.AWAITING_APPROVAL, [])
    assert "the state is another one" in str(now.note)


async def test_a_doubt_that_was_shown_and_is_told_in_other_words(house: House) -> None:
    """Each answer of a cloud has its own number, and what it is about is the same."""
    told = "the scan is incomplete: thing.b could not be read (denied, RequestID: {})"
    house.world.doubts = (ProviderDoubt("", told.format("7f3a")),)
    await approved_and_held(house)
    shown = await let_go(house)
    assert (shown.state, told.format("7f3a") in str(shown.note)) == (P.AWAITING_APPROVAL, True)
    await approved_and_held(house)
    house.world.doubts = (ProviderDoubt("", told.format("901c")),)
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    assert (await house.remediation(shown.id)).state is P.CONVERGED


async def test_an_unasked_correction_of_another_state(house: House) -> None:
    waiting = await house.the_open()
    await cancel(house.service, waiting.id, actor="ann")
    await house.put(replace(MANUAL, action_type=ActionType.AUTO_CORRECT))
    house.world.live[A]["size"] = 8
    await hold(house.service, by="ann", stack=SHOP)
    await house.scan()
    await house.scan(minutes=2)
    house.world.lineage = "another"
    now = await let_go(house)
    assert (now.state, house.world.effects) == (P.AWAITING_APPROVAL, [])
    assert "the state is another one" in str(now.note)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"approvals": 2}, "this plan needs 2 approvals (1 of 2 approvals)"),
        ({"approvals_to_delete": 2}, None),
    ],
)
async def test_limits_that_ask_for_more_by_now(
    house: House, limits: dict[str, int], why: str | None
) -> None:
    known = await approved_and_held(house)
    house.limit(**limits)
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    now = await house.remediation(known.id)
    assert now.state is (P.CONVERGED if why is None else P.AWAITING_APPROVAL)
    assert why is None or (now.note, house.world.effects) == (why, [])


async def test_the_approval_of_another_policy_of_the_stack(house: House) -> None:
    """Two policies about one stack: what one person approved is one plan of one of them."""
    known = await approved_and_held(house)
    await house.put(replace(MANUAL, policy_id=PolicyId("second"), name="second"))
    house.world.live[B]["size"] = 9
    await house.scan()
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    assert (await house.remediation(known.id)).state is P.CONVERGED
    other = await house.the_open()
    assert (other.state, other.addresses, other.approvals) == (P.AWAITING_APPROVAL, (B,), ())
    assert house.world.live[B]["size"] == 9


async def test_two_people_at_once_get_one_decision(house: House) -> None:
    waiting = await house.the_open()
    digest = str(waiting.plan_digest)
    said = await asyncio.gather(
        reject(house.service, waiting.id, reason="no", actor="bob"),
        approve(house.service, waiting.id, plan_digest=digest, actor="ann"),
        reject(house.service, waiting.id, reason="no", actor="eve"),
        return_exceptions=True,
    )
    refused = [one for one in said if isinstance(one, ConflictError)]
    assert [one.code for one in refused] == ["not-awaiting"] * 2
    assert all(one.remedy is None or "ann approved it" in one.remedy for one in refused)
    await house.settle()
    (state,) = {(await house.remediation(waiting.id)).state} & {P.REJECTED, P.CONVERGED}
    assert bool(house.world.effects) == (state is P.CONVERGED)


@pytest.mark.parametrize("second", ["bob", "ann"])
async def test_two_people_at_once_where_two_are_needed(house: House, second: str) -> None:
    """The second presses while a plan is made for the first; the first twice is one person."""
    house.limit(approvals=2)
    waiting = await house.the_open()
    digest, refused = str(waiting.plan_digest), []

    async def presses() -> None:
        try:
            await approve(house.service, waiting.id, plan_digest=digest, actor=second)
        except ConflictError as error:
            refused.append(error.code)

    house.adapter.after_plan = presses
    await approve(house.service, waiting.id, plan_digest=digest, actor="ann")
    await house.settle()
    now = await house.remediation(waiting.id)
    assert {each.person for each in now.approvals} == {"ann", second}
    assert now.state is (P.CONVERGED if second == "bob" else P.AWAITING_APPROVAL)
    assert len(house.world.effects) == (second == "bob")
    assert refused == ([] if second == "bob" else ["not-awaiting"])


async def test_an_approval_while_newer_drift_comes_in(house: House) -> None:
    known = await approved_and_held(house)
    house.world.live[A]["size"] = 7
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    assert (await house.remediation(known.id)).state is P.SUPERSEDED
    assert house.world.effects == []


@pytest.mark.parametrize(
    ("is_newest", "accepted_new"), [(False, False), (False, True), (True, False), (True, True)]
)
async def test_an_approval_in_a_backup_that_was_put_back(
    house: House, *, is_newest: bool, accepted_new: bool
) -> None:
    """It may have been rejected since; a service may accept a new one at each of its starts."""
    known = await approved_and_held(house)
    folder = house.service.runs.parent
    keepsakes = Keepsakes(house.service.store, folder, b"k" * 32)
    if is_newest or accepted_new:
        await keepsakes.write()
    if accepted_new and not is_newest:
        mark = read_mark(folder)
        assert mark is not None
        write_mark(folder, replace(mark, seq=mark.seq + 9))
    await keepsakes.start(house.clock, accepted_new=accepted_new)
    await keepsakes.close()
    now = await house.remediation(known.id)
    assert bool(now.approvals) == is_newest
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    end = P.CONVERGED if is_newest else P.AWAITING_APPROVAL
    assert (await house.remediation(known.id)).state is end
    assert bool(house.world.effects) == is_newest


@pytest.mark.parametrize("step", [timedelta(days=-30), timedelta(days=30)])
async def test_a_clock_that_is_set_is_no_approval(house: House, *, step: timedelta) -> None:
    waiting = await house.the_open()
    house.clock.move(seconds=step.total_seconds())
    await house.later(seconds=1)
    assert house.world.effects == []
    known = await house.remediation(waiting.id)
    assert known.state is (P.EXPIRED if step > timedelta() else P.AWAITING_APPROVAL)
