"""One contract for every tracker: each against a receiver as strict as the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from reconciler.domain.alerts import REVIEW_EVENTS
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import ChangeLine, Link, Notice
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.ports import ChannelBusyError, Notifier
from tests.receivers.trackers import JiraDesk, ServiceNowDesk
from tests.unit.notify.notices import MEMBER, notice, over
from tests.unit.notify.trackers import JIRA, TRACKERS, Place, at


@pytest.fixture(params=TRACKERS, ids=lambda given: given[0])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    _, made, url, wrong = request.param
    with at(made(), url, wrong) as found:
        yield found


@pytest.fixture
async def channel(place: Place) -> AsyncIterator[Notifier]:
    opened = place.channel()
    yield opened
    await opened.close()


def grown(revision: int = 2) -> Notice:
    other = replace(MEMBER, stack="bank", finding_id="f2")
    return notice(revision, total=2, still_open=2, members=(MEMBER, other))


async def test_a_ticket_is_opened_commented_on_and_closed(place: Place, channel: Notifier) -> None:
    receipt = await channel.show(notice(), {})
    (issue,) = place.desk.issues
    assert issue.is_open
    assert issue.title == "trueup: shop: aws_security_group.web drifted"
    assert "trueup show f1" in issue.text
    assert issue.comments == []
    receipt = await channel.show(grown(), receipt)
    assert len(issue.comments) == 1
    assert "bank: aws_security_group.web" in issue.comments[0]
    assert "bank" in issue.text
    await channel.show(over(3), receipt)
    assert not issue.is_open
    assert "[resolved]" in issue.comments[-1]
    assert "Resolved at" in issue.text
    assert len(place.desk.issues) == 1
    assert receipt["url"].startswith("http")
    assert place.desk.key not in str(receipt)


async def test_a_ticket_links_what_the_channel_is_to_link(place: Place, channel: Notifier) -> None:
    runbook = Link("runbooks.example.com", "https://runbooks.example.com/sg")
    receipt = await channel.show(notice(links=(runbook,)), {})
    (issue,) = place.desk.issues
    shown = f"<{runbook.href}>" if "```" in issue.text else runbook.href
    # After the frame of what is shown as it is, where a link is one.
    after = issue.text.rpartition("{noformat}")[2].rpartition("```")[2]
    assert f"{runbook.text}: {shown}" in after
    await channel.show(replace(over(), links=(runbook,)), receipt)
    assert runbook.href not in issue.text
    assert "trueup-alert-a1" in issue.text


async def test_other_values_change_the_text_and_are_no_comment(
    place: Place, channel: Notifier
) -> None:
    receipt = await channel.show(notice(), {})
    change = replace(MEMBER.changes[0], live='["10.0.0.0/8"]')
    await channel.show(notice(2, members=(replace(MEMBER, changes=(change,)),)), receipt)
    (issue,) = place.desk.issues
    assert "10.0.0.0/8" in issue.text
    assert "0.0.0.0/0" not in issue.text
    assert issue.comments == []


async def test_the_same_notice_twice_changes_nothing(place: Place, channel: Notifier) -> None:
    receipt = await channel.show(notice(), {})
    receipt = await channel.show(grown(), receipt)
    before = replace(place.desk.issues[0])
    await channel.show(grown(), receipt)
    after = place.desk.issues[0]
    assert (after.text, after.comments) == (before.text, before.comments)


async def test_what_people_wrote_into_the_ticket_stays(place: Place, channel: Notifier) -> None:
    receipt = await channel.show(notice(), {})
    (issue,) = place.desk.issues
    issue.text = f"Ana looks at it.\n\n{issue.text}\n\nSee also the runbook."
    await channel.show(grown(), receipt)
    assert issue.text.startswith("Ana looks at it.")
    assert issue.text.endswith("See also the runbook.")
    assert issue.text.count("trueup-alert-a1") == 1


async def test_a_cause_that_comes_back_reopens_its_ticket(place: Place, channel: Notifier) -> None:
    first = await channel.show(notice(cause="c"), {})
    await channel.show(replace(over(2), cause="c"), first)
    (issue,) = place.desk.issues
    assert not issue.is_open
    again = await channel.show(notice(alert_id="a2", cause="c"), {})
    assert place.desk.issues == [issue]
    assert issue.is_open
    assert "it is back" in issue.comments[-1]
    await channel.show(notice(2, alert_id="a2", cause="other"), again)
    assert len(place.desk.issues) == 1, "the alert keeps its ticket when its cause changes"
    await channel.show(notice(alert_id="a3", cause="d"), {})
    assert len(place.desk.issues) == 2


async def test_a_ticket_that_a_person_closed_stays_closed(place: Place, channel: Notifier) -> None:
    receipt = await channel.show(notice(), {})
    (issue,) = place.desk.issues
    issue.is_open = False
    receipt = await channel.show(grown(), receipt)
    assert not issue.is_open
    assert len(issue.comments) == 1
    await channel.show(over(3), receipt)
    assert not issue.is_open


async def test_an_answer_that_was_lost_leads_to_no_second_ticket_or_comment(
    place: Place, channel: Notifier
) -> None:
    """Whichever call's answer is lost, of opening, changing and closing."""
    for lost in range(7):
        alert = partial(replace, alert_id=f"a{lost}", cause=f"c{lost}")
        receipt: dict[str, str] = {}
        for shown in (notice(), grown(), over(3)):
            place.lose_answer(of_call=lost)
            try:
                receipt = dict(await channel.show(alert(shown), receipt))
            except RetryableError:
                receipt = dict(await channel.show(alert(shown), receipt))
        assert len(place.desk.issues) == lost + 1
        issue = place.desk.issues[-1]
        assert not issue.is_open
        assert issue.was_closed == 1
        assert len(issue.comments) == 2


