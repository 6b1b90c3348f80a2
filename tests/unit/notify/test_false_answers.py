"""A 200 that is not the service's: an error in its body, or the page of a proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.notify.addresses import open_channel
from tests.unit.notify.notices import notice
from tests.unit.notify.places import pager, room, teams
from tests.unit.notify.trackers import TRACKERS, at

PAGE = b"<!doctype html><title>Sign in</title>"
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize("made", [pager, room, teams], ids=lambda made: made.__name__)
async def test_a_login_page_is_no_message_that_was_taken(made: Any, tmp_path: Path) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        place.fickle.failures.append(((200, HTML, PAGE), False))
        with pytest.raises(RetryableError, match="not that of the service") as failed:
            await channel.show(notice(), {})
        assert "login page" in (failed.value.remedy or "")
        assert place.open() == 0
        await channel.show(notice(), {})
        assert place.open() == 1
        await channel.close()


@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda given: given[0])
async def test_a_login_page_is_no_ticket_that_was_opened(tracker: Any) -> None:
    _, made, url, wrong = tracker
    with at(made(), url, wrong) as place:
        channel = place.channel()
        for calls in range(3):
            place.fickle.failures = [((200, HTML, PAGE), False)]
            with pytest.raises(RetryableError, match="not that of the service"):
                await channel.show(notice(alert_id=f"a{calls}", cause=f"c{calls}"), {})
        assert place.desk.issues == []
        await channel.close()


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'{"message": "hello"}'])
@pytest.mark.parametrize("made", [pager, room], ids=lambda made: made.__name__)
async def test_json_of_somebody_else_is_asked_again_later(
    made: Any, tmp_path: Path, body: bytes
) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        place.fickle.failures.append(((200, {}, body), False))
        with pytest.raises(RetryableError):
            await channel.show(notice(), {})
        await channel.close()


async def test_what_slack_refuses_with_200_is_refused_and_what_it_delays_is_not(
    tmp_path: Path,
) -> None:
    with room(tmp_path) as place:
        assert place.fickle is not None
        channel = open_channel(place.address())
        for error, kind in (("is_archived", PermanentError), ("ratelimited", RetryableError)):
            answer = f'{{"ok": false, "error": "{error}"}}'.encode()
            place.fickle.failures.append(((200, {}, answer), False))
            with pytest.raises(kind, match=error):
                await channel.show(notice(), {})
        await channel.close()


async def test_a_connector_of_teams_that_failed_with_200_is_asked_again(tmp_path: Path) -> None:
    said = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned 429"
    with teams(tmp_path) as place:
        assert place.fickle is not None
        channel = open_channel(place.address())
        place.fickle.failures.append(((200, {}, said), False))
        with pytest.raises(RetryableError):
            await channel.show(notice(), {})
        await channel.close()
