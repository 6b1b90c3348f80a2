"""A channel that gave messages up is an alert on the others, until it takes one again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.domain.alerts import AlertId, Delivery
from reconciler.domain.channel_losses import lose, recover, severity_of
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Severity
from reconciler.domain.notices import Notice
from reconciler.engine.channel_states import channel_states
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.reviving import try_again
from tests.unit.engine.board import Board, beat, begin, drift, listen, tell
from tests.unit.engine.house import B, C, House

REFUSED = "channel dead: h answered 403"


def of_channels(board: Board) -> list[Notice]:
    """Return what a board shows as open about other channels."""
    return [notice for notice in board.open if notice.members[0].type == "channel"]


async def given_up(house: House, dead: Board) -> None:
    """Let a channel lose its first message."""
    dead.failures = [PermanentError(REFUSED)]
    await begin(house)
    await drift(house)
    for _ in range(4):
        await tell(house)


async def test_a_channel_that_gave_up_is_an_alert_on_the_others_until_it_takes_one(
    house: House,
) -> None:
    dead, pager = listen(house, "dead"), listen(house, "pager")
    await given_up(house, dead)
    (notice,) = of_channels(pager)
    assert (notice.title, notice.severity) == ("the channel dead shows no alerts", "high")
    assert notice.commands[0] == "trueup channel test dead"
    reason = notice.members[0].reason or ""
    assert reason.startswith("1 message was given up since 20")
    assert reason.endswith(REFUSED)
    assert of_channels(dead) == []
    dead.failures = [PermanentError("another reason")]
    await drift(house, B, size=7)
    await tell(house)
    await tell(house)
    await tell(house, minutes=2)
    (changed,) = of_channels(pager)
    assert changed.alert_id == notice.alert_id
    assert (changed.members[0].reason or "").startswith("2 messages were given up")
    assert (changed.members[0].reason or "").endswith("another reason")
    (state,) = [each for each in await channel_states(house.service) if each.name == "dead"]
    assert (state.lost, state.error) == (2, "another reason")
    await drift(house, C, size=5)
    for _ in range(3):
        await tell(house)
    assert of_channels(pager) == []
    assert pager.shown[notice.alert_id].is_over
    assert "channel.changed" in await house.events()
    (state,) = [each for each in await channel_states(house.service) if each.name == "dead"]
    assert (state.lost, state.lost_since, state.given_up) == (0, None, 2)


async def test_a_day_of_failures_is_told_by_the_others_once(house: House) -> None:
    dead, pager = listen(house, "dead"), listen(house, "pager")
    dead.failures = [RetryableError("away")] * 99
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    await tell(house, hours=12)
    assert of_channels(pager) == []
    await tell(house, hours=13)
    for _ in range(4):  # one message each half minute is tried, and then the others are told
        await tell(house, minutes=1)
    (notice,) = of_channels(pager)
    assert notice.severity == "high"
    assert len([each for each in pager.shown.values() if each.members[0].type == "channel"]) == 1


async def test_a_test_that_succeeds_ends_it_and_shows_what_was_given_up(house: House) -> None:
    dead, pager = listen(house, "dead"), listen(house, "pager")
    await given_up(house, dead)
    dead.failures = [PermanentError("still wrong")]
    assert (await try_channel(house.service, "dead", actor="ana")).error == "still wrong"
    await tell(house)
    (notice,) = of_channels(pager)
    assert (notice.members[0].reason or "").startswith("1 message"), "a test is no lost alert"
    assert (await try_channel(house.service, "dead", actor="ana")).error is None
    await tell(house)
    assert of_channels(pager) == []
    assert [each.title for each in dead.open] == ["shop: thing.a drifted"]


async def test_a_test_that_fails_raises_no_alert(house: House) -> None:
    dead, pager = listen(house, "dead"), listen(house, "pager")
    await begin(house)
    dead.failures = [PermanentError("wrong key")]
    assert (await try_channel(house.service, "dead", actor="ana")).error == "wrong key"
    await tell(house)
    await tell(house)
    assert pager.shown == {}
    assert "channel.failed" not in await house.events()


async def test_a_restart_ends_no_such_alert_and_a_removed_channel_does(house: House) -> None:
    dead, pager = listen(house, "dead"), listen(house, "pager")
    await given_up(house, dead)
    dead.failures = [RetryableError("away")] * 9
    await try_again(house.service)
    await tell(house)
    await tell(house)
    assert len(of_channels(pager)) == 1
    channels = dict(house.service.channels)
    del channels["dead"]
    house.service.channels = channels
    await try_again(house.service)
    await tell(house)
    assert of_channels(pager) == []


async def test_channels_that_are_all_dead_do_not_tell_of_each_other_for_ever(house: House) -> None:
    boards = [listen(house, name) for name in ("one", "two")]
    for board in boards:
        board.failures = [PermanentError("refused")] * 99
    await begin(house)
    await drift(house)
    for _ in range(10):
        await tell(house, minutes=5)
        await house.scan()
    # Each refused the drift, and the alert about the other channel.
    assert [board.asked for board in boards] == [2, 2]
    assert {each.lost for each in await channel_states(house.service)} == {2}
    for board in boards:
        board.failures = []
        await try_channel(house.service, "one" if board is boards[0] else "two", actor="ana")
    await tell(house)
    await tell(house)
    for board in boards:
        assert of_channels(board) == []


async def test_the_only_channel_that_is_dead_says_so_by_its_state_and_an_event(
    house: House,
) -> None:
    dead = listen(house, "dead")
    await given_up(house, dead)
    assert dead.asked == 1
    (state,) = await channel_states(house.service)
    assert (state.lost, state.error) == (1, REFUSED)
    assert state.lost_since is not None
    assert (await house.events()).count("channel.failed") == 1


async def test_who_hears_of_a_dead_channel_is_configured_as_of_any_event(house: House) -> None:
    dead = listen(house, "dead")
    of_a_stack = listen(house, "of_a_stack", stacks=("bill*",))
    asked = listen(house, "asked", events=frozenset({"channel.failed"}))
    unasked = listen(house, "unasked", events=frozenset({"stack.error"}))
    grave = listen(house, "grave", min_severity=Severity.CRITICAL)
    await given_up(house, dead)
    heard = [len(of_channels(board)) for board in (of_a_stack, asked, unasked, grave)]
    assert heard == [1, 1, 0, 0]
    assert len(asked.shown) == 1


async def test_a_heartbeat_that_is_refused_for_good_is_a_lost_message_once(house: House) -> None:
    dead = listen(house, "dead", heartbeat=timedelta(days=1))
    pager = listen(house, "pager")
    await begin(house)
    await house.scan()
    dead.failures = [PermanentError("wrong key")] * 2
    for _ in range(2):
        await beat(house)
        await tell(house, minutes=2)
        await tell(house)
        await house.scan()
    (notice,) = of_channels(pager)
    assert (notice.members[0].reason or "").startswith("1 message was")
    house.clock.move(hours=1)
    await house.scan()
    await beat(house)
    await tell(house)
    assert of_channels(pager) == []


@pytest.mark.parametrize("severity", Severity)
def test_a_loss_is_as_severe_as_the_worst_alert_that_was_lost(severity: Severity) -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    failed = Delivery("ops", AlertId("a"), next_at=at, error="no")
    loss = lose(None, failed, severity=severity, at=at)
    more = lose(loss, failed, severity=Severity.LOW, at=at + timedelta(hours=1))
    assert severity_of(more) == max(severity, Severity.HIGH)
    assert (more.attempts, more.failing_since) == (2, at)
    again = lose(recover(more, at=at), failed, severity=Severity.LOW, at=at)
    assert (again.attempts, severity_of(again)) == (1, Severity.HIGH)
