"""How far a decision reaches, in one line per stack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.wire.plans import Plan, PlannedResource
from reconciler.wire.remediations import Remediation
from reconciler.wire.stacks import Counts, OpenFindings, Stack
from tests.unit.tui.test_why import remediation, written
from tui.lines.blast import blast_lines

_NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)


def planned(stack: str, targets: list[str], **actions: str) -> Remediation:
    resources = [
        PlannedResource(address=address, type="t", action=action, changes=[])  # type: ignore[arg-type]
        for address, action in actions.items()
    ]
    plan = Plan(stack=stack, targets=targets, summary="", digest="d", resources=resources)
    return replace(remediation("awaiting_approval"), stack=stack, plan=plan)


def stack(resources: int) -> Stack:
    empty: dict[str, Any] = dict.fromkeys(
        ("obtained_by", "revision", "verified_at", "last_scan_at", "last_scan_ms", "error",
         "error_since", "next_due_at")
    )  # fmt: skip
    counts = Counts(
        resources=resources, in_sync=0, changed=0, missing=0, unmanaged=0, unreadable=0, noise=0,
        not_applicable=0,
    )  # fmt: skip
    return Stack(
        name="web", tool="terraform", directory="/", interval_s=60, adaptive=False, source="api",
        definition={}, health="drifted", counts=counts, findings=OpenFindings(), suppressed=0,
        provider_doubts=[], **empty,
    )  # fmt: skip


def test_the_share_of_each_stack_and_what_fires_too_are_named_the_worst_first() -> None:
    found = written(
        blast_lines(
            [
                planned("web", ["a"], a="update", lb="replace"),
                planned("web", ["b"], b="update"),
                planned("net", ["c"], c="delete"),
                remediation("needs_human"),
            ],
            {"web": stack(60)},
        )
    ).splitlines()
    assert found == [
        "blast radius  1 resource of a number that is not known in net   - delete 1",
        "blast radius  3 resources of 60 (5 %) in web   -+ replace 1   ~ update 2",
        "fires too     lb",
    ]


def test_a_share_is_never_said_to_be_none_nor_more_than_all() -> None:
    few = written(blast_lines([planned("web", ["a"], a="update")], {"web": stack(1000)}))
    assert "1 resource of 1,000 (less than 1 %)" in few
    many = written(blast_lines([planned("web", ["a"], a="update", b="create")], {"web": stack(1)}))
    assert "2 resources of 1 (100 %)" in many
