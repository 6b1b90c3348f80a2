"""What moves along with a change, and what an update chose, by a provider's preview. Pure."""

from __future__ import annotations

import pytest

from iac_adapters.pulumi.after_update import chosen_places
from iac_adapters.pulumi.along import moving_along
from iac_adapters.pulumi.loaded import Recorded
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.values import UNKNOWN_TEXT, RawProperties

ASKED = {"value": "two"}
BEFORE = {"value": "one", "rev": 1, "arn": "a", "meta": {"stamp": "s1"}}
PLANNED = {**BEFORE, "value": "two", "rev": UNKNOWN_TEXT, "meta": {"stamp": UNKNOWN_TEXT}}
LEFT = {"value": "two", "rev": 2, "arn": "a", "meta": {"stamp": "s2"}}


def chosen(left: RawProperties, *, seen: RawProperties = BEFORE) -> set[tuple[str | int, ...]]:
    return set(chosen_places(PLANNED, Recorded("id", ASKED, left), before=BEFORE, seen=seen))


def test_an_update_chose_what_its_preview_leaves_open_and_was_written_anew() -> None:
    assert chosen(LEFT) == {("rev",), ("meta", "stamp")}


def test_what_stands_as_it_was_last_seen_was_not_chosen() -> None:
    assert chosen(LEFT, seen={**BEFORE, "rev": 2}) == {("meta", "stamp")}


@pytest.mark.parametrize("value", ["one", "by hand"])
def test_a_record_that_has_not_what_was_previewed_comes_of_no_such_update(value: str) -> None:
    assert chosen({**LEFT, "value": value}) == set()


def test_a_provider_that_cannot_preview_tells_nothing() -> None:
    assert chosen_places(None, Recorded("id", ASKED, LEFT), before=BEFORE, seen=BEFORE) == ()


def test_what_no_preview_announces_was_not_chosen() -> None:
    assert chosen({**LEFT, "arn": "by hand"}) == {("rev",), ("meta", "stamp")}


def test_an_update_moves_what_its_preview_leaves_open_or_gives_another_value() -> None:
    live = {**BEFORE, "rev": 7, "zones": ["b", "a"], "empty": ""}
    planned = {**PLANNED, "arn": "b", "zones": ["a", "b"], "empty": None}
    moving = moving_along(planned, ReadAnswer("id", live, None))
    assert set(moving) == {("value",), ("rev",), ("arn",), ("meta", "stamp")}