async def test_the_search_of_jira_data_center_is_used_where_cloud_s_is_not_there() -> None:
    with at(JiraDesk(older=True), JIRA) as place:
        channel = place.channel()
        receipt = await channel.show(notice(), {})
        await channel.show(notice(), {})
        await channel.show(over(), receipt)
        (issue,) = place.desk.issues
        assert not issue.is_open
        await channel.close()


async def test_more_tickets_than_a_page_of_texts_has_are_counted(place: Place) -> None:
    channel = place.channel(most_open=150)
    await channel.show(notice(alert_id="a0", cause="c0"), {})
    (first,) = place.desk.issues
    place.desk.issues += [replace(first, number=number, text="") for number in range(2, 152)]
    if isinstance(place.desk, ServiceNowDesk):
        place.desk.found_by.update(dict.fromkeys(range(2, 152), ""))
    receipt = await channel.show(notice(alert_id="a1", cause="c1"), {})
    assert "shared" in receipt
    await channel.close()


async def test_beyond_the_limit_alerts_share_one_ticket(place: Place) -> None:
    channel = place.channel(most_open=2)
    receipts = {
        name: await channel.show(notice(alert_id=name, cause=name), {})
        for name in ("a1", "a2", "a3", "a4")
    }
    titles = [issue.title for issue in place.desk.issues if issue.is_open]
    assert len(titles) == 3
    assert titles[-1] == "trueup: 2 alerts beyond the limit of 2 open tickets"
    shared = place.desk.issues[-1]
    assert len(shared.comments) == 2
    await channel.show(replace(over(2), alert_id="a1", cause="a1"), receipts["a1"])
    own = await channel.show(notice(2, alert_id="a3", cause="a3"), receipts["a3"])
    assert "shared" not in own
    assert len(place.desk.issues) == 4
    assert shared.title == "trueup: 1 alerts beyond the limit of 2 open tickets"
    await channel.show(replace(over(2), alert_id="a4", cause="a4"), receipts["a4"])
    assert not shared.is_open
    await channel.close()


