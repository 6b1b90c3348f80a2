"""Every wire model by its name, as `openapi.json` shows it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reconciler.wire.agents import (
        AcceptedPlaces,
        AcceptHostBody,
        Agent,
        EnrollBody,
        Enrolled,
        EnrollTokenBody,
        HostAccepted,
        HostTemplate,
        NewEnrollToken,
    )
    from reconciler.wire.alerts import Alert, MuteBody, ShownOn, Ticket
    from reconciler.wire.audit import AuditEntry, AuditVerified
    from reconciler.wire.baselines import Acceptance, AcceptBody, DeclarationText
    from reconciler.wire.channels import Channel, ChannelTried
    from reconciler.wire.comparisons import Comparison, Difference
    from reconciler.wire.events import Event
    from reconciler.wire.findings import Change, DriftDecision, Finding, Source
    from reconciler.wire.fleet_reports import DayTally, FleetReport, RuleTally, Tally
    from reconciler.wire.holds import Hold, HoldBody, HoldState
    from reconciler.wire.ignores import IgnoreBody, IgnoreRule, NoteBody
    from reconciler.wire.plans import Plan, PlannedChange, PlannedResource
    from reconciler.wire.policies import Match, Policy, PolicyBody
    from reconciler.wire.problems import FieldProblem, Problem, Status
    from reconciler.wire.quarantines import Edge, Quarantine
    from reconciler.wire.reloads import Reloaded
    from reconciler.wire.remediations import (
        Approval,
        ApproveBody,
        DecisionBody,
        HoldReason,
        ReasonBody,
        Remediation,
        RemediationBody,
        SplitBody,
        SuppressBody,
    )
    from reconciler.wire.reports import Report, ReportBody
    from reconciler.wire.runs import Log, LogLine, Run
    from reconciler.wire.stacks import Counts, OpenFindings, ProviderDoubt, Queued, Stack, StackBody
    from reconciler.wire.templates import Template, TemplateBody
    from reconciler.wire.tokens import NewToken, Token, TokenBody
    from reconciler.wire.whoami import WhoAmI

__all__ = [
    "AcceptBody",
    "AcceptHostBody",
    "Acceptance",
    "AcceptedPlaces",
    "Agent",
    "Alert",
    "Approval",
    "ApproveBody",
    "AuditEntry",
    "AuditVerified",
    "Change",
    "Channel",
    "ChannelTried",
    "Comparison",
    "Counts",
    "DayTally",
    "DecisionBody",
    "DeclarationText",
    "Difference",
    "DriftDecision",
    "Edge",
    "EnrollBody",
    "EnrollTokenBody",
    "Enrolled",
    "Event",
    "FieldProblem",
    "Finding",
    "FleetReport",
    "Hold",
    "HoldBody",
    "HoldReason",
    "HoldState",
    "HostAccepted",
    "HostTemplate",
    "IgnoreBody",
    "IgnoreRule",
    "Log",
    "LogLine",
    "Match",
    "MuteBody",
    "NewEnrollToken",
    "NewToken",
    "NoteBody",
    "OpenFindings",
    "Plan",
    "PlannedChange",
    "PlannedResource",
    "Policy",
    "PolicyBody",
    "Problem",
    "ProviderDoubt",
    "Quarantine",
    "Queued",
    "ReasonBody",
    "Reloaded",
    "Remediation",
    "RemediationBody",
    "Report",
    "ReportBody",
    "RuleTally",
    "Run",
    "ShownOn",
    "Source",
    "SplitBody",
    "Stack",
    "StackBody",
    "Status",
    "SuppressBody",
    "Tally",
    "Template",
    "TemplateBody",
    "Ticket",
    "Token",
    "TokenBody",
    "WhoAmI",
]
_PLACES: Final = {
    "agents": (
        "AcceptHostBody",
        "AcceptedPlaces",
        "Agent",
        "EnrollBody",
        "EnrollTokenBody",
        "Enrolled",
        "HostAccepted",
        "HostTemplate",
        "NewEnrollToken",
    ),
    "alerts": ("Alert", "MuteBody", "ShownOn", "Ticket"),
    "audit": ("AuditEntry", "AuditVerified"),
    "baselines": ("AcceptBody", "Acceptance", "DeclarationText"),
    "channels": ("Channel", "ChannelTried"),
    "comparisons": ("Comparison", "Difference"),
    "events": ("Event",),
    "findings": ("Change", "DriftDecision", "Finding", "Source"),
    "ignores": ("IgnoreBody", "IgnoreRule", "NoteBody"),
    "fleet_reports": ("DayTally", "FleetReport", "RuleTally", "Tally"),
    "holds": ("Hold", "HoldBody", "HoldState"),
    "plans": ("Plan", "PlannedChange", "PlannedResource"),
    "policies": ("Match", "Policy", "PolicyBody"),
    "problems": ("FieldProblem", "Problem", "Status"),
    "quarantines": ("Edge", "Quarantine"),
    "reloads": ("Reloaded",),
    "remediations": (
        "Approval",
        "ApproveBody",
        "HoldReason",
        "DecisionBody",
        "ReasonBody",
        "Remediation",
        "RemediationBody",
        "SplitBody",
        "SuppressBody",
    ),
    "reports": ("Report", "ReportBody"),
    "runs": ("Log", "LogLine", "Run"),
    "stacks": ("Counts", "OpenFindings", "ProviderDoubt", "Queued", "Stack", "StackBody"),
    "templates": ("Template", "TemplateBody"),
    "tokens": ("NewToken", "Token", "TokenBody"),
    "whoami": ("WhoAmI",),
}


def __getattr__(name: str) -> Any:
    # Late: making the classes is most of what a client's start costs, and few need them all.
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"reconciler.wire.{module}"), name)
    raise AttributeError(name)
