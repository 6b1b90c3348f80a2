"""A stack that no scan verifies is an alert until one does."""

from __future__ import annotations

from datetime import timedelta

from reconciler.domain.errors import RetryableError
from reconciler.domain.model import StackName
from reconciler.domain.records import Health
from reconciler.engine import stacks
from reconciler.engine.config_file import sync_config
from reconciler.engine.stacks import StackDraft
from reconciler.stores import Transaction
from tests.unit.engine.board import begin, listen, tell
from tests.unit.engine.house import SHOP, A, House, stack_record


async def test_a_stack_that_fails_is_an_alert_until_it_is_verified(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    house.world.refuses_load = RetryableError("no credentials")
    await house.scan()
    stack = await house.stack()
    assert stack.health is Health.ERROR
    await tell(house)
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop cannot be verified"
    house.world.refuses_load = None
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_a_stack_that_nobody_verifies_any_more_is_an_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    await tell(house, minutes=44)
    await tell(house, minutes=2)
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop cannot be verified"
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_a_daemon_that_was_down_for_days_has_an_interval_to_verify_its_stacks(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    house.clock.move(days=2)
    house.service.started_at = house.clock.now()
    await tell(house)
    await tell(house, minutes=14)
    assert board.shown == {}, "old news, in the first interval after the start"
    await tell(house, minutes=2)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop cannot be verified"]


async def test_a_start_ends_no_alert_of_a_stack_that_is_still_unverified(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    await tell(house, minutes=46)
    await tell(house)
    (before,) = board.open
    house.service.started_at = house.clock.now()
    house.world.unreadable = {A}
    await house.scan()
    await tell(house)
    assert [notice.alert_id for notice in board.open] == [before.alert_id]
    await tell(house, minutes=16)
    await tell(house)
    assert list(board.shown) == [before.alert_id], "no second alert of the same days"


async def test_a_scan_that_verifies_nothing_after_a_start_is_no_alert_in_its_first_interval(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    house.clock.move(days=2)
    house.service.started_at = house.clock.now()
    house.world.unreadable = {A}
    await house.scan()
    await tell(house)
    await tell(house)
    assert board.shown == {}


async def test_a_clock_that_was_set_back_after_the_start_does_not_end_that_watch(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    house.service.started_at = house.clock.now() + timedelta(days=300)
    await tell(house, minutes=46)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop cannot be verified"]


async def register(house: House) -> None:
    """Let trueup.toml name `shop` for the first time."""
    await sync_config(house.service, stacks=[], policies=[])
    await sync_config(house.service, stacks=[stack_record()], policies=[])


async def test_a_stack_that_was_never_verified_is_an_alert_after_three_intervals(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await register(house)
    house.world.unreadable = {A}
    await house.scan()
    assert (await house.stack()).health is Health.INCOMPLETE
    await tell(house, minutes=44)
    await tell(house)
    assert board.shown == {}
    await tell(house, minutes=2)
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop cannot be verified"
    assert str(notice.members[0].reason).endswith("three of its intervals (never verified)")
    house.world.unreadable = set()
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_a_start_before_the_first_verification_leaves_time_for_a_slow_first_scan(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    quick = stack_record(interval=timedelta(seconds=10))
    await sync_config(house.service, stacks=[], policies=[])
    await sync_config(house.service, stacks=[quick], policies=[])
    house.clock.move(minutes=30)
    house.service.started_at = house.clock.now()
    await tell(house, minutes=9)
    await tell(house)
    assert board.shown == {}, "its first scan may install providers"
    await tell(house, minutes=1)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop cannot be verified"]


async def test_a_stack_whose_first_scan_never_ends_is_an_alert_after_three_intervals(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await register(house)
    await tell(house, minutes=46)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop cannot be verified"]


async def test_an_interval_that_is_changed_begins_no_new_wait_for_a_first_verification(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    await register(house)
    await tell(house, minutes=40)
    changed = stack_record(interval=timedelta(minutes=14))
    await sync_config(house.service, stacks=[changed], policies=[])
    await tell(house, minutes=3)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop cannot be verified"]


async def test_a_stack_of_the_api_counts_from_its_registration(house: House) -> None:
    await house.service.store.transact(lambda tx: tx.stacks.remove(SHOP))
    board = listen(house)
    await begin(house)
    draft = StackDraft("/stacks/web", interval=timedelta(minutes=5))
    made = await stacks.register(house.service, draft, actor="ann")
    assert made.registered_at == house.clock.now()
    await tell(house, minutes=14)
    assert board.shown == {}
    await tell(house, minutes=2)
    await tell(house)
    assert [notice.title for notice in board.open] == ["web cannot be verified"]


async def test_a_stack_of_before_that_no_scan_ever_verified_counts_from_the_next_start(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    of_api = stack_record(StackName("web"), source="api")
    lent = stack_record(StackName("lent"), source="embedded")

    def keep(tx: Transaction) -> None:
        for stack in (stack_record(), of_api, lent):
            assert stack.registered_at is None
            tx.stacks.put(stack)

    await house.service.store.transact(keep)
    await sync_config(house.service, stacks=[stack_record()], policies=[])  # as a start does
    await tell(house, minutes=44)
    await sync_config(house.service, stacks=[stack_record()], policies=[])
    assert board.shown == {}
    await tell(house, minutes=2)
    await tell(house)
    told = sorted(notice.title for notice in board.open)
    assert told == ["shop cannot be verified", "web cannot be verified"]
