"""One alert per cause, shown, kept up to date and ended, whatever channels do meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.domain.alerts import DEFAULT_EVENTS
from reconciler.domain.errors import RetryableError
from reconciler.domain.model import ResourceAddress, Severity
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import MANUAL, A, B, House, open_house


async def test_drift_is_one_alert_that_ends_when_it_heals(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    assert board.shown == {}, "the first message waits for others of its cause"
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop: thing.a drifted"
    (member,) = notice.members
    assert [(change.path, change.live) for change in member.changes] == [("size", "9")]
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house, seconds=1)
    assert board.open == []
    assert len(board.shown) == 1


async def test_what_drifted_before_there_were_channels_is_no_news(house: House) -> None:
    await drift(house)
    board = listen(house)
    await tell(house)
    await tell(house)
    assert board.shown == {}
    await drift(house, B)
    await tell(house)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop: thing.b drifted"]


async def test_a_drift_that_is_gone_before_its_time_is_never_shown(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house)
    await tell(house)
    assert board.shown == {}


async def test_the_same_drift_later_is_another_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    for _ in range(2):
        await drift(house)
        await tell(house)
        await tell(house)
        house.world.live[A] = {"size": 1}
        await house.scan()
        await tell(house)
    assert len(board.shown) == 2
    assert board.open == []


async def test_who_waits_for_a_person_says_so(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.put(MANUAL)
    await drift(house)
    await tell(house)
    await tell(house, minutes=2)
    (notice,) = board.open
    standing = notice.members[0].remediation
    assert standing is not None
    assert standing.startswith("awaiting approval")
    (waiting,) = await house.remediations()
    assert waiting.id in standing


async def test_channels_hear_only_what_they_ask_for(house: House) -> None:
    grave = listen(house, "grave", min_severity=Severity.CRITICAL)
    others = listen(house, "others", stacks=("bill*",))
    approvals = listen(house, "approvals", events=frozenset({"remediation.awaiting_approval"}))
    everything = listen(house, "all", stacks=("sh*",), events=DEFAULT_EVENTS)
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    assert [len(board.open) for board in (grave, others, approvals, everything)] == [0, 0, 0, 1]


_STEPS = st.lists(
    st.tuples(st.sampled_from([A, B]), st.integers(1, 3), st.integers(1, 200), st.booleans()),
    max_size=12,
)


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking opens a store each time
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_STEPS)
async def test_in_the_end_a_channel_shows_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[ResourceAddress, int, int, bool]]
) -> None:
    async with open_house(tmp_path_factory.mktemp("alerts")) as house:
        board = listen(house)
        await begin(house)
        for address, size, seconds, fails in steps:
            if fails:
                board.failures.append(RetryableError("away"))
            await drift(house, address, size)
            await tell(house, seconds=seconds)
        board.failures.clear()  # each would leave the channel alone for a while
        for _ in range(4):
            await tell(house, hours=2)
            await house.scan()
        open_now = {
            (record.address, str(record.details["changes"][0]["live"]))
            for record in await house.findings()
        }
        said = {
            (member.address, member.changes[0].live)
            for notice in board.open
            for member in notice.members
            if member.type != "stack" and member.state == "open"
        }
        assert said == open_now
