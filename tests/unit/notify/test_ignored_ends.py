"""The end of an alert whose drift is ignored does not look as one that was corrected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.alerts import AlertState
from reconciler.domain.notices import Notice
from reconciler.engine.digests import digest_of
from reconciler.notify import apprise, slack, teams
from reconciler.notify.text import headline, lines
from tests.unit.notify.notices import AT, MEMBER, notice, over

RESOLVED = over()
IGNORED = replace(over(), alert_id="a2", members=(replace(MEMBER, state="ignored"),), ignored=1)
PARTLY = replace(IGNORED, alert_id="a3", total=2)


@pytest.mark.parametrize(
    ("shown", "mark", "colour", "sort"),
    [
        (notice(), ":warning:", "attention", "failure"),
        (RESOLVED, ":white_check_mark:", "good", "success"),
        (PARTLY, ":white_check_mark:", "good", "success"),
        (IGNORED, ":no_bell:", "default", "info"),
        (digest_of([IGNORED], at=AT), ":no_bell:", "default", "info"),
        (digest_of([IGNORED, RESOLVED], at=AT), ":white_check_mark:", "good", "success"),
    ],
)
def test_each_service_tells_them_apart(shown: Notice, mark: str, colour: str, sort: str) -> None:
    first = slack.message_of(shown)["blocks"][0]["text"]["text"]
    assert first.startswith(f"{mark} *")
    card = teams.message_of(shown)["attachments"][0]["content"]
    assert card["body"][0]["inlines"][0]["color"] == colour
    assert apprise.message_of(shown)["type"] == sort


def test_a_digest_counts_apart_what_is_ignored() -> None:
    digest = digest_of([notice(), IGNORED, PARTLY, replace(IGNORED, alert_id="a4")], at=AT)
    assert digest.title == "digest: 1 alert open, 1 resolved, 2 ignored"
    assert [member.state for member in digest.members] == [
        "open", "ignored", "resolved", "ignored",
    ]  # fmt: skip
    said = list(lines(digest))
    assert said[0] == "At 2026-11-28 12:00 UTC."
    assert sum(line.endswith(" 0 of 1, ignored") for line in said) == 2
    assert digest_of([notice(), RESOLVED], at=AT).title == "digest: 1 alert open, 1 resolved"


def test_a_digest_of_nothing_but_ignored_drift_resolved_nothing() -> None:
    digest = digest_of([IGNORED], at=AT)
    assert digest.state is AlertState.RESOLVED
    assert headline(digest) == "[ignored] digest: 0 alerts open, 0 resolved, 1 ignored"