async def test_a_lost_answer_leaves_no_alert_on_the_shared_ticket(place: Place) -> None:
    """Whichever call's answer is lost when it is shared; then there is room, or it is over."""
    for lost in (4, 6, 8):
        first, second, third = (f"a{lost}{name}" for name in "abc")
        channel = place.channel(most_open=1)
        own = await channel.show(notice(alert_id=first, cause=first), {})
        place.lose_answer(of_call=lost)
        for name in (second, third):
            with suppress(RetryableError):
                await channel.show(notice(alert_id=name, cause=name), {})
        place.fickle.service = place.desk
        await channel.show(replace(over(2), alert_id=first, cause=first), own)
        receipt = await channel.show(notice(2, alert_id=second, cause=second), {})
        await channel.show(replace(over(2), alert_id=third, cause=third), {})
        await channel.show(replace(over(3), alert_id=second, cause=second), receipt)
        assert [issue.title for issue in place.desk.issues if issue.is_open] == []
        await channel.close()


async def test_a_cause_that_comes_back_waits_for_room_as_well(place: Place) -> None:
    channel = place.channel(most_open=1)
    first = await channel.show(notice(alert_id="a1", cause="c"), {})
    await channel.show(replace(over(2), alert_id="a1", cause="c"), first)
    other = await channel.show(notice(alert_id="a2", cause="d"), {})
    third = await channel.show(notice(alert_id="a3", cause="c"), {})
    assert "shared" in third
    before, _, shared = place.desk.issues
    assert (before.is_open, shared.is_open) == (False, True)
    commented = len(before.comments)
    await channel.show(replace(over(2), alert_id="a3", cause="c"), third)
    assert not shared.is_open
    assert len(before.comments) == commented, "it is the ticket of another alert"
    fourth = await channel.show(notice(alert_id="a4", cause="c"), {})
    await channel.show(replace(over(2), alert_id="a2", cause="d"), other)
    fourth = await channel.show(notice(2, alert_id="a4", cause="c"), fourth)
    assert "shared" not in fourth
    assert (before.is_open, shared.is_open) == (True, False)
    assert len(place.desk.issues) == 3
    await channel.close()


