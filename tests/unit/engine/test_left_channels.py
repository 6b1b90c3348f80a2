"""A channel that is renamed, moved or removed while it shows an alert: nothing stays unsaid."""

from __future__ import annotations

from reconciler.domain.subscriptions import Subscription
from reconciler.engine.left_channels import follow_channels, left_open
from reconciler.engine.reviving import try_again
from reconciler.engine.service import Channel
from tests.unit.engine.board import Board, begin, drift, listen, tell
from tests.unit.engine.house import A, House


async def shown(house: House) -> Board:
    """Let the channel `ops` show an alert."""
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    assert len(board.open) == 1
    return board


async def heal(house: House) -> None:
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house, minutes=2)


async def test_what_a_renamed_channel_shows_is_ended_under_its_new_name(house: House) -> None:
    board = await shown(house)
    house.service.channels = {"pager": Channel(Subscription("pager"), board)}
    notes = await follow_channels(house.service, renamed={"ops": "pager"}, moved=())
    assert notes == ("channel ops is pager now: what it shows is kept up to date there",)
    assert await left_open(house.service) == {}
    await heal(house)
    assert (board.open, len(board.shown)) == ([], 1)


async def test_what_is_open_is_shown_at_the_new_place_of_a_channel(house: House) -> None:
    former = await shown(house)
    board = listen(house)
    (note,) = await follow_channels(house.service, renamed={}, moved={"ops"})
    assert note.startswith("channel ops has another address: 1 open there before are shown at")
    await tell(house)
    assert (len(board.open), former.posted) == (1, 1)
    await heal(house)
    assert board.open == []


async def test_what_a_removed_channel_shows_is_said_and_ended_once_it_is_back(
    house: House,
) -> None:
    board = await shown(house)
    former, house.service.channels = house.service.channels, {}
    (note,) = await follow_channels(house.service, renamed={}, moved=())
    assert "still shows 1 alert as open: end them there by hand" in note
    await try_again(house.service)
    await heal(house)
    assert await left_open(house.service) == {"ops": 1}, "nothing ended it there"
    house.service.channels = former
    await try_again(house.service)
    await tell(house)
    assert board.open == []
    assert await left_open(house.service) == {}


async def test_nothing_is_said_of_a_channel_that_shows_nothing_as_open(house: House) -> None:
    await shown(house)
    await heal(house)
    house.service.channels = {}
    assert await follow_channels(house.service, renamed={}, moved={"ops"}) == ()
    assert await left_open(house.service) == {}
