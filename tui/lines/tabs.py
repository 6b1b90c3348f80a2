"""The tabs of a finding as lines: its diff, why it is listed, plan, template, history, and raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from reconciler.wire.findings import Finding
from reconciler.wire.plans import Plan
from reconciler.wire.remediations import Remediation
from reconciler.wire.templates import Template
from tui.ages import clock
from tui.ink import Line, line
from tui.lines.finding import Shown, diff_lines
from tui.lines.plan import plan_lines
from tui.lines.revisions import revision_lines
from tui.lines.why import Background, why_lines
from tui.lines.words import remediation_span


@dataclass(slots=True)
class Known:
    """What was read around a finding, each with why it could not be.

    `waiting` is the plan that waits for an approval, `under_way` the remediation whose plan is
    being carried out; a preview is only made where there is neither. `revisions` are None as long
    as they were not read.
    """

    background: Background | None = None
    waiting: Plan | None = None
    under_way: Remediation | None = None
    preview: Plan | None = None
    preview_error: tuple[str, str] | None = None
    """Why no preview was made, and what to do about that."""
    revisions: Sequence[Template] | None = None
    revisions_error: str = ""
    remediations: Sequence[Remediation] = ()
    deciders: Mapping[str, str] = field(default_factory=dict)
    """Who ended a remediation, by its id, where that was a person."""


def tab_lines(tab: str, finding: Finding, known: Known, shown: Shown) -> Iterator[Line]:
    """Yield the tab of a finding that is called `tab`."""
    match tab:
        case "diff":
            yield from diff_lines(finding, shown)
        case "why":
            yield from why_lines(finding, known.background)
        case "plan":
            yield from _plan(finding, known, context=1 + shown.context)
        case "template":
            yield from _template(finding, known)
        case "history":
            yield from _history(known)
        case _:
            text = orjson.dumps(finding.as_json(), option=orjson.OPT_INDENT_2).decode()
            yield from (line(each) for each in text.splitlines())


def _plan(finding: Finding, known: Known, *, context: int) -> Iterator[Line]:
    if known.waiting is not None:
        yield line(("this plan waits for an approval: ", "mark"), ("A", "key"), " approves it")
        yield ()
        yield from plan_lines(known.waiting, context=context)
    elif known.under_way is not None and known.under_way.plan is not None:
        state = remediation_span(known.under_way.state, known.under_way.action_type)
        yield line(state, "  this is its plan; ", ("l", "key"), " follows it")
        yield ()
        yield from plan_lines(known.under_way.plan, context=context)
    elif finding.state == "healed":
        yield line(("no plan: the drift is gone", "good"))
    elif known.preview is not None:
        yield line(("a preview; ", "dim"), ("C", "key"), (" requests the correction", "dim"))
        yield ()
        yield from plan_lines(known.preview, context=context)
    elif known.preview_error is not None:
        error, remedy = known.preview_error
        yield line((error, "high"))
        yield line(remedy)
    else:
        yield line("the tool makes its plan; nothing is changed")


def _template(finding: Finding, known: Known) -> Iterator[Line]:
    if not finding.template_id:
        yield line(("no template declares it", "dim"))
    elif known.revisions_error:
        yield line((known.revisions_error, "high"))
    elif known.revisions is None:
        yield line("reading the revisions of the template")
    else:
        yield from revision_lines(known.revisions)


def _history(known: Known) -> Iterator[Line]:
    if not known.remediations:
        yield line(("no remediation yet", "dim"))
    for remediation in known.remediations:
        decided = _decided(remediation, known.deciders.get(remediation.id, ""))
        asked = f"asked for by {remediation.requested_by}"
        yield line(
            clock(remediation.updated_at),
            "  ",
            remediation_span(remediation.state, remediation.action_type),
            f"  {remediation.id[:12]}  {decided or asked}",
            (f"  {asked}" if decided else "", "dim"),
            (f"  {remediation.note or ''}", "dim"),
        )


def _decided(remediation: Remediation, ended_by: str) -> str:
    """Return who decided about it; empty as long as nobody has, or where that is not known."""
    if ended_by:
        return f"by {ended_by}"
    people = ", ".join(approval.person for approval in remediation.approvals)
    return f"approved by {people}" if people else ""
