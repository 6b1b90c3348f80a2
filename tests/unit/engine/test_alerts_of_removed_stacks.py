"""A stack that is removed takes its alerts with it: nothing is scanned that could end them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.errors import RetryableError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine import stacks
from reconciler.engine.config_file import sync_config
from reconciler.engine.decisions import approve
from reconciler.notify.text import lines
from tests.fake_world import World
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import MANUAL, QUARANTINE, SHOP, A, House, open_house, stack_record
from tests.unit.engine.test_paged_alerts import paged

EDGE = ResourceAddress("thing.edge")


async def fail(house: House) -> None:
    house.world.refuses_load = RetryableError("no credentials")
    await house.scan()


async def take_out(house: House) -> None:
    """Do what a reload does when a stack is not in trueup.toml any more."""
    await sync_config(house.service, stacks=[], policies=[])


async def test_the_alert_of_a_stack_that_fails_ends_when_it_leaves_the_settings(
    house: House,
) -> None:
    board = listen(house)
    async with paged(house) as pager:
        await begin(house)
        await fail(house)
        await tell(house)
        await tell(house)
        assert (len(board.open), len(pager.open)) == (1, 1)
        await take_out(house)
        await tell(house)
        await tell(house)
        assert (board.open, pager.open, len(pager.resolved)) == ([], {}, 1)
        (notice,) = board.shown.values()
        assert notice.title == "shop cannot be verified"
        assert "  why: the stack was removed from trueup" in list(lines(notice))


async def test_the_alert_of_a_stack_that_fails_ends_when_the_api_removes_it(house: House) -> None:
    await house.service.store.transact(lambda tx: tx.stacks.put(stack_record(source="api")))
    board = listen(house)
    await begin(house)
    await fail(house)
    await tell(house)
    await tell(house)
    assert len(board.open) == 1
    await stacks.remove(house.service, SHOP, actor="ann")
    await tell(house)
    assert board.open == []


async def test_the_alert_of_a_stack_that_nobody_verified_ends_when_it_is_removed(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    await tell(house, minutes=46)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop cannot be verified"]
    await take_out(house)
    await tell(house)
    await tell(house, hours=1)
    assert board.open == []
    assert len(board.shown) == 1


async def test_drift_and_what_waits_for_a_person_end_with_the_stack(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.put(MANUAL)
    await drift(house)
    await tell(house)
    await tell(house)
    assert len(board.open) == 1
    await take_out(house)
    await tell(house)
    assert board.open == []


async def test_a_release_that_waits_ends_with_the_stack(tmp_path: Path) -> None:
    world = World.in_sync(a={"size": 1}, edge={"port": 80})
    world.edges = {EDGE: A}
    async with open_house(tmp_path, {SHOP: world}) as house:
        await house.put(QUARANTINE)
        await drift(house)
        isolating = await house.the_open()
        digest = isolating.plan_digest or ""
        await approve(house.service, isolating.id, plan_digest=digest, actor="ann")
        await house.settle()
        board = listen(house)
        await begin(house)
        world.declared[EDGE] = {"port": 81}
        world.live[A] = {"size": 1}
        await house.scan()
        assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL
        await tell(house)
        await tell(house)
        titles = [notice.title for notice in board.open]
        assert titles == ["shop: thing.edge is not released from quarantine"]
        await take_out(house)
        await tell(house)
        assert board.open == []


@pytest.mark.parametrize("fails_again", [False, True])
async def test_a_stack_that_is_put_back_at_once_has_an_alert_only_if_it_fails(
    house: House, *, fails_again: bool
) -> None:
    board = listen(house)
    await begin(house)
    await fail(house)
    await tell(house)
    await tell(house)
    await take_out(house)
    await sync_config(house.service, stacks=[stack_record()], policies=[])
    if fails_again:
        await house.scan()
    await tell(house)
    await tell(house)
    assert len(board.open) == int(fails_again)


async def test_an_interval_that_is_changed_is_no_news_of_a_stack_that_fails(house: House) -> None:
    board = listen(house)
    await begin(house)
    await fail(house)
    await tell(house)
    await tell(house)
    posted = board.posted
    changed = stack_record(adaptive=True)
    await sync_config(house.service, stacks=[changed], policies=[])
    await tell(house, minutes=2)
    assert (len(board.open), board.posted) == (1, posted)
