"""A test of a channel goes the way of every alert, and is shown and ended once."""

from __future__ import annotations

import pytest

from reconciler.domain.errors import NotFoundError, RetryableError
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.delivering import deliver_due
from tests.unit.engine.board import listen, tell
from tests.unit.engine.house import House


async def test_a_test_of_a_slow_channel_sends_each_message_once(house: House) -> None:
    board = listen(house)
    # The chore that sends what is due runs every second, and the channel takes longer.
    board.meanwhile = lambda: deliver_due(house.service)
    tried = await try_channel(house.service, "ops", actor="ana")
    board.meanwhile = None
    assert (tried.error, board.posted, board.open) == (None, 2, [])
    await tell(house, hours=1)
    assert board.posted == 2


async def test_a_test_of_a_channel_is_shown_and_ended(house: House) -> None:
    board = listen(house)
    tried = await try_channel(house.service, "ops", actor="ana")
    assert tried.error is None
    (notice,) = board.shown.values()
    assert notice.is_over
    assert board.posted == 2
    assert "channel.tested" in await house.actions()
    board.failures = [RetryableError("away")]
    tried = await try_channel(house.service, "ops", actor="ana")
    assert tried.error == "away"
    with pytest.raises(NotFoundError, match="no channel pager"):
        await try_channel(house.service, "pager", actor="ana")
