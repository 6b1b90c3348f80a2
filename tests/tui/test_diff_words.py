"""The words beside what differs: what is known of how it came to that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.wire.findings import Change, Finding
from reconciler.wire.plans import Plan, PlannedChange, PlannedResource
from tests.tui.test_hostile import finding
from tui.ink import text_of_lines
from tui.lines.finding import diff_lines
from tui.lines.plan import plan_lines
from tui.lines.why import why_lines


def _changed(path: str, recorded: Any, live: Any, **more: Any) -> Finding:
    change = Change(
        path=path, declared=recorded, recorded=recorded, live=live, origin="out_of_band",
        sensitive=False, **more,
    )  # fmt: skip
    known = finding("null_resource.svc")
    return replace(known, changes=[change], consequences=[], consequence_of=None, reason=None)


def test_what_follows_from_another_object_was_not_changed_outside_the_code() -> None:
    follower = replace(
        _changed("triggers.config", "f572", "f572"),
        consequence_of="local_file.config",
        reason="follows local_file.config, which is gone",
    )
    shown = text_of_lines(diff_lines(follower))
    assert "triggers.config  would change, because of local_file.config" in shown
    assert "changed outside the code" not in shown
    why = text_of_lines(why_lines(follower))
    assert "cause        an apply would change it, because of local_file.config" in why
    assert "changed outside the code" not in why


def test_what_was_changed_outside_still_says_so() -> None:
    shown = text_of_lines(diff_lines(_changed("content", "a", "b")))
    assert "content  changed outside the code" in shown


def test_what_only_an_apply_will_tell_is_no_document() -> None:
    before, after = {"c": "x"}, {"unknown": True}
    change = PlannedChange(path="output", before=before, after=after)
    nested = PlannedChange(path="all", before={"one": before}, after={"one": after})
    resource = PlannedResource(
        address="terraform_data.j", type="terraform_data", action="update", changes=[change, nested]
    )
    plan = Plan(
        stack="s", targets=[], summary="", digest="d", resources=[resource], outputs=[], concerns=[]
    )
    shown = text_of_lines(plan_lines(plan))
    assert 'output  {c = "x"} -> (known after apply)' in shown
    assert '"one": "(known after apply)"' in shown
    assert "unknown" not in shown
