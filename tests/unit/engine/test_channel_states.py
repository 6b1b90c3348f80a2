"""How channels stand beside what they owe: whether any stack is theirs."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.errors import PermanentError
from reconciler.domain.notices import Notice
from reconciler.engine.channel_states import channel_states
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.config_file import sync_config
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import House
from tests.unit.engine.test_paged_alerts import paged


async def test_a_channel_whose_globs_match_no_stack_says_so(house: House) -> None:
    for name, globs in (("all", ()), ("day", ("sh*",)), ("night", ("prdo-*",))):
        listen(house, name, stacks=globs)
    states = await channel_states(house.service)
    assert [each.name for each in states if each.matches_no_stack] == ["night"]
    await sync_config(house.service, stacks=[], policies=[])
    states = await channel_states(house.service)
    assert [each.name for each in states if each.matches_no_stack] == [], "nothing to match yet"


async def test_a_channel_whose_last_test_failed_says_so_until_it_takes_a_message(
    house: House,
) -> None:
    board = listen(house)
    await begin(house)
    for reason in ("wrong key", "wrong room"):
        board.failures = [PermanentError(reason)]
        await try_channel(house.service, "ops", actor="ana")
    (state,) = await channel_states(house.service)
    assert (state.failed_test, state.given_up) == ("wrong room", 0), "a test is no lost alert"
    house.clock.move(seconds=1)
    await try_channel(house.service, "ops", actor="ana")
    (state,) = await channel_states(house.service)
    assert (state.failed_test, state.shown) == (None, 1)
    (shown,) = board.shown.values()
    assert (shown.is_over, shown.members[0].state) == (True, "resolved")
    board.failures = [PermanentError("wrong key")]
    house.clock.move(seconds=1)
    await try_channel(house.service, "ops", actor="ana")
    await drift(house)
    await tell(house, seconds=1)
    (state,) = await channel_states(house.service)
    assert state.failed_test == "wrong key"
    await tell(house)
    (state,) = await channel_states(house.service)
    assert (state.failed_test, state.shown) == (None, 2)


async def test_a_channel_that_took_a_test_and_not_its_end_says_so(house: House) -> None:
    async with paged(house) as pager:
        notifier = house.service.channels["pager"].notifier
        show = notifier.show

        async def fails_at_the_end(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
            if notice.is_over:
                raise PermanentError("the key is refused")
            return await show(notice, receipt)

        notifier.show = fails_at_the_end  # type: ignore[method-assign]
        tried = await try_channel(house.service, "pager", actor="ana")
        assert (tried.error, tried.left_open) == ("the key is refused", True)
        assert len(pager.open) == 1
        (state,) = await channel_states(house.service)
        assert state.failed_test == "the key is refused"
        notifier.show = show  # type: ignore[method-assign]
        house.clock.move(seconds=1)
        tried = await try_channel(house.service, "pager", actor="ana")
        assert (tried.error, tried.left_open) == (None, False)
        (state,) = await channel_states(house.service)
        assert state.failed_test is None
        await tell(house, seconds=1)
        assert pager.open == {}, "a test that succeeds ends what an earlier one left"


async def test_a_channel_that_took_nothing_of_a_test_left_nothing_open(house: House) -> None:
    board = listen(house)
    board.failures = [PermanentError("wrong key")]
    tried = await try_channel(house.service, "ops", actor="ana")
    assert (tried.error, tried.left_open) == ("wrong key", False)
