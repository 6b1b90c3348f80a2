"""One alert per cause: what joins it, leaves it, and goes on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.model import StackName
from reconciler.engine.suppression import ignore
from reconciler.notify.text import headline, lines
from tests.fake_world import World
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import MANUAL, A, B, House, open_house, selecting


async def test_the_same_change_in_forty_stacks_is_one_alert_with_forty_members(
    tmp_path: Path,
) -> None:
    names = [StackName(f"s{number:02}") for number in range(40)]
    worlds = {name: World.in_sync(a={"size": 1}) for name in names}
    async with open_house(tmp_path, worlds) as house:
        board = listen(house)
        await begin(house)
        for name in names:
            worlds[name].live[A] = {"size": 9}
            await house.scan(name, seconds=0.1)
        await tell(house)
        await tell(house)
        (notice,) = board.open
        assert (notice.total, notice.still_open, board.posted) == (40, 40, 1)
        assert (notice.title, notice.stacks) == ("40 stacks: 40 thing drifted", tuple(names))
        for name in names[:39]:
            worlds[name].live[A] = {"size": 1}
            await house.scan(name, seconds=0.1)
        await tell(house, minutes=2)
        (notice,) = board.open
        assert (notice.total, notice.still_open) == (40, 1)
        worlds[names[39]].live[A] = {"size": 1}
        await house.scan(names[39], seconds=0.1)
        await tell(house, seconds=1)
        assert board.open == []


async def test_an_approval_in_another_stack_opens_nothing_where_only_drift_is_new(
    tmp_path: Path,
) -> None:
    asking, quiet = StackName("asking"), StackName("quiet")
    worlds = {name: World.in_sync(a={"size": 1}) for name in (asking, quiet)}
    async with open_house(tmp_path, worlds) as house:
        events = frozenset({"remediation.awaiting_approval"})
        theirs = listen(house, "theirs", stacks=("asking",), events=events)
        others = listen(house, "others", stacks=("quiet",), events=events)
        await house.put(selecting(MANUAL, stack="asking"))
        await begin(house)
        for name in (asking, quiet):  # followed together, as one alert of two members
            worlds[name].live[A] = {"size": 9}
            await house.scan(name)
        await house.settle()
        await tell(house)
        await tell(house)
        assert [len(board.open) for board in (theirs, others)] == [1, 0]


async def test_a_further_edit_by_hand_goes_on_with_the_same_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    await drift(house, size=11)
    await tell(house, minutes=2)
    (notice,) = board.open
    assert len(board.shown) == 1
    assert notice.members[0].changes[0].live == "11"


async def test_a_member_with_another_change_leaves_the_others(house: House) -> None:
    board = listen(house)
    await begin(house)
    house.world.live[A] = house.world.live[B] = {"size": 9}
    await house.scan()
    await tell(house)
    await tell(house)
    (notice,) = board.open
    assert notice.total == 2
    await drift(house, B, size=11)
    await tell(house, minutes=2)
    await tell(house, minutes=2)
    assert sorted((notice.total, notice.still_open) for notice in board.open) == [(1, 1), (1, 1)]


@pytest.mark.parametrize("joins_first", [True, False])
async def test_who_joins_and_who_leaves_in_one_look_leave_each_cause_its_own_alert(
    tmp_path: Path, *, joins_first: bool
) -> None:
    names = [StackName(name) for name in ("first", "second", "third")]
    worlds = {name: World.in_sync(a={"size": 1}) for name in names}
    first, second, third = names

    async def drifts(name: StackName, size: int) -> None:
        worlds[name].live[A] = {"size": size}
        await house.scan(name, seconds=0.1)

    async with open_house(tmp_path, worlds) as house:
        board = listen(house)
        await begin(house)
        await drifts(first, 9)
        await tell(house)
        await tell(house)
        steps = [(second, 9), (first, 11)]
        for name, size in steps if joins_first else reversed(steps):
            await drifts(name, size)
        await tell(house)
        await drifts(third, 9)
        await tell(house, minutes=2)
        await tell(house, minutes=2)
        said = {
            member.changes[0].live: {each.stack for each in notice.members if each.state == "open"}
            for notice in board.open
            for member in notice.members
            if member.state == "open"
        }
        assert said == {"9": {second, third}, "11": {first}}
        assert len(board.open) == 2


async def test_who_is_left_alone_in_one_look_goes_on_with_the_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    house.world.live[A] = house.world.live[B] = {"size": 9}
    await house.scan()
    await tell(house)
    await tell(house)
    (before,) = board.open
    house.world.live[A] = {"size": 1}
    await house.scan()
    await drift(house, B, size=11)
    await tell(house, minutes=2)
    await tell(house, minutes=2)
    assert [notice.alert_id for notice in board.open] == [before.alert_id]


@pytest.mark.parametrize(
    ("members", "ignored", "mark"), [(45, 21, "resolved"), (21, 21, "ignored")]
)
async def test_of_many_members_all_that_are_ignored_are_counted(
    tmp_path: Path, *, members: int, ignored: int, mark: str
) -> None:
    names = [StackName(f"s{number:02}") for number in range(members)]
    worlds = {name: World.in_sync(a={"size": 1}) for name in names}
    async with open_house(tmp_path, worlds) as house:
        board = listen(house)
        await begin(house)
        for name in names:
            worlds[name].live[A] = {"size": 9}
            await house.scan(name, seconds=0.1)
        await tell(house)
        await tell(house)
        found = {name: (await house.findings(name))[0].id for name in names}
        # The first by id are the twenty that a message names.
        left = sorted(found.values())[:ignored]
        for name, finding_id in found.items():
            if finding_id in left:
                await ignore(house.service, finding_id, reason="known", actor="ana")
            else:
                worlds[name].live[A] = {"size": 1}
                await house.scan(name, seconds=0.1)
        await tell(house)
        (notice,) = board.shown.values()
        assert (notice.is_over, len(notice.members), notice.ignored) == (True, 20, ignored)
        assert headline(notice).startswith(f"[{mark}]")
        said = f"{ignored} are ignored, not corrected: their drift is still there."
        assert said in list(lines(notice))