async def test_a_storm_larger_than_the_shared_ticket_gives_no_alert_up(place: Place) -> None:
    channel = place.channel(most_open=1)
    receipts = {
        name: await channel.show(notice(alert_id=name, cause=name), {}) for name in ("a1", "a2")
    }
    shared = place.desk.issues[-1]
    longest = {JiraDesk: 32_767, ServiceNowDesk: 4_000}.get(type(place.desk), 65_536)
    others = " ".join(f"trueup-waits-{number:032}" for number in range(longest * 3 // 4 // 46))
    shared.text = shared.text.replace("trueup-waits-a2", f"trueup-waits-a2 {others}")
    for name in ("a3", "a4"):
        receipts[name] = await channel.show(notice(alert_id=name, cause=name), {})
        assert "shared" in receipts[name]
    assert shared.title.startswith("trueup: more than ")
    assert "trueup alert list" in shared.text
    assert len(shared.comments) == 1
    shared.text = shared.text.replace(others, "")
    for name in ("a2", "a3"):
        await channel.show(replace(over(2), alert_id=name, cause=name), receipts[name])
    assert shared.is_open, "others may wait"
    shared.is_open = False
    await channel.show(notice(2, alert_id="a4", cause="a4"), receipts["a4"])
    assert shared.is_open
    assert shared.title == "trueup: 1 alerts beyond the limit of 1 open tickets"
    await channel.close()


async def test_who_is_asked_to_wait_waits(place: Place, channel: Notifier) -> None:
    for status in (429, 403):
        place.fickle.failures = [((status, {"retry-after": "90"}, b""), False)]
        with pytest.raises(ChannelBusyError) as busy:
            await channel.show(notice(), {})
        assert busy.value.after == timedelta(seconds=90)
    assert place.desk.issues == []


async def test_a_wrong_key_is_refused_for_good_and_not_said(place: Place) -> None:
    key, place.desk.key = place.desk.key, "another"
    channel = place.channel()
    with pytest.raises(PermanentError) as refused:
        await channel.show(notice(), {})
    assert "401" in str(refused.value)
    assert key not in f"{refused.value} {refused.value.remedy} {channel!r}"
    await channel.close()


async def test_a_place_that_is_not_there_is_refused_with_a_remedy(place: Place) -> None:
    channel = place.channel(url=place.wrong_url)
    with pytest.raises(PermanentError) as refused:
        await channel.show(notice(), {})
    assert refused.value.remedy
    await channel.close()


HOSTILE = (
    "@everyone ```\n/close\n<!-- /trueup --> trueup-overflow trueup-alert-a9 {noformat} [code]<b>"
    " --- /trueup --- _/trueup_ \u202e\x1b[31m"
)


async def test_a_hostile_name_neither_commands_nor_hides(place: Place, channel: Notifier) -> None:
    member = replace(MEMBER, address=HOSTILE, reason=HOSTILE)
    title = f"shop: {HOSTILE} drifted"
    receipt = await channel.show(notice(members=(member,), title=title), {})
    await channel.show(notice(2, members=(member,), title=title, severity="high"), receipt)
    await channel.show(notice(3, members=(MEMBER,)), receipt)
    await channel.show(notice(alert_id="a9", cause="z"), {})
    issue, other = place.desk.issues
    assert issue.is_open
    assert "everyone" not in issue.text, "the third text took the first one's place"
    comments = "".join(issue.comments)
    assert "\u202e" not in comments
    assert "\n/close" not in comments
    assert comments.count("trueup-overflow") == 0
    assert other.title == "trueup: shop: aws_security_group.web drifted"


async def test_what_is_longer_than_the_tracker_takes_is_cut_and_its_marks_stay(
    place: Place, channel: Notifier
) -> None:
    change = ChangeLine("a" * 290, "\U0001f4a3" * 120, '"<!--' * 40)
    members = tuple(
        replace(
            MEMBER,
            address=f"thing.{number}",
            reason=f"{number}: " + "r" * 300,
            changes=(change,) * 5,
        )
        for number in range(20)
    )
    receipt = await channel.show(notice(members=members), {})
    (issue,) = place.desk.issues
    assert "... cut" in issue.text
    assert "thing.0" in issue.text
    issue.text = f"Ana: {'see the runbook ' * 100}\n\n{issue.text}"
    again = notice(2, members=members, total=30, still_open=30)
    receipt = await channel.show(again, receipt)
    assert issue.text.startswith("Ana: see the runbook")
    assert issue.text.count("trueup-alert-a1") == 1
    await channel.show(again, {})
    assert len(place.desk.issues) == 1, "it is found by its marks"
    await channel.show(over(3), receipt)
    assert not issue.is_open
    assert "... cut" not in issue.text


def test_a_tracker_opens_tickets_for_what_waits_for_a_person_however_it_is_written() -> None:
    for url in ("github://T@github.com/acme/infra", "GitHub://T@github.com/acme/infra"):
        assert ChannelAddress("desk", url).default_events == REVIEW_EVENTS


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("github://CANARY@github.com/acme", "no place"),
        ("github://github.com/acme/infra", "no key"),
        ("gitlab://CANARY@gitlab.com/infra", "no place"),
        ("jira://a:CANARY@jira.example.com/ops lower", "no place"),
        ("servicenow://CANARY@x.service-now.com/incident", "no password"),
        ("github+http://CANARY@example.com/acme/infra", "unencrypted"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_being_said(
    url: str, problem: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        open_channel(ChannelAddress("desk", url))
    said = f"{refused.value}; {refused.value.remedy}"
    assert problem in said
    assert "desk" in said
    assert "CANARY" not in said
