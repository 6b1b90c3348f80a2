"""What a message says, line by line, to who is woken by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.domain.notices import Deed, NoticeMember
from reconciler.notify.text import headline, lines
from tests.unit.notify.notices import AT, MEMBER, notice, over

STEP = "trueup changes nothing by itself: no policy selects it"


def several(*members: NoticeMember, **more: Any) -> list[str]:
    return list(lines(notice(members=members, total=len(members), stacks=("shop", "bank"), **more)))


def test_what_is_true_of_each_member_is_said_once() -> None:
    first = replace(MEMBER, next_step=STEP)
    other = replace(first, stack="bank", acknowledged_by="ana")
    gone = replace(first, stack="old", state="healed", next_step=None)
    assert several(first, other, gone, still_open=2)[1:] == [
        "2 of 3 still drift, in 2 stacks.",
        "",
        "In each of them:",
        "  why: port 22 is open to everybody",
        '  ingress[0].cidr_blocks: [] -> ["0.0.0.0/0"]',
        f"  next: {STEP}",
        "",
        "shop: aws_security_group.web  [critical] changed, open",
        "",
        "bank: aws_security_group.web  [critical] changed, open",
        "  acknowledged by ana",
        "old: aws_security_group.web  [critical] changed, healed",
        "",
        "trueup show f1",
    ]


def test_members_that_differ_say_each_what_is_theirs() -> None:
    other = replace(MEMBER, stack="bank", reason="another reason")
    said = several(MEMBER, other)
    assert "In each of them:" not in said
    assert said.count('  ingress[0].cidr_blocks: [] -> ["0.0.0.0/0"]') == 2
    assert "  why: another reason" in said


def test_the_end_says_what_was_done() -> None:
    done = tuple(
        Deed(f"k{number}", "shop", f"deed {number}", AT + timedelta(minutes=number), "r1")
        for number in range(7)
    )
    said = list(lines(replace(over(), deeds=done)))
    assert said[0].startswith("Resolved at 2026-11-28 12:00 UTC. It began at")
    assert said[-5:] == [f"2026-11-28 12:0{number} UTC: deed {number}" for number in range(2, 7)]


def test_an_alert_whose_drift_is_ignored_does_not_say_that_it_was_resolved() -> None:
    ignored = replace(over(), members=(replace(MEMBER, state="ignored"),), ignored=1)
    assert headline(ignored) == "[ignored] shop: aws_security_group.web drifted"
    said = list(lines(ignored))
    assert said[:2] == [
        "Ignored at 2026-11-28 12:00 UTC. It began at 2026-11-28 12:00 UTC.",
        "1 is ignored, not corrected: its drift is still there.",
    ]


def test_of_an_alert_of_which_a_part_is_ignored_the_rest_was_resolved() -> None:
    both = (replace(MEMBER, state="ignored"), replace(MEMBER, address="b", state="healed"))
    ended = replace(over(), members=both, total=2, ignored=1)
    assert headline(ended).startswith("[resolved]")
    assert "1 is ignored, not corrected: its drift is still there." in list(lines(ended))
