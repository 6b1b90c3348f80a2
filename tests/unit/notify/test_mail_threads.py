"""The mails of an alert stay in one thread while it grows, and join those of its cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage

from reconciler.domain.notices import Notice, NoticeKind
from reconciler.notify.mail_message import mail_of, thread_of
from tests.unit.notify.notices import notice, over

FIRST = "trueup: shop: aws_security_group.web drifted"
GROWN = "2 stacks: 2 aws_security_group drifted"


def sent(shown: Notice, receipt: Mapping[str, str]) -> tuple[EmailMessage, Mapping[str, str]]:
    people = {"sender": "trueup@example.com", "recipients": ["ops@example.com"]}
    message = mail_of(shown, receipt, **people)  # type: ignore[arg-type]
    return message, thread_of(message, receipt)


def references(mail: EmailMessage) -> list[str]:
    return str(mail["References"] or "").split()


def test_an_alert_that_grows_keeps_the_subject_of_its_first_mail() -> None:
    first, receipt = sent(notice(cause="c"), {})
    second, receipt = sent(notice(2, cause="c", title=GROWN, total=2), receipt)
    last, _ = sent(replace(over(3), cause="c", title=GROWN, total=2), receipt)
    subjects = [str(mail["Subject"]) for mail in (first, second, last)]
    assert subjects == [FIRST, f"Re: {FIRST}", f"Re: {FIRST}"]
    body = second.get_body(("plain",))
    assert body is not None
    assert body.get_content().startswith(f"[critical] {GROWN}")
    root = str(first["Message-ID"])
    assert [mail["In-Reply-To"] for mail in (first, second, last)] == [None, root, root]
    assert [references(mail)[1:] for mail in (first, second, last)] == [[], [root], [root]]


def test_an_alert_goes_on_with_its_thread_when_its_cause_changes() -> None:
    first, receipt = sent(notice(cause="c"), {})
    second, _ = sent(notice(2, cause="another"), receipt)
    assert references(second)[0] == references(first)[0]


def test_the_same_cause_later_joins_the_thread_of_the_first() -> None:
    ended, _ = sent(over(2), {})
    first, _ = sent(notice(cause="stack:shop"), {})
    again, _ = sent(notice(cause="stack:shop", alert_id="a2"), {})
    other, _ = sent(notice(cause="stack:other", alert_id="a3"), {})
    assert again["Message-ID"] != first["Message-ID"]
    assert again["In-Reply-To"] is None
    assert references(again) == references(first)
    assert references(other) != references(first)
    assert references(ended) == [], "what has no cause refers to nothing"
    assert "shop" not in references(first)[0], "of a name an id could have anything"


def test_a_digest_stands_for_itself() -> None:
    mail, _ = sent(notice(kind=NoticeKind.DIGEST, cause=""), {})
    assert (references(mail), mail["In-Reply-To"]) == ([], None)


def test_a_thread_that_an_earlier_version_began_goes_on() -> None:
    mail, receipt = sent(notice(2, cause="c"), {"root": "<a1.1@example.com>"})
    assert str(mail["Subject"]) == f"Re: {FIRST}"
    assert mail["In-Reply-To"] == receipt["root"] == "<a1.1@example.com>"
    assert receipt["subject"] == FIRST


def test_a_title_of_hostile_characters_is_one_header() -> None:
    title = "shop: \u00e4\r\nBcc: evil@example.com\x00 drifted"
    first, receipt = sent(notice(cause="\ud800", title=title), {})
    second, _ = sent(notice(2, cause="\ud800", title=title), receipt)
    assert second["Bcc"] is None
    assert str(second["Subject"]) == f"Re: {first['Subject']}"
