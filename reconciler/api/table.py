"""Every operation of the API in one table: its place, its permission, its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.api.listing import Listing
from reconciler.api.operation import Operation
from reconciler.api.resources import (
    agents,
    alerts,
    audit,
    channels,
    drift,
    events,
    findings,
    health,
    hold,
    ignores,
    policies,
    quarantines,
    remediations,
    report,
    runs,
    settings,
    stacks,
    templates,
    tokens,
    whoami,
)
from reconciler.domain.principals import Permission as May
from reconciler.wire import models as wire

PREFIX: Final = "/api/v1"

# fmt: off
OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("GET", "/templates", templates.list_templates, May.READ_TEMPLATES,
              Listing[wire.Template]),
    Operation("POST", "/templates", templates.create_template, May.WRITE_TEMPLATES, wire.Template,
              status=201, yaml=True),
    Operation("GET", "/templates/{template_id}", templates.read_template, May.READ_TEMPLATES,
              wire.Template),
    Operation("PUT", "/templates/{template_id}", templates.update_template, May.WRITE_TEMPLATES,
              wire.Template, yaml=True, conflicts=True),
    Operation("DELETE", "/templates/{template_id}", templates.delete_template, May.WRITE_TEMPLATES,
              status=204, conflicts=True),
    Operation("GET", "/templates/{template_id}/revisions", templates.list_revisions,
              May.READ_TEMPLATES,
              Listing[wire.Template]),

    Operation("GET", "/drift/reports", drift.list_reports, May.READ_REPORTS,
              Listing[wire.Report]),
    Operation("POST", "/drift/reports", drift.submit, May.REPORT, wire.Report, status=201),
    Operation("GET", "/drift/reports/{report_id}", drift.read_report, May.READ_REPORTS,
              wire.Report),

    Operation("GET", "/remediations", remediations.list_remediations, May.READ_REMEDIATIONS,
              Listing[wire.Remediation]),
    Operation("POST", "/remediations", remediations.request_remediation, May.REQUEST,
              wire.Remediation, status=201),
    Operation("GET", "/remediations/{remediation_id}", remediations.read_remediation,
              May.READ_REMEDIATIONS,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/approve", remediations.approve, May.DECIDE,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/split", remediations.split, May.DECIDE,
              wire.Remediation, status=201),
    Operation("POST", "/remediations/{remediation_id}/reject", remediations.reject, May.DECIDE,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/cancel", remediations.cancel, May.CANCEL,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/release", remediations.release, May.DECIDE,
              wire.Remediation, status=201),
    Operation("POST", "/remediations/{remediation_id}/retry", remediations.retry, May.DECIDE,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/suppress", remediations.suppress,
              May.DECIDE, wire.Remediation),

    Operation("GET", "/quarantines", quarantines.list_quarantines, May.READ_REMEDIATIONS,
              Listing[wire.Quarantine]),

    Operation("GET", "/policies", policies.list_policies, May.READ_POLICIES,
              Listing[wire.Policy]),
    Operation("POST", "/policies", policies.create_policy, May.WRITE_POLICIES, wire.Policy,
              status=201),
    Operation("GET", "/policies/{policy_id}", policies.read_policy, May.READ_POLICIES,
              wire.Policy),
    Operation("PUT", "/policies/{policy_id}", policies.update_policy, May.WRITE_POLICIES,
              wire.Policy,
              conflicts=True),
    Operation("DELETE", "/policies/{policy_id}", policies.delete_policy, May.WRITE_POLICIES,
              status=204,
              conflicts=True),

    Operation("GET", "/stacks", stacks.list_stacks, May.READ_STACKS, Listing[wire.Stack]),
    Operation("POST", "/stacks", stacks.register_stack, May.WRITE_STACKS, wire.Stack, status=201),
    Operation("GET", "/stacks/{name}", stacks.read_stack, May.READ_STACKS, wire.Stack),
    Operation("PUT", "/stacks/{name}", stacks.update_stack, May.WRITE_STACKS, wire.Stack,
              conflicts=True),
    Operation("DELETE", "/stacks/{name}", stacks.remove_stack, May.WRITE_STACKS, status=204,
              conflicts=True),
    Operation("POST", "/stacks/{name}/scan", stacks.scan_stack, May.SCAN, wire.Queued,
              status=202),
    Operation("POST", "/stacks/{name}/accept-state", stacks.accept_state, May.ACCEPT_STATE,
              wire.Stack),
    Operation("POST", "/stacks/{name}/plan", stacks.plan, May.PLAN, wire.Plan),
    Operation("GET", "/stacks/{name}/findings", stacks.list_stack_findings, May.READ_FINDINGS,
              Listing[wire.Finding]),

    Operation("GET", "/findings", findings.list_findings, May.READ_FINDINGS,
              Listing[wire.Finding]),
    Operation("GET", "/findings/{finding_id}", findings.read_finding, May.READ_FINDINGS,
              wire.Finding),
    Operation("POST", "/findings/{finding_id}/ignore", findings.ignore, May.DECIDE, wire.Finding),
    Operation("POST", "/findings/{finding_id}/notes", findings.note, May.REQUEST, wire.Finding),
    Operation("GET", "/ignores", ignores.list_ignores, May.READ_FINDINGS,
              Listing[wire.IgnoreRule]),
    Operation("POST", "/findings/{finding_id}/unsuppress", findings.unsuppress, May.DECIDE,
              wire.Finding),
    Operation("POST", "/findings/{finding_id}/accept", findings.accept, May.DECIDE,
              wire.Acceptance),
    Operation("POST", "/findings/{finding_id}/undo-accept", findings.undo_accept, May.DECIDE,
              wire.Acceptance),
    Operation("GET", "/findings/{finding_id}/declaration", findings.declaration,
              May.READ_FINDINGS, wire.DeclarationText, conflicts=True),
    Operation("POST", "/findings/{finding_id}/plan", findings.plan, May.PLAN, wire.Plan),

    Operation("GET", "/runs", runs.list_runs, May.READ_RUNS, Listing[wire.Run]),
    Operation("GET", "/runs/{run_id}", runs.read_run, May.READ_RUNS, wire.Run),
    Operation("GET", "/runs/{run_id}/log", runs.read_log, May.READ_RUNS, wire.Log),

    Operation("GET", "/events", events.follow_events, May.READ_EVENTS,
              media_type="text/event-stream"),
    Operation("GET", "/audit/verify", audit.verify_audit, May.READ_AUDIT, wire.AuditVerified),
    Operation("GET", "/audit", audit.list_audit, May.READ_AUDIT, Listing[wire.AuditEntry]),

    Operation("GET", "/hold", hold.read_hold, May.READ_HOLD, wire.HoldState),
    Operation("POST", "/hold", hold.pull, May.SET_HOLD, wire.HoldState),
    Operation("DELETE", "/hold", hold.release, May.RELEASE_HOLD, status=204),

    Operation("GET", "/agents", agents.list_agents, May.READ_AGENTS, Listing[wire.Agent]),
    Operation("POST", "/agents/enroll-tokens", agents.create_enroll_token, May.WRITE_AGENTS,
              wire.NewEnrollToken, status=201, secret_answer=True),
    Operation("POST", "/agents/enroll", agents.enroll_host, None, wire.Enrolled, status=201),
    Operation("POST", "/agents/reports", agents.take_report, None, raw=True),
    Operation("POST", "/agents/{agent_id}/rotate", agents.rotate_key_of, May.WRITE_AGENTS,
              wire.Agent),
    Operation("DELETE", "/agents/{agent_id}", agents.revoke_agent, May.WRITE_AGENTS, status=204),

    Operation("GET", "/report", report.read_report, May.READ_FINDINGS, wire.FleetReport),

    Operation("GET", "/alerts", alerts.list_alerts, May.READ_CHANNELS, Listing[wire.Alert]),
    Operation("GET", "/alerts/{alert_id}", alerts.read_alert, May.READ_CHANNELS, wire.Alert),
    Operation("POST", "/alerts/{alert_id}/mute", alerts.mute_alert, May.DECIDE, wire.Alert),
    Operation("POST", "/alerts/{alert_id}/unmute", alerts.unmute_alert, May.DECIDE, wire.Alert),
    Operation("GET", "/channels", channels.list_channels, May.READ_CHANNELS,
              Listing[wire.Channel]),
    Operation("POST", "/channels/{name}/slack", channels.take_press, None, raw=True),
    Operation("POST", "/channels/{name}/test", channels.test_channel, May.TEST_CHANNELS,
              wire.ChannelTried),

    Operation("GET", "/tokens", tokens.list_tokens, May.READ_TOKENS, Listing[wire.Token]),
    Operation("POST", "/tokens", tokens.create_token, May.WRITE_TOKENS, wire.NewToken, status=201,
              secret_answer=True),
    Operation("DELETE", "/tokens/{token_id}", tokens.remove_token, May.WRITE_TOKENS, status=204,
              conflicts=True),

    Operation("GET", "/whoami", whoami.whoami, May.READ_SELF, wire.WhoAmI),

    Operation("POST", "/reload", settings.reload, May.RELOAD, wire.Reloaded),
)
OPERATIONAL: Final[tuple[Operation, ...]] = (
    Operation("GET", "/healthz", health.healthz, None, wire.Status),
    Operation("GET", "/readyz", health.readyz, None, wire.Status),
    Operation("GET", "/metrics", health.metrics, May.READ_METRICS, media_type="text/plain"),
)
# fmt: on


def all_operations(*, open_metrics: bool = False) -> dict[tuple[str, str], Operation]:
    """Return every operation by method and whole path."""
    found = {(operation.method, PREFIX + operation.path): operation for operation in OPERATIONS}
    found |= {(operation.method, operation.path): operation for operation in OPERATIONAL}
    if open_metrics:
        found["GET", "/metrics"] = replace(found["GET", "/metrics"], open_on_loopback=True)
    return found
