"""Notices as the engine would make them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.domain.alerts import AlertState
from reconciler.domain.notices import ChangeLine, Notice, NoticeMember

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
MEMBER = NoticeMember(
    stack="shop",
    address="aws_security_group.web",
    type="aws_security_group",
    kind="changed",
    severity="critical",
    state="open",
    reason="port 22 is open to everybody",
    finding_id="f1",
    changes=(ChangeLine("ingress[0].cidr_blocks", "[]", '["0.0.0.0/0"]'),),
)


def notice(revision: int = 1, **more: Any) -> Notice:
    made = Notice(
        alert_id="a1",
        revision=revision,
        state=AlertState.OPEN,
        severity="critical",
        title="shop: aws_security_group.web drifted",
        opened_at=AT,
        changed_at=AT,
        total=1,
        still_open=1,
        stacks=("shop",),
        members=(MEMBER,),
        commands=("trueup show f1",),
    )
    return replace(made, **more)


def over(revision: int = 2) -> Notice:
    return notice(revision, state=AlertState.RESOLVED, still_open=0)
