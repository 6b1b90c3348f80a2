"""A tracker that is another one than before: its tickets are not taken for ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.receivers.trackers import Desk
from tests.unit.notify.notices import notice, over
from tests.unit.notify.trackers import TRACKERS, at


@pytest.mark.parametrize(
    ("_", "made", "url", "wrong"), TRACKERS, ids=[each[0] for each in TRACKERS]
)
async def test_a_ticket_of_the_same_number_in_another_project_is_left_as_it_is(
    _: str, made: Callable[..., Desk], url: str, wrong: str
) -> None:
    with at(made(site="former.example"), url, wrong) as former, at(made(), url, wrong) as place:
        before, channel = former.channel(), place.channel()
        receipt = await before.show(notice(), {})
        theirs = place.desk.make("payroll is late", "please look", [])  # type: ignore[attr-defined]
        shown = await channel.show(notice(2), receipt)
        await channel.show(over(3), shown)
        await channel.show(replace(over(3), alert_id="a9"), receipt)
        assert (theirs.title, theirs.text, theirs.comments) == (
            "payroll is late",
            "please look",
            [],
        )
        assert theirs.is_open
        ours = place.desk.issues[1:]
        assert [issue.is_open for issue in ours] == [False]
        await before.close()
        await channel.close()
