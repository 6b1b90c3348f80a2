"""Which channels another trueup.toml renames, and which it leads to another place."""

from __future__ import annotations

import pytest

from reconciler.bootstrap.channel_changes import channel_changes
from reconciler.settings_channels import ChannelSettings


def ops(url: str, name: str = "ops") -> ChannelSettings:
    return ChannelSettings(name=name, url=url)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("pagerduty://R1", "pagerduty://R1", False),
        ("pagerduty://R1", "pagerduty://R2", True),
        ("slack://xoxb-1/%23ops", "slack://xoxb-2/%23ops", False),
        ("slack://xoxb-1/%23ops", "slack://xoxb-1/%23sec", True),
        ("slack+http://t1@127.0.0.1:1/r", "slack+http://t2@127.0.0.1:1/r", False),
        ("github://T1@github.com/acme/infra", "github://T2@github.com/acme/infra", False),
        ("github://T1@github.com/acme/infra", "github://T1@github.com/acme/ops", True),
        ("jira://a:T@h/OPS?type=Task", "jira://b:U@h/OPS?type=Bug", False),
        ("smtp://u:1@h:587?from=a@b.c&to=d@e.f", "smtp://u:2@h:587?from=a@b.c&to=d@e.f", False),
        ("https://h/hook", "slack://xoxb-1/%23ops", True),
    ],
)
def test_a_new_key_moves_no_channel_and_a_new_place_does(
    before: str, after: str, *, moved: bool
) -> None:
    found = channel_changes([ops(before)], [ops(after)])
    assert (found.moved == {"ops"}, found.renamed) == (moved, {})


def test_another_name_for_the_same_address_is_a_rename_if_there_is_one() -> None:
    before = [ops("slack://t/r"), ops("slack://t/s", "sec")]
    after = [ops("slack://t/r", "chat"), ops("slack://t/s", "sec")]
    assert channel_changes(before, after).renamed == {"ops": "chat"}
    twice = [*after, ops("slack://t/r", "room")]
    assert channel_changes(before, twice).renamed == {}
