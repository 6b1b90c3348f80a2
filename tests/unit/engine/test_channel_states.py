"""How channels stand beside what they owe: whether any stack is theirs."""

from __future__ import annotations

from reconciler.engine.channel_states import channel_states
from reconciler.engine.config_file import sync_config
from tests.unit.engine.board import listen
from tests.unit.engine.house import House


async def test_a_channel_whose_globs_match_no_stack_says_so(house: House) -> None:
    for name, globs in (("all", ()), ("day", ("sh*",)), ("night", ("prdo-*",))):
        listen(house, name, stacks=globs)
    states = await channel_states(house.service)
    assert [each.name for each in states if each.matches_no_stack] == ["night"]
    await sync_config(house.service, stacks=[], policies=[])
    states = await channel_states(house.service)
    assert [each.name for each in states if each.matches_no_stack] == [], "nothing to match yet"
