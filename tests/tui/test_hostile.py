"""Hostile text in every field: it is shown, and does nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.segment import Segment

from reconciler.client import Daemon
from reconciler.client.proposals import Proposal
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.wire.alerts import Alert
from reconciler.wire.audit import AuditEntry
from reconciler.wire.findings import Change, Finding
from reconciler.wire.holds import Hold
from reconciler.wire.plans import Plan, PlannedChange, PlannedResource
from reconciler.wire.policies import policy_of
from reconciler.wire.remediations import Remediation
from tests.tui.hostile import STRINGS
from tui.app import TrueupApp
from tui.ink import Span, line, strip_of, text_of
from tui.lines.asked import asked_lines
from tui.lines.finding import Shown, diff_lines, title_lines
from tui.lines.plan import plan_lines
from tui.lines.why import Background, why_lines
from tui.palettes import palette
from tui.safe_text import safe_text
from tui.session import Options, Session
from tui.store.link import Link
from tui.store.related import Relation
from tui.store.rows import row_of
from tui.verbs import approval_of

_LIVE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def harmless(text: str) -> bool:
    return not _LIVE.search(text) and all(
        unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Co", "Cn"} for each in text
    )


def finding(text: str) -> Finding:
    values: Any = [text, {text: [text]}, None]
    change = Change(
        path=text, declared=values[0], recorded=values[1], live=[text], origin="out_of_band",
        sensitive=False,
    )  # fmt: skip
    return Finding(
        id=text, stack=text, address=text, type=text, kind="changed", severity="high",
        severity_reason=text, score=1, origin="out_of_band", fingerprint=text, changes=[change],
        consequences=[change], consequence_of=text, reason=text, provider=text, state="open",
        first_seen=_NOW, last_seen=_NOW, times_seen=1, resource_id=text, template_id=text,
        report_id=text, acted_on=True, healed_at=None, seen_by=text,
    )  # fmt: skip


def remediation(text: str) -> Remediation:
    resource = PlannedResource(
        address=text, type=text, action="update",
        changes=[PlannedChange(path=text, before=text, after=[text])],
    )  # fmt: skip
    plan = Plan(
        stack=text, targets=[text], summary=text, digest=text, resources=[resource],
        outputs=[text], concerns=[text],
    )  # fmt: skip
    return Remediation(
        id=text, stack=text, report_id=text, finding_ids=[text], addresses=[text],
        action_type="manual_review", state="awaiting_approval", hold=None, plan=plan,
        plan_digest=text, approvals=[], run_id=text, created_at=_NOW, updated_at=_NOW,
        policy_id=text, requested_by=text, attempts=1, note=text, guard=text, next_at=None,
        expires_at=None,
    )  # fmt: skip


def background(text: str) -> Background:
    policy = policy_of(Policy(PolicyId(text), text, ActionType.MANUAL_REVIEW))
    return Background(
        proposal=Proposal("below", replace(policy, owner=text, reason=text, script=text)),
        writer=text,
        remediations=[remediation(text)],
        relations=[Relation("alike", row_of(finding(text)))],
        holds=[Hold(by=text, reason=text, since=_NOW, until=None, stack=text, address=text)],
        reports=[],
        notes=[AuditEntry(seq=1, at=_NOW, actor=text, actor_kind="user", action="finding.comment",
                          subject=text, details={"text": text})],
        alert=Alert(id=text, title=text, state="open", severity="high", revision=1,
                    opened_at=_NOW, changed_at=_NOW, resolved_at=None, total=1, still_open=1,
                    stacks=[text], finding_ids=[text], shown_on=[]),
        error=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_every_line_of_every_text_is_harmless(text: str) -> None:
    asked = approval_of([remediation(text)], production=False)
    lines = [
        *title_lines(finding(text)), *diff_lines(finding(text), Shown(whole=True)),
        *why_lines(finding(text), background(text)),
        *plan_lines(remediation(text).plan or _no_plan()),
        *asked_lines(asked, [remediation(text)], {text: text}),
    ]  # fmt: skip
    for spans in lines:
        assert harmless(text_of(spans))
        strip = strip_of(spans, palette("terminal"), width=80)
        assert strip.cell_length == 80
        assert harmless(strip.text)
        assert all(not (segment.style and segment.style.meta) for segment in _segments(strip))


def _segments(strip: Any) -> list[Segment]:
    return list(strip)


def _no_plan() -> Plan:
    raise AssertionError


@given(some.text(max_size=200))
def test_any_text_is_made_harmless_once_and_for_all(text: str) -> None:
    shown = safe_text(text)
    assert harmless(shown)
    assert safe_text(shown) == shown
    assert strip_of(line(Span(text)), palette("mono"), width=40).cell_length == 40


async def test_a_fleet_of_hostile_rows_is_drawn_and_nothing_happens() -> None:
    session = Session(Daemon("http://127.0.0.1:9", "tu_none.none"), Options())
    acted: list[str] = []

    class Watched(TrueupApp):
        async def action_quit(self) -> None:
            acted.append("quit")

    async def still() -> None:
        return

    session.pump.run = still  # type: ignore[method-assign]
    session.pump.link, session.pump.loaded = Link("live"), True
    row = row_of(finding("x"))
    names = [each.name for each in fields(row) if isinstance(getattr(row, each.name), str)]
    texts = cycle(STRINGS)
    for place in range(len(STRINGS)):
        hostile = replace(row, id=str(place), paths=(next(texts),))
        for name in names:
            setattr(hostile, name, next(texts))
        hostile.id = str(place)
        session.store.rows[str(place)] = hostile
    app = Watched(session)
    async with app.run_test(size=(160, 60)) as pilot:
        session.store.changes.everything = True
        app._changed(session.store.taken())
        for _ in range(9):
            await pilot.press("b")  # every way to group
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                assert harmless(strip.text)
        for y in (3, 9, 17, 29, 41):
            await pilot.click(offset=(20, y))
        assert acted == []
        assert app.is_running
    await session.client.close()
